"""
Audiences: whom we may write to or call, for a purpose, and at which address.

Every path that hands out addresses for use outside goes through `contactable`. It leaves out people who wish not
to be contacted, people without a consent to the purpose that holds now, erased ones and those without an address.
A wish or a withdrawal on any record of a person counts for the person, and for whoever has one of their addresses of
the kind that is asked for: two records with one address are mostly one person, joined or not. Each address is given
once.
"""

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import RowNumber

from crm.models import Consent, Contact, ContactPoint
from gateway.spreadsheets import escape_formula
from jobs.models import Job

logger = logging.getLogger(__name__)

Channel = Literal["email", "phone"]

HEADER = ("contact_id", "full_name", "preferred_name", "address", "language", "company", "purpose", "consent_since")
CHUNK = 2_000  # rows read at once
JOB_KIND = "export_audience"

# Consents of whoever shares an address of the kind with a person by whom, on any record, they were taken back since.
_WITHDRAWN_ELSEWHERE = """
    SELECT given.id
    FROM crm_consent withdrawn
    JOIN crm_contact who ON who.id = withdrawn.contact_id
    JOIN crm_contact record ON record.person_id = who.person_id
    JOIN crm_contactpoint address ON address.contact_id = record.id AND address.kind = %s
    JOIN crm_contactpoint same ON same.normalised = address.normalised AND same.kind = address.kind
    JOIN crm_contact other ON other.id = same.contact_id
    JOIN crm_contact their_record ON their_record.person_id = other.person_id
    JOIN crm_consent given ON given.contact_id = their_record.id AND given.purpose = withdrawn.purpose
    WHERE withdrawn.purpose = %s AND withdrawn.channel IN ('', %s)
        AND withdrawn.withdrawn_at <= %s AND withdrawn.withdrawn_at >= given.granted_at
"""


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
    unwilling_address: int  # somebody with the same address wishes no contact, or has withdrawn the consent since
    same_address: int  # the address is in the list already


def contactable(contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime) -> QuerySet[Contact]:
    """
    Return the people among `contacts` who may be contacted for `purpose` by `channel`, one row per person and address.

    Merged records stand for their person. Each row carries `address`, the oldest of its kind, and `consent_since`. Of
    people with the same oldest address, only the one known first is there.
    """
    asked: Mapping[str, Any] = {"purpose": purpose, "channel": channel, "now": now}
    standing = _not_withdrawn_elsewhere(_standing_consents(**asked), **asked)
    addresses = _addresses(channel)
    oldest = addresses.order_by("pk")
    people = _people(contacts).filter(~Exists(_unwilling()), Exists(standing), Exists(addresses))
    return (
        people.filter(~_unwilling_elsewhere(channel))
        .annotate(
            address=Subquery(oldest.values("raw")[:1]),
            consent_since=Subquery(standing.order_by("granted_at", "pk").values("granted_at")[:1]),
            place=Window(RowNumber(), partition_by=Subquery(oldest.values("normalised")[:1]), order_by="pk"),
        )
        .filter(place=1)
    )


def reach(contacts: QuerySet[Contact], *, purpose: str, channel: Channel, now: datetime) -> Reach:
    """Return how many of `contacts`, as people, can be contacted, and what keeps the others out. Six queries."""
    asked: Mapping[str, Any] = {"purpose": purpose, "channel": channel, "now": now}
    people = _people(contacts)
    willing = people.filter(~Exists(_unwilling()))
    standing = _standing_consents(**asked)
    consenting = willing.filter(Exists(standing))
    reachable = consenting.filter(Exists(_addresses(channel)))
    agreed_to = Exists(_not_withdrawn_elsewhere(standing, **asked))
    unopposed = reachable.filter(~_unwilling_elsewhere(channel), agreed_to)
    counted = [people.count(), *(rest.count() for rest in (willing, consenting, reachable, unopposed))]
    chosen, kept, agreed, reached, left = counted
    found = contactable(contacts, **asked).count()
    return Reach(
        chosen=chosen,
        contactable=found,
        do_not_contact=chosen - kept,
        without_consent=kept - agreed,
        without_address=agreed - reached,
        unwilling_address=reached - left,
        same_address=left - found,
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


def _addresses(channel: Channel) -> QuerySet[ContactPoint]:
    """Addresses of the person by which this channel goes."""
    return ContactPoint.objects.filter(contact__person=OuterRef("pk"), kind=channel)


def _unwilling_elsewhere(channel: Channel) -> Q:
    """People one of whose addresses somebody has too who wishes not to be contacted: found once, for all of them."""
    unwilling = Contact.objects.filter(do_not_contact=True, erased_at=None).values("person")
    points = ContactPoint.objects.filter(kind=channel)
    theirs = points.filter(contact__person__in=unwilling).values("normalised")
    return Q(pk__in=points.filter(normalised__in=theirs).values("contact__person"))


def _not_withdrawn_elsewhere(
    consents: QuerySet[Consent], *, purpose: str, channel: Channel, now: datetime
) -> QuerySet[Consent]:
    """Keep what nobody who has one of the person's addresses too has taken back since: found once, for all of them."""
    return consents.exclude(pk__in=RawSQL(_WITHDRAWN_ELSEWHERE, (channel, purpose, channel, now)))


class _Echo:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line
