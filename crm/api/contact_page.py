"""The page of a contact as data: the same header, tiles, panels and timeline that staff see."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

import pydantic
from django.http import Http404, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from rest_framework.request import Request

from crm.contact_page import (
    ContactHeader,
    NextSteps,
    OpenFollowUp,
    ShownNote,
    contact_header,
    contact_tiles_of,
    next_steps,
    records_of,
)
from crm.extensions import contact_panels
from crm.models import Contact
from crm.timeline.entry import Entry
from crm.timeline.reading import asked_of, read_timeline
from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.paging import PageQuery, next_address
from gateway.panel_records import (
    FigureRecord,
    NamedRecord,
    PanelRecord,
    TableRecord,
    TileRecord,
    figure_as_json,
    named,
    panels_as_json,
    tables_as_json,
)
from gateway.panels import Tile, panels_for
from gateway.views import ApiView

Json = dict[str, Any]
SCOPE = "contacts:read"
ONLY_WITH_SCOPES = (
    "What a key may not see is left out or null: addresses need `addresses:read`, notes `notes:read`, follow-ups "
    "`follow-ups:read`, interactions `interactions:read` (and what was said in private "
    "`private-interactions:read`), help `help-records:read`, conversions `conversions:read`, accounts "
    "`members:read`, money and credits `credits:read`. A contact that was merged answers 308 to the one that goes on."
)


class _Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")


class StageRecord(_Shape):
    """Since when the person is at a stage, and how that is known."""

    stage: str
    at: datetime
    because: str


class CompanyName(_Shape):
    id: int
    name: str


class StandingConsentRecord(_Shape):
    """A consent that was not withdrawn; an empty channel means any."""

    purpose: str
    channel: str
    granted_at: datetime
    source: str


class OpenFollowUpRecord(_Shape):
    id: int
    what: str
    due_on: date
    is_overdue: bool
    assigned_to: str | None


class ShownNoteRecord(_Shape):
    id: int
    text: str
    is_pinned: bool
    written_at: datetime
    author: str | None


class OverviewRecord(_Shape):
    """
    Who a person is, what they bring, what waits and what should happen next, over all their records.

    `record_ids` are the contacts that make up the person, their own first. Of consents only those that
    stand are here, of follow-ups the open ones, of notes the pinned and the newest.
    """

    id: int
    record_ids: list[int]
    name: str
    full_name: str
    preferred_name: str
    known_as: str
    stage: str
    stages: list[StageRecord]
    days_to_convert: int | None
    company: CompanyName | None
    owner: str | None
    tags: list[str]
    do_not_contact: bool
    motivation: str | None
    language: str
    country: str
    birth_year: int | None
    time_zone: str
    emails: list[str] | None
    phones: list[str] | None
    consents: list[StandingConsentRecord] | None
    tiles: list[TileRecord]
    follow_ups: list[OpenFollowUpRecord] | None
    notes: list[ShownNoteRecord] | None
    panels: list[PanelRecord]


class ChangeRecord(_Shape):
    """One field's step; `before` null: nothing was known."""

    field: str
    before: Any
    after: Any


class EntryRecord(_Shape):
    """
    One thing that happened with a person.

    `record` is the row it comes from. `is_own` says that the person did it. `text` of what is private
    reads "Private." for a key that may not read it, and `is_hidden` is true. `standing` is empty for
    what counts, else why not: voided, retracted, deleted, withdrawn. `amount` is in `currency`,
    negative for a refund. `tables` hold the credits of a conversion under every attribution model.
    """

    id: str
    source: str
    kind: str
    title: str
    occurred_at: datetime
    record: NamedRecord | None
    actor: str
    is_own: bool
    addressee: str
    channel: str
    text: str
    is_hidden: bool
    amount: str | None
    currency: str
    figures: list[FigureRecord]
    changes: list[ChangeRecord]
    tables: list[TableRecord]
    standing: str
    reason: str


class TimelineRecord(_Shape):
    """A page of the timeline, newest first; `next` is the address of the older entries, null at the end."""

    results: list[EntryRecord]
    next: str | None


class TimelineQuery(PageQuery):
    """What of a timeline is asked for."""

    kind: Annotated[str, pydantic.Field(min_length=1, description="Only entries of this kind.")] = ""
    channel: Annotated[
        str, pydantic.Field(min_length=1, description="Only what happened on the channel of this slug.")
    ] = ""
    limit: Annotated[int, pydantic.Field(ge=1, le=200, description="How many entries a page holds.")] = 50


class ContactPageView(ApiView):
    """Base of the views below: finds the person, or the way to them."""

    name: ClassVar[str]

    def moved(self, request: Request, contact: Contact) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        location = reverse(self.name, args=[contact.person_id]) + (f"?{query}" if query else "")
        return HttpResponse(status=308, headers={"Location": location})


class ContactOverview(ContactPageView):
    """What the page of a contact shows beside its timeline."""

    name = "contacts-overview"
    operations: Mapping[str, Operation] = {
        "GET": Operation(
            scope=SCOPE,
            summary="Read the overview of a person",
            description=ONLY_WITH_SCOPES,
            answers={200: OverviewRecord},
        )
    }

    def get(self, request: Request, pk: int) -> HttpResponse:
        may, now = self.may, timezone.now()
        records = records_of(pk)
        if not records:
            raise Http404
        contact = next(record for record in records if record.pk == pk)
        if contact.merged_into_id is not None:
            return self.moved(request, contact)
        steps = next_steps(records, may=may, now=now)
        tiles = contact_tiles_of(pk, steps, may=may, now=now)
        header = contact_header(records, may=may, tiles=tiles)
        panels = panels_for(contact_panels, instance_id=pk, may=may, now=now)
        return JsonAnswer(
            {**_header(header), **_steps(steps), "tiles": _tiles(tiles), "panels": panels_as_json(panels)}
        )


class ContactTimeline(ContactPageView):
    """What happened with a person."""

    name = "contacts-timeline"
    operations: Mapping[str, Operation] = {
        "GET": Operation(
            scope=SCOPE,
            summary="Read the timeline of a person",
            description=ONLY_WITH_SCOPES,
            query=TimelineQuery,
            answers={200: TimelineRecord},
        )
    }

    def get(self, request: Request, pk: int) -> HttpResponse:
        contact = Contact.objects.filter(pk=pk).first()
        if contact is None:
            raise Http404
        if contact.merged_into_id is not None:
            return self.moved(request, contact)
        query = self.query(request, TimelineQuery)
        asked = asked_of(
            pk,
            may=self.may,
            now=timezone.now(),
            kind=query.kind,
            channel=query.channel,
        )
        page = read_timeline(asked, cursor=query.cursor, limit=query.limit)
        return JsonAnswer(
            {"results": [_entry(entry) for entry in page.entries], "next": next_address(request, page.next_cursor)}
        )


def _header(header: ContactHeader) -> Json:
    contact = header.contact
    plain = (
        "full_name",
        "preferred_name",
        "known_as",
        "language",
        "country",
        "birth_year",
        "time_zone",
    )
    return {
        "id": contact.pk,
        "record_ids": header.records,
        "name": header.name,
        **{name: getattr(contact, name) for name in plain},
        "stage": header.stage,
        "motivation": header.motivation,
        "stages": header.stages,
        "days_to_convert": header.days_to_convert,
        "company": header.company and {"id": header.company.pk, "name": str(header.company)},
        "owner": contact.owner and contact.owner.get_username(),
        "tags": header.tags,
        "do_not_contact": header.do_not_contact,
        "emails": header.emails,
        "phones": header.phones,
        "consents": header.consents,
    }


def _steps(steps: NextSteps) -> Json:
    return {"follow_ups": _with_usernames(steps.follow_ups), "notes": _with_usernames(steps.notes)}


def _with_usernames(steps: Sequence[OpenFollowUp] | Sequence[ShownNote] | None) -> list[Json] | None:
    """Return follow-ups or notes as `OpenFollowUpRecord` and `ShownNoteRecord` describe them."""
    if steps is None:
        return None
    return [
        {name: value["username"] if isinstance(value, dict) else value for name, value in asdict(step).items()}
        for step in steps
    ]


def _tiles(tiles: list[Tile]) -> list[Json]:
    return [{"key": tile.key, **figure_as_json(tile.figure)} for tile in tiles]


def _entry(entry: Entry) -> Json:
    plain = ("source", "kind", "title", "occurred_at", "actor", "is_own", "addressee", "channel", "text", "is_hidden")
    return {
        "id": f"{entry.source}:{entry.id}",
        **{name: getattr(entry, name) for name in plain},
        "record": named(entry.link),
        "amount": entry.amount,
        "currency": entry.currency,
        "figures": [figure_as_json(figure) for figure in entry.figures],
        "changes": [
            {"field": change.label, "before": change.before, "after": change.after} for change in entry.changes
        ],
        "tables": tables_as_json(entry.tables),
        "standing": entry.standing,
        "reason": entry.reason,
    }


contact_page_paths: list[URLPattern] = [
    path(f"contacts/<int:pk>/{part}/", view.as_view(), name=view.name)
    for part, view in (("overview", ContactOverview), ("timeline", ContactTimeline))
]
