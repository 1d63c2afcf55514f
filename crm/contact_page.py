"""
What a contact's page says of a person, as plain values: for the admin as for the API.

Who this is (the header), what they bring and what waits (the tiles, which apps register), and what
should happen next (notes and follow-ups). Everything is said of the person, over all their records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import JSONObject, Now

from crm.extensions import contact_tiles
from crm.follow_ups import open_follow_ups
from crm.models import Company, Consent, Contact, ContactPoint, Conversion, FollowUp, Note
from crm.motivation import consent_to_motivation, motivation_shown
from crm.periods import local_day, organisation_zone
from crm.permissions import VIEW_ADDRESSES
from crm.stages import StageReached, stage_now, stages_reached, what_makes_customers
from gateway.history import event_model_of
from gateway.panels import Figure, Link, PermissionCheck, Tile, tiles_for
from gateway.users import name_of_user, user_called

NOTES_SHOWN = 5  # pinned ones first, then the newest; the timeline has all
NEXT_STEP_ORDER = 50
FIRST_CONVERSION = "first conversion"


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
    that wishes not to be contacted is enough. `days_to_convert` are the whole days from the first touch to the first
    conversion that stands; None where either is not known, or may not be, or the conversion came first. `stage` is the
    person's: later than the record's where they bought something. `motivation` is None where the person does not agree
    that it is shown.
    """

    contact: Contact
    stage: Contact.Stage
    motivation: str | None
    records: Sequence[int]
    company: Company | None
    owner: str
    tags: Sequence[str]
    stages: Sequence[StageReached]
    days_to_convert: int | None
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

    @property
    def consent_to_motivation(self) -> str:
        """The purpose to agree to, for `motivation` to be shown."""
        return consent_to_motivation()


@dataclass(frozen=True)
class Colleague:
    """A user, and what they are called."""

    username: str
    name: str


@dataclass(frozen=True, kw_only=True)
class OpenFollowUp:
    """Something still to be done; overdue from the day after `due_on`. Nobody may have taken it on."""

    id: int
    what: str
    due_on: date
    is_overdue: bool
    assigned_to: Colleague | None


@dataclass(frozen=True, kw_only=True)
class ShownNote:
    """A note; the author is None where a client sent it or their login is gone."""

    id: int
    text: str
    is_pinned: bool
    written_at: datetime
    author: Colleague | None


@dataclass(frozen=True, kw_only=True)
class NextSteps:
    """Open follow-ups, soonest first, and the pinned and newest notes. None where the reader may not see them."""

    follow_ups: Sequence[OpenFollowUp] | None
    notes: Sequence[ShownNote] | None


def records_of(pk: int) -> list[Any]:
    """
    Return every record of the person whose record `pk` is, with what hangs on each; one query, empty for none.

    `consents_that_stand`, `addresses`, `recorded_stages`, `planned` and `noted` are lists of dictionaries, the last
    one of the notes that may be shown; `first_converted_at` and `first_bought_at` are instants, the latter of what
    makes a customer.
    """
    person = Contact.objects.filter(pk=pk).values("person_id")
    consents = Consent.objects.filter(contact=OuterRef("pk")).standing(now=Now()).order_by("purpose", "pk")
    addresses = ContactPoint.objects.filter(contact=OuterRef("pk")).order_by("pk")
    stages = event_model_of(Contact)._default_manager.filter(pgh_obj=OuterRef("pk")).order_by().values("stage")
    converted = Conversion.objects.filter(contact=OuterRef("pk"), voided_at=None).order_by("occurred_at")
    bought = what_makes_customers().filter(contact=OuterRef("pk")).order_by("occurred_at")
    planned = open_follow_ups(FollowUp.objects.filter(contact=OuterRef("pk")))
    noted = Note.objects.filter(contact=OuterRef("pk")).order_by("-is_pinned", "-written_at", "-pk")
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
            planned=ArraySubquery(
                planned.values(
                    part=JSONObject(id="pk", what="what", due_on="due_on", assigned_to=_user_as_json("assigned_to"))
                )
            ),
            noted=ArraySubquery(
                noted.values(
                    part=JSONObject(
                        id="pk",
                        text="text",
                        is_pinned="is_pinned",
                        written_at="written_at",
                        author=_user_as_json("author"),
                    )
                )[:NOTES_SHOWN]
            ),
            first_converted_at=Subquery(converted.values("occurred_at")[:1]),
            first_bought_at=Subquery(bought.values("occurred_at")[:1]),
            stage_now=stage_now(),
            motivation_shown=motivation_shown(),
        )
        .order_by("pk")
    )


def _user_as_json(column: str) -> JSONObject:
    return JSONObject(username=f"{column}__username", name=user_called(f"{column}__"))


def _colleague(user: Mapping[str, str | None]) -> Colleague | None:
    username, name = user["username"], user["name"]
    return Colleague(username, name) if username and name else None


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
        stage=Contact.Stage(contact.stage_now),
        motivation=contact.motivation_shown,
        records=[contact.pk, *(record.pk for record in records if record.pk != contact.pk)],
        company=contact.company,
        owner=name_of_user(contact.owner),
        tags=contact.tags,
        stages=_stages(records, tiles, upto=contact.stage_now, may=may),
        days_to_convert=_days_to_convert(records, tiles, may=may),
        do_not_contact=any(record.do_not_contact for record in records),
        emails=_addresses(records, ContactPoint.Kind.EMAIL) if may(VIEW_ADDRESSES) else None,
        phones=_addresses(records, ContactPoint.Kind.PHONE) if may(VIEW_ADDRESSES) else None,
        consents=consents,
    )


def _stages(records: Sequence[Any], tiles: Sequence[Tile], *, upto: str, may: PermissionCheck) -> list[StageReached]:
    """
    Return the stages and since when; the first conversion is not told to a reader who may not see it.

    Nor is a date that it proves wrong, such as the day on which a source wrote down who had long been a customer.
    """
    known = [
        StageReached(row["stage"], datetime.fromisoformat(row["at"]), "on record")
        for record in records
        for row in record.recorded_stages
    ]
    known += [
        StageReached(Contact.Stage.CUSTOMER, record.first_bought_at, FIRST_CONVERSION)
        for record in records
        if record.first_bought_at
    ]
    known += [
        StageReached(tile.stage, tile.figure.value, tile.because)
        for tile in tiles
        if tile.stage and isinstance(tile.figure.value, datetime)
    ]
    is_told = may("crm.view_conversion")
    return [reached for reached in stages_reached(known, upto=upto) if is_told or reached.because != FIRST_CONVERSION]


def _days_to_convert(records: Sequence[Any], tiles: Sequence[Tile], *, may: PermissionCheck) -> int | None:
    came = [
        tile.figure.value
        for tile in tiles
        if tile.stage == Contact.Stage.AUDIENCE and isinstance(tile.figure.value, datetime)
    ]
    converted = [record.first_converted_at for record in records if record.first_converted_at]
    if not (came and converted and may("crm.view_conversion")):
        return None
    taken = min(converted) - min(came)
    return taken.days if taken >= timedelta(0) else None


def _addresses(records: Sequence[Any], kind: str) -> list[str]:
    """Return the addresses of one kind in the order of arrival, each once."""
    found: dict[str, str] = {}
    for record in records:
        for address in record.addresses:
            if address["kind"] == kind:
                found.setdefault(address["normalised"], address["raw"])
    return list(found.values())


def next_steps(records: Sequence[Any], *, may: PermissionCheck, now: datetime) -> NextSteps:
    """Return what should happen next with the person of these records, and what to know for it."""
    today = local_day(now, organisation_zone())
    follow_ups = notes = None
    if may("crm.view_followup"):
        planned = [_follow_up(row, today) for record in records for row in record.planned]
        follow_ups = sorted(planned, key=lambda task: (task.due_on, task.id))
    if may("crm.view_note"):
        noted = [_note(row) for record in records for row in record.noted]
        notes = sorted(noted, key=lambda note: (note.is_pinned, note.written_at, note.id), reverse=True)[:NOTES_SHOWN]
    return NextSteps(follow_ups=follow_ups, notes=notes)


def _follow_up(row: Mapping[str, Any], today: date) -> OpenFollowUp:
    due_on = date.fromisoformat(row["due_on"])
    return OpenFollowUp(
        id=row["id"],
        what=row["what"],
        due_on=due_on,
        is_overdue=due_on < today,
        assigned_to=_colleague(row["assigned_to"]),
    )


def _note(row: Mapping[str, Any]) -> ShownNote:
    return ShownNote(
        id=row["id"],
        text=row["text"],
        is_pinned=row["is_pinned"],
        written_at=datetime.fromisoformat(row["written_at"]),
        author=_colleague(row["author"]),
    )


def contact_tiles_of(person: int, steps: NextSteps, *, may: PermissionCheck, now: datetime) -> list[Tile]:
    """Return the registered tiles in their order, and what should happen next as the last of them."""
    tiles = tiles_for(contact_tiles, instance_id=person, may=may, now=now)
    if steps.follow_ups is not None:
        tiles.append(Tile(key="next_step", order=NEXT_STEP_ORDER, figure=_next_step(steps.follow_ups)))
    return sorted(tiles, key=lambda tile: (tile.order, tile.key))


def _next_step(planned: Sequence[OpenFollowUp]) -> Figure:
    if not planned:
        return Figure(label="Next step", value=None, unit="day", note="Nothing is planned")
    first = planned[0]
    late = "Overdue: " if first.is_overdue else ""
    more = f" (and {len(planned) - 1} more)" if len(planned) > 1 else ""
    return Figure(
        label="Next step",
        value=first.due_on,
        unit="day",
        note=f"{late}{first.what}{more}",
        link=Link(page="admin:crm_followup_change", args=(first.id,)),
    )
