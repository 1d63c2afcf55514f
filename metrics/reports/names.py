"""What rows are called: codes, names, purposes, accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from community.models import Channel, Community, Member
from crm.models import Campaign, Contact
from metrics.reports.query import Scope
from metrics.reports.report import Account


@dataclass(frozen=True)
class Name:
    """A row's code and name; for a community also its purpose, the purpose's measure and the target."""

    code: str
    name: str
    purpose: str = ""
    measure: str = ""
    target: Decimal | None = None


def every_key(scope: Scope) -> list[int]:
    """
    Return the ids that have a row even without figures: what is not archived. One query; none for people.

    A campaign or channel that earned nothing and cost nothing is a finding, not an absence.
    """
    if scope == "campaigns":
        return list(Campaign.objects.exclude(status=Campaign.Status.ARCHIVED).values_list("pk", flat=True))
    if scope == "channels":
        return list(Channel.objects.filter(archived_at=None).values_list("pk", flat=True))
    if scope == "communities":
        return list(Community.objects.filter(archived_at=None).values_list("pk", flat=True))
    return []


def names_of(scope: Scope, keys: Sequence[int | date]) -> dict[int | date, Name]:
    """Return what each row is called, in one query (none for months)."""
    ids = [key for key in keys if isinstance(key, int)]
    if scope == "campaigns":
        campaigns = Campaign.objects.filter(pk__in=ids).values_list("pk", "code", "name")
        return {pk: Name(code, name or code) for pk, code, name in campaigns}
    if scope == "channels":
        channels = Channel.objects.filter(pk__in=ids).values_list("pk", "slug", "name")
        return {pk: Name(slug, name) for pk, slug, name in channels}
    if scope == "communities":
        fields = ("pk", "slug", "name", "purpose", "purpose_measure", "target")
        return {pk: Name(*rest) for pk, *rest in Community.objects.filter(pk__in=ids).values_list(*fields)}
    if scope == "members":
        called = dict(Contact.objects.filter(pk__in=ids).values_list("pk", Contact.called()))
        return {pk: Name("", called.get(pk) or f"Contact {pk}") for pk in ids}
    return {month: Name(f"{month:%Y-%m}", f"{month:%B %Y}") for month in keys if isinstance(month, date)}


def accounts_of(people: Sequence[int]) -> dict[int, tuple[Account, ...]]:
    """Return the accounts of each person, over all merged contacts, by channel and id. One query."""
    accounts: dict[int | None, list[Account]] = {}
    members = (
        Member.objects.filter(contact__person__in=people)
        .order_by("channel__slug", "pk")
        .values_list("contact__person_id", "pk", "channel__slug", "external_id", "handle")
    )
    for person, pk, channel, external_id, handle in members:
        accounts.setdefault(person, []).append(Account(pk, channel, external_id, handle))
    return {person: tuple(found) for person, found in accounts.items() if person is not None}
