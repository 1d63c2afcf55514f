"""Merging contacts over the API: look at what a merge would do, do it, take it apart."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

import pydantic
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from crm.merging import Unmerged, merge, unmerge
from crm.merging.preview import Parts, SideBySide, preview
from crm.motivation import taken_over_shown
from gateway.answers import JsonAnswer
from gateway.items import Id, StorableText
from gateway.operations import Operation
from gateway.panel_records import PanelRecord, panels_as_json
from gateway.payload import read_model
from gateway.views import ApiView

SCOPE = "contacts:merge"


class Shape(pydantic.BaseModel):
    """Base of what comes in and goes out here."""

    model_config = pydantic.ConfigDict(extra="forbid")


class MergeBody(Shape):
    """
    Whom to merge with the contact of the address, and whose value each field has from now on.

    `fields` maps the keys of the preview to `survivor`, `loser` or `both`; what it leaves out goes by the
    preview's default.
    """

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    loser: Id
    fields: dict[str, Literal["survivor", "loser", "both"]] = pydantic.Field(default_factory=dict, max_length=500)
    reason: StorableText = pydantic.Field("", max_length=255)


class UnmergeBody(Shape):
    """`are_different`: also remember that they are different people, and never suggest them again."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    are_different: bool = False


class NothingBody(Shape):
    """Nothing has to be said."""


class MergeRecord(Shape):
    """A merge. `taken_over` holds each value of the survivor that the merge decided, before and after."""

    id: int
    survivor: int
    loser: int
    merged_at: datetime
    rule: str = pydantic.Field(description="The rule that merged them; empty: a person or a client did.")
    reason: str
    taken_over: dict[str, dict[str, Any]]


class RestoredRecord(Shape):
    field: str
    value: Any
    becomes: Any


class KeptRecord(Shape):
    field: str
    value: Any
    why: str


class SharedWish(Shape):
    wish: Literal["do_not_contact", "consent_withdrawn"]
    purpose: str
    channel: str
    at: datetime


class UnmergeRecord(Shape):
    """
    What went back on the survivor, and what stays there because it was decided since.

    `wishes` is what staff noted while the two were one, and stays with both: `do_not_contact`, or the purpose of a
    consent that was withdrawn.
    """

    survivor: int
    loser: int
    restored: list[RestoredRecord]
    kept: list[KeptRecord]
    wishes: list[SharedWish]


class SideRecord(Shape):
    id: int
    name: str
    stage: str


class FieldRecord(Shape):
    key: str
    label: str
    survivor: str
    loser: str
    choices: list[str]
    default: str
    is_conflict: bool


class PreviewRecord(Shape):
    """
    Both records side by side, and what merging them would do.

    `stage` is the one that they are at together, unless another is chosen. `parts` are what comes together and how
    figures change, as far as the key may see it.
    """

    survivor: SideRecord
    loser: SideRecord
    stage: str
    fields: list[FieldRecord]
    parts: list[PanelRecord]


# `with` is a word of Python's, so the model is made by a call.
PreviewQuery = pydantic.create_model(
    "PreviewQuery",
    __config__=pydantic.ConfigDict(extra="forbid"),
    **{"with": (Id, pydantic.Field(description="The id of the contact to be merged into this one."))},  # type: ignore[call-overload]
)


class ContactMerge(ApiView):
    """Merging two contacts."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "POST": Operation(
            scope=SCOPE,
            summary="Merge another contact into this one",
            description="Both stand for their persons: a merged contact leads to its survivor. No fact is moved or "
            "rewritten, and the merge can be taken apart.",
            body=MergeBody,
            answers={200: MergeRecord},
        )
    }

    def post(self, request: Request, pk: int) -> HttpResponse:
        body = read_model(request, MergeBody)
        done = merge(survivor_id=pk, loser_id=body.loser, fields=body.fields, reason=body.reason, now=timezone.now())
        return JsonAnswer(
            {
                "id": done.pk,
                "survivor": done.survivor_id,
                "loser": done.loser_id,
                "merged_at": done.merged_at,
                "rule": done.rule,
                "reason": done.reason,
                "taken_over": taken_over_shown(done),
            }
        )


class ContactUnmerge(ApiView):
    """Taking a merge apart."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "POST": Operation(
            scope=SCOPE,
            summary="Take a merged contact out of its survivor again",
            description="The address is that of the merged contact itself. Values of the survivor that still hold "
            "what the merge gave them go back; later edits stay and are listed.",
            body=UnmergeBody,
            answers={200: UnmergeRecord},
        )
    }

    def post(self, request: Request, pk: int) -> HttpResponse:
        body = read_model(request, UnmergeBody)
        done = unmerge(loser_id=pk, are_different=body.are_different, now=timezone.now())
        return JsonAnswer(
            {
                "survivor": done.survivor.pk,
                "loser": done.loser.pk,
                "restored": [
                    {"field": step.path, "value": step.value, "becomes": step.becomes} for step in done.restored
                ],
                "kept": [{"field": kept.path, "value": kept.value, "why": kept.why} for kept in done.kept],
                "wishes": [*_wishes_of_both(done)],
            }
        )


def _wishes_of_both(done: Unmerged) -> Iterator[dict[str, Any]]:
    if done.wish_noted_at is not None:
        yield {"wish": "do_not_contact", "purpose": "", "channel": "", "at": done.wish_noted_at}
    for consent in done.withdrawals:
        yield {
            "wish": "consent_withdrawn",
            "purpose": consent.purpose,
            "channel": consent.channel,
            "at": consent.withdrawn_at,
        }


class ContactMergePreview(ApiView):
    """What a merge would do."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope=SCOPE,
            summary="Look at what merging another contact into this one would do",
            description="Nothing is changed. Parts are shown by the key's scopes: `members:read` for accounts, "
            "`credits:read` for how figures change.",
            query=PreviewQuery,
            answers={200: PreviewRecord},
        )
    }

    def get(self, request: Request, pk: int) -> HttpResponse:
        other = getattr(self.query(request, PreviewQuery), "with")
        return JsonAnswer(_laid_out(*preview(pk, other, may=self.may, now=timezone.now())))


def _laid_out(pair: SideBySide, parts: Parts) -> dict[str, Any]:
    return {
        **{
            side: {"id": contact.pk, "name": str(contact), "stage": stage}
            for side, contact, stage in (
                ("survivor", pair.survivor, pair.survivor_stage),
                ("loser", pair.loser, pair.loser_stage),
            )
        },
        "stage": pair.stage,
        "fields": [{name: getattr(field, name) for name in FieldRecord.model_fields} for field in pair.fields],
        "parts": panels_as_json(parts),
    }
