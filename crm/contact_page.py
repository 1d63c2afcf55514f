"""
What a contact's page says of a person, as plain values: for the admin as for the API.

Who this is (the header), what they bring and what waits (the tiles, which apps register), and what
should happen next (notes and follow-ups). Everything is said of the person, over all their records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import JSONObject

from crm.contact_points import VIEW_ADDRESSES
from crm.extensions import contact_tiles
from crm.follow_ups import open_follow_ups
from crm.models import Company, Consent, Contact, ContactPoint, Conversion, FollowUp, Note
from crm.periods import local_day, organisation_zone
from crm.stages import StageReached, stages_reached
from gateway.history import event_model_of
from gateway.panels import Figure, Link, PermissionCheck, Tile, tiles_for

NOTES_SHOWN = 5  # pinned ones first, then the newest; the timeline has all
NEXT_STEP_ORDER = 50


@dataclass(frozen=True)
class StandingConsent:
    """A consent that was not withdrawn. An empty channel means any."""

    purpose: str
    channel: str
    granted_at: datetime
    source: str


@dataclass(frozen=True, kw_only=True)
class ContactHeader:
    """
    Who a person is. `records` are the ids of all their records, the person's own first.

    `emails`, `phones` and `consents` are None for a reader who may not see them. Of all records, one
    that wishes not to be contacted is enough.
    """

    contact: Contact
    records: Sequence[int]
    company: Company | None
    owner: str
    tags: Sequence[str]
    stages: Sequence[StageReached]
    do_not_contact: bool
    emails: Sequence[str] | None
    phones: Sequence[str] | None
    consents: Sequence[StandingConsent] | None

    @property
    def name(self) -> str:
        return str(self.contact)

    @property
    def known_as(self) -> str:
        """The handles that the person goes by, where they are not the name already."""
        handles = self.contact.known_as
        return handles if handles != self.name else ""


@dataclass(frozen=True, kw_only=True)
class FollowUpLine:
    """An open follow-up, and whether it is overdue today."""

    follow_up: FollowUp
    is_overdue: bool


@dataclass(frozen=True, kw_only=True)
class NextSteps:
    """Open follow-ups, soonest first, and the pinned and newest notes. None where the reader may not see them."""

    follow_ups: Sequence[FollowUpLine] | None
    notes: Sequence[Note] | None


def records_of(pk: int) -> list[Any]:
    """
    Return every record of the person whose record `pk` is, with what hangs on each; one query, empty for none.

    `consents_that_stand`, `addresses` and `recorded_stages` are lists of dictionaries, `first_bought_at` an instant.
    """
    person = Contact.objects.filter(pk=pk).values("person_id")
    consents = Consent.objects.filter(contact=OuterRef("pk"), withdrawn_at=None).order_by("purpose", "pk")
    addresses = ContactPoint.objects.filter(contact=OuterRef("pk")).order_by("pk")
    stages = event_model_of(Contact)._default_manager.filter(pgh_obj=OuterRef("pk")).order_by().values("stage")
    bought = Conversion.objects.filter(contact=OuterRef("pk"), voided_at=None).order_by("occurred_at")
    return list(
        Contact.objects.filter(person_id__in=person)
        .select_related("company", "owner")
        .annotate(
            consents_that_stand=ArraySubquery(
                consents.values(part=JSONObject(**{name: name for name in StandingConsent.__dataclass_fields__}))
            ),
            addresses=ArraySubquery(addresses.values(part=JSONObject(kind="kind", raw="raw", normalised="normalised"))),
            recorded_stages=ArraySubquery(
                stages.annotate(first=Min("pgh_created_at")).values(part=JSONObject(stage="stage", at="first"))
            ),
            first_bought_at=Subquery(bought.values("occurred_at")[:1]),
        )
        .order_by("pk")
    )


def contact_header(records: Sequence[Any], *, may: PermissionCheck, tiles: Sequence[Tile] = ()) -> ContactHeader:
    """Return who the person of these records is. `tiles` that name a stage tell when it was reached."""
    contact = next(record for record in records if record.merged_into_id is None)
    consents = None
    if may("crm.view_consent"):
        consents = [
            StandingConsent(**{**consent, "granted_at": datetime.fromisoformat(consent["granted_at"])})
            for record in records
            for consent in record.consents_that_stand
        ]
    return ContactHeader(
        contact=contact,
        records=[contact.pk, *(record.pk for record in records if record.pk != contact.pk)],
        company=contact.company,
        owner=(contact.owner.get_full_name() or contact.owner.get_username()) if contact.owner else "",
        tags=contact.tags,
        stages=stages_reached(_stages(records, tiles, may=may), upto=contact.stage),
        do_not_contact=any(record.do_not_contact for record in records),
        emails=_addresses(records, ContactPoint.Kind.EMAIL) if may(VIEW_ADDRESSES) else None,
        phones=_addresses(records, ContactPoint.Kind.PHONE) if may(VIEW_ADDRESSES) else None,
        consents=consents,
    )


def _stages(records: Sequence[Any], tiles: Sequence[Tile], *, may: PermissionCheck) -> list[StageReached]:
    known = [
        StageReached(row["stage"], datetime.fromisoformat(row["at"]), "on record")
        for record in records
        for row in record.recorded_stages
    ]
    if may("crm.view_conversion"):
        known += [
            StageReached(Contact.Stage.CUSTOMER, record.first_bought_at, "first conversion")
            for record in records
            if record.first_bought_at
        ]
    return known + [
        StageReached(tile.stage, tile.figure.value, tile.because)
        for tile in tiles
        if tile.stage and isinstance(tile.figure.value, datetime)
    ]


def _addresses(records: Sequence[Any], kind: str) -> list[str]:
    """Return the addresses of one kind in the order of arrival, each once."""
    found: dict[str, str] = {}
    for record in records:
        for address in record.addresses:
            if address["kind"] == kind:
                found.setdefault(address["normalised"], address["raw"])
    return list(found.values())


def next_steps(records: Sequence[int], *, may: PermissionCheck, now: datetime) -> NextSteps:
    """Return what should happen next with a person, and what to know for it; two queries."""
    today = local_day(now, organisation_zone())
    follow_ups = notes = None
    if may("crm.view_followup"):
        found = open_follow_ups(FollowUp.objects.filter(contact__in=records)).select_related("assigned_to")
        follow_ups = [FollowUpLine(follow_up=task, is_overdue=task.due_on < today) for task in found]
    if may("crm.view_note"):
        newest = Note.objects.filter(contact__in=records).select_related("author")
        notes = list(newest.order_by("-is_pinned", "-written_at", "-pk")[:NOTES_SHOWN])
    return NextSteps(follow_ups=follow_ups, notes=notes)


def contact_tiles_of(person: int, steps: NextSteps, *, may: PermissionCheck, now: datetime) -> list[Tile]:
    """Return the registered tiles in their order, and what should happen next as the last of them."""
    tiles = tiles_for(contact_tiles, instance_id=person, may=may, now=now)
    if steps.follow_ups is not None:
        tiles.append(Tile(key="next_step", order=NEXT_STEP_ORDER, figure=_next_step(steps.follow_ups)))
    return sorted(tiles, key=lambda tile: (tile.order, tile.key))


def _next_step(lines: Sequence[FollowUpLine]) -> Figure:
    if not lines:
        return Figure(label="Next step", value=None, unit="day", note="Nothing is planned")
    first = lines[0]
    late = "Overdue: " if first.is_overdue else ""
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return Figure(
        label="Next step",
        value=first.follow_up.due_on,
        unit="day",
        note=f"{late}{first.follow_up.what}{more}",
        link=Link(page="admin:crm_followup_change", args=(first.follow_up.pk,)),
    )


def overdue_of(user_id: int, *, today: date, most: int) -> list[FollowUp]:
    """Return at most `most` of the user's open follow-ups that were due before today, longest overdue first."""
    found = open_follow_ups(assigned_to_id=user_id, before=today).select_related("contact__person")
    return list(found[:most])
