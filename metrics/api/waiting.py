"""What waits over HTTP, and what can be done about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

import pydantic
from django.contrib.auth import get_user_model
from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from community import handling
from community.interaction_kinds import asking_kinds, asking_staff_kinds
from community.models import Handling
from community.private_texts import READ_PRIVATE
from community.waiting import business_seconds_waiting, search_asks, waiting
from crm.models import Contact
from crm.money import in_reporting_currency
from gateway.answers import JsonAnswer
from gateway.items import Moment, StorableText
from gateway.operations import Operation
from gateway.paging import PageQuery, next_address, read_page
from gateway.payload import read_model
from gateway.views import ApiView
from metrics.api.records import Shape
from metrics.reports.people import VIEW_VALUE, brought_minor

AskingKind = Literal[tuple(sorted([*asking_kinds(), *asking_staff_kinds()]))]  # type: ignore[valid-type]


class WaitingQuery(PageQuery):
    """The query parameters of the queue."""

    channel: StorableText | None = pydantic.Field(None, max_length=50, description="Is on the channel of this slug.")
    kind: AskingKind | None = pydantic.Field(None, description="Is of this kind.")  # type: ignore[valid-type]
    assignee: StorableText | None = pydantic.Field(
        None, max_length=150, description="Is taken care of by the user of this name."
    )
    is_assigned: bool | None = pydantic.Field(None, description="Somebody takes care of it, or nobody.")
    search: StorableText | None = pydantic.Field(
        None,
        max_length=200,
        description="Each of these words stands in what was said, or in a name or handle of who asked. What was said "
        "in private is searched for keys with `private-interactions:read`.",
    )


class WaitingRecord(Shape):
    """
    An interaction that waits for a reply. `text` is null when it is private and the key may not read that.

    `revenue` and `revenue_credited` are what the person brought so far, in the reporting currency; null where nobody
    knows who asked, and for a key without `credits:read`.
    """

    id: int
    channel: str
    external_id: str
    kind: str
    occurred_at: datetime
    contact_id: int | None
    contact_name: str | None
    text: str | None
    is_private: bool
    thread_id: int | None
    waiting_seconds: int
    business_seconds: int
    reply_target_minutes: int | None
    assignee: str | None
    revenue: str | None
    revenue_credited: str | None


class WaitingPage(Shape):
    results: list[WaitingRecord]
    next: str | None = pydantic.Field(description="The address of the next page; null at the end.")


class WaitingList(ApiView):
    """The queue, the oldest first."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="waiting:read",
            summary="List what waits for a reply, the oldest first",
            description="Without what is snoozed or needs no reply. What expects a reply and what is one: glossary, "
            "under Ask and Reply.",
            query=WaitingQuery,
            answers={200: WaitingPage},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        asked, now = self.query(request, WaitingQuery), timezone.now()
        rows: Any = waiting(now=now)
        if asked.channel is not None:
            rows = rows.filter(channel__slug=asked.channel)
        if asked.kind is not None:
            rows = rows.filter(kind=asked.kind)
        if asked.assignee is not None:
            rows = rows.filter(handling__assignee__username=asked.assignee)
        if asked.is_assigned is not None:
            rows = rows.filter(handling__assignee__isnull=not asked.is_assigned)
        if asked.search is not None:
            rows = search_asks(rows, asked.search, may=self.may)
        columns: dict[str, Any] = {
            "id": F("pk"),
            "channel": F("channel__slug"),
            "external_id": F("external_id"),
            "kind": F("kind"),
            "occurred_at": F("occurred_at"),
            "contact_id": F("member__contact__person_id"),
            "contact_name": Contact.called("member__contact__person__"),
            "text": F("text"),
            "is_private": F("is_private"),
            "thread_id": F("thread_id"),
            "business_seconds": business_seconds_waiting(now=now),
            "reply_target_minutes": F("channel__reply_target_minutes"),
            "assignee": F("handling__assignee__username"),
            "revenue": brought_minor("revenue_minor", person="member__contact__person_id"),
            "revenue_credited": brought_minor("credited_minor", person="member__contact__person_id"),
        }
        page = read_page(
            rows,
            list(columns.values()),
            query=asked,
            ordering="occurred_at",
            orderings=["occurred_at"],
        )
        may_read_private, may_see_money = self.may(READ_PRIVATE), self.may(VIEW_VALUE)
        results = [
            _record(
                dict(zip(columns, row, strict=True)),
                now=now,
                may_read_private=may_read_private,
                may_see_money=may_see_money,
            )
            for row in page.rows
        ]
        return JsonAnswer({"results": results, "next": next_address(request, page.next_cursor)})


def _record(row: dict[str, Any], *, now: datetime, may_read_private: bool, may_see_money: bool) -> dict[str, Any]:
    for name in ("revenue", "revenue_credited"):
        is_shown = may_see_money and row[name] is not None
        row[name] = in_reporting_currency(row[name]) if is_shown else None
    return {
        **row,
        "contact_name": row["contact_name"] or None,
        "text": row["text"] if may_read_private or not row["is_private"] else None,
        "waiting_seconds": int((now - row["occurred_at"]).total_seconds()),
        "business_seconds": int(row["business_seconds"]),
    }


class UserBody(Shape):
    user: StorableText = pydantic.Field(max_length=150, description="The user's name.")


class SnoozeBody(Shape):
    until: Moment


class DismissBody(Shape):
    reason: StorableText = pydantic.Field(max_length=255, description="Why it needs no reply.")


class HandlingRecord(Shape):
    """How the interaction is handled now."""

    id: int
    assignee: str | None
    assigned_at: datetime | None
    snoozed_until: datetime | None
    dismissed_at: datetime | None
    dismiss_reason: str


def _act(summary: str, body: type[pydantic.BaseModel] | None = None) -> Mapping[str, Operation]:
    return {
        "POST": Operation(scope="waiting:write", summary=summary, body=body, answers={200: HandlingRecord}),
    }


class ActView(ApiView):
    """Base of what is done with one interaction: do it, answer how it is handled now."""

    def post(self, request: Request, pk: int) -> HttpResponse:
        operation = self.operations["POST"]
        given = read_model(request, operation.body) if operation.body else None
        self.perform(pk, given, now=timezone.now())
        return JsonAnswer(_handled(pk))

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        """Do it. Raises the refusals of `community.handling`."""
        raise NotImplementedError


def _handled(pk: int) -> dict[str, Any]:
    names = ("assigned_at", "snoozed_until", "dismissed_at", "dismiss_reason")
    row = Handling.objects.values(*names, assignee_name=F("assignee__username")).get(interaction_id=pk)
    return {"id": pk, "assignee": row.pop("assignee_name"), **row}


def _user(username: str) -> int:
    pk = get_user_model().objects.filter(username=username, is_active=True).values_list("pk", flat=True).first()
    if pk is None:
        raise handling.UnknownUser(f"There is no user '{username}', or they no longer work here.")
    return pk


class Claim(ActView):
    operations = _act("Let a user take care of it, unless somebody else does: then 409", UserBody)

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.claim([pk], user_id=_user(given.user), now=now)


class Assign(ActView):
    operations = _act("Let a user take care of it, whoever did before", UserBody)

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.assign([pk], user_id=_user(given.user), now=now)


class Release(ActView):
    operations = _act("Let nobody take care of it")

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.release([pk])


class Snooze(ActView):
    operations = _act("Take it out of the queue until then, or until the person writes again", SnoozeBody)

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.snooze([pk], until=given.until, now=now)


class Wake(ActView):
    operations = _act("Put what was snoozed back into the queue")

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.wake([pk])


class Dismiss(ActView):
    operations = _act("Say that it needs no reply, and why", DismissBody)

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.dismiss([pk], reason=given.reason, user_id=None, now=now)


class Restore(ActView):
    operations = _act("Let it wait again")

    def perform(self, pk: int, given: Any, *, now: datetime) -> None:
        handling.restore([pk])
