"""
Audiences: whom we may write to or call, for a purpose, and at which address.

Every path that hands out addresses for use outside goes through `contactable`. It leaves out people who wish not
to be contacted, people without a consent to the purpose that holds now, erased ones and those without an address.
A wish or a withdrawal on any record of a person counts for the person.
"""

import csv
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from crm.models import Consent, Contact, ContactPoint
from gateway.spreadsheets import escape_formula
from jobs.models import Job

logger = logging.getLogger(__name__)

Channel = Literal["email", "phone"]

HEADER = ("contact_id", "full_name", "preferred_name", "address", "language", "company", "purpose", "consent_since")
CHUNK = 2_000  # rows read at once
JOB_KIND = "export_audience"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """
    How many people of a choice can be contacted, and why the others cannot; each is counted once, by the first reason.
    """

    chosen: int
    contactable: int
    do_not_contact: int
    without_consent: int
    without_address: int


def contactable(contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime) -> QuerySet[Contact]:
    """
    Return the people among `contacts` who may be contacted for `purpose` by `channel`, one row per person.

    Merged records stand for their person. Each row carries `address`, the oldest of its kind, and `consent_since`.
    """
    people = _people(contacts)
    standing = _standing_consents(purpose=purpose, channel=channel, now=now).order_by("granted_at", "pk")
    addresses = ContactPoint.objects.filter(contact__person=OuterRef("pk"), kind=channel)
    return people.filter(~Exists(_unwilling()), Exists(standing), Exists(addresses)).annotate(
        address=Subquery(addresses.order_by("pk").values("raw")[:1]),
        consent_since=Subquery(standing.values("granted_at")[:1]),
    )


def reach(contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime) -> Reach:
    """Return how many of `contacts`, as people, can be contacted, and what keeps the others out. Four queries."""
    people = _people(contacts)
    willing = people.filter(~Exists(_unwilling()))
    consenting = willing.filter(Exists(_standing_consents(purpose=purpose, channel=channel, now=now)))
    chosen, kept, agreed = people.count(), willing.count(), consenting.count()
    found = contactable(contacts, purpose=purpose, channel=channel, now=now).count()
    return Reach(
        chosen=chosen,
        contactable=found,
        do_not_contact=chosen - kept,
        without_consent=kept - agreed,
        without_address=agreed - found,
    )


def hand_out(
    contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime, user_id: int | None, through: str
) -> Iterator[str]:
    """
    Return the lines of `audience_csv` for somebody who takes them away, and write down that they did.

    Who, when, for what, by which way and how many people stay among the jobs, whether or not the file arrives whole.
    """
    people = contactable(contacts, purpose=purpose, channel=channel, now=now).count()
    job = Job.objects.create(
        kind=JOB_KIND,
        state=Job.State.SUCCEEDED,
        parameters={"purpose": purpose, "channel": channel},
        done=people,
        total=people,
        unit="people",
        requested_by_id=user_id,
        requested_through=through,
        started_at=now,
        finished_at=now,
    )
    logger.info("Job %s: user %s took the addresses of %s people.", job.pk, user_id, people)
    return audience_csv(contacts, purpose=purpose, channel=channel, now=now)


def audience_csv(contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime) -> Iterator[str]:
    """Yield the lines of a CSV of those who may be contacted: addresses once, no cell that a spreadsheet would run."""
    lines = csv.writer(_Echo())
    yield "\ufeff" + lines.writerow(HEADER)
    rows = (
        contactable(contacts, purpose=purpose, channel=channel, now=now)
        .order_by("pk")
        .annotate(company_name=F("company__name"))
        .values_list(
            "pk", "full_name", "preferred_name", "address", "language", "company_name", "consent_since", named=True
        )
    )
    for row in rows.iterator(chunk_size=CHUNK):
        cells = (
            str(row.pk),
            row.full_name,
            row.preferred_name,
            row.address,
            row.language,
            row.company_name or "",
            purpose,
            row.consent_since.isoformat(),
        )
        yield lines.writerow([escape_formula(cell) for cell in cells])


def known_purposes() -> Sequence[str]:
    """Return the purposes for which anybody ever consented, sorted."""
    return list(Consent.objects.order_by("purpose").values_list("purpose", flat=True).distinct())


def _people(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    return Contact.objects.filter(pk__in=contacts.order_by().values("person_id"))


def _unwilling() -> QuerySet[Contact]:
    """Records of the person that say no, or that are a pseudonym."""
    return Contact.objects.filter(Q(do_not_contact=True) | Q(erased_at__isnull=False), person=OuterRef("pk"))


def _standing_consents(*, purpose: str, channel: Channel, now: datetime) -> QuerySet[Consent]:
    """Consents of the person to the purpose by this channel or by any, granted and not taken back."""
    given = Consent.objects.filter(contact__person=OuterRef("pk"), purpose=purpose)
    return given.standing(now=now, channel=channel)


class _Echo:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line
