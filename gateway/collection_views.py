"""
The four views of every collection: its list, one record, a batch, and what can be done to a record.

They translate: parameters and bodies in, one call of the resource (reading) or the collection
(writing), the answer out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pydantic
from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from rest_framework.request import Request

from gateway import batches
from gateway.answers import JsonAnswer
from gateway.collections import BatchResult, FieldError, ItemOutcome, Status
from gateway.items import StorableText, absent_leaves
from gateway.operations import Operation, Parameter
from gateway.paging import next_address
from gateway.payload import BATCH_LIMIT, read_items, read_model, read_object
from gateway.problems import InputError, InvalidInput
from gateway.resources import Act, ListQuery, Resource, page_of
from gateway.views import ApiView


class ReasonBody(pydantic.BaseModel):
    """Why something is voided, retracted or restored."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    reason: StorableText = pydantic.Field("", max_length=255)


class CollectionView(ApiView):
    """Base of the views below; `resource` says of which collection."""

    resource: Resource = None  # type: ignore[assignment]  # set by as_view(resource=…)

    @property
    def read_scope(self) -> str:
        return f"{self.resource.key}:read"

    @property
    def write_scope(self) -> str:
        return f"{self.resource.key}:write"

    def moved(self, pk: int) -> HttpResponse | None:
        """Return the redirect to the survivor when `pk` was merged away, keeping the method."""
        successor = self.resource.successor_id(pk)
        if successor is None:
            return None
        location = reverse(f"{self.resource.key}-detail", args=[successor])
        return HttpResponse(status=308, headers={"Location": location})


class CollectionList(CollectionView):
    """All records of a collection, and creating one."""

    @cached_property
    def operations(self) -> Mapping[str, Operation]:  # type: ignore[override]
        resource = self.resource
        orderings = [f"{sign}{name}" for name in resource.orderings for sign in ("", "-")]
        return {
            "GET": Operation(
                scope=self.read_scope,
                summary=f"List {resource.key}",
                description=(type(resource).__doc__ or "").strip(),
                query=ListQuery,
                parameters=[
                    Parameter("ordering", {"type": "string", "enum": orderings}, "By what the records are ordered."),
                    *resource.filters.parameters(),
                ],
                answers={200: page_of(resource)},
            ),
            "POST": Operation(
                scope=self.write_scope,
                summary=f"Create a {resource.noun}, or update the one with the same key",
                body=resource.collection.item,
                answers={200: resource.record, 201: resource.record},
            ),
        }

    def get(self, request: Request) -> HttpResponse:
        page = self.resource.page(request.query_params, self.query(request, ListQuery), may=self.may)
        answer: dict[str, Any] = {
            "results": page.results,
            "next": next_address(request, page.next_cursor),
        }
        if page.count is not None:
            answer["count"] = page.count.model_dump()
        if page.go_on_from is not None:
            answer["go_on_from"] = page.go_on_from
        return JsonAnswer(answer)

    def post(self, request: Request) -> HttpResponse:
        result = self.resource.collection.upsert([read_object(request)], now=timezone.now(), may=self.may)
        outcome = result.results[0]
        record = self.resource.one(_row_of(outcome), may=self.may)
        location = reverse(f"{self.resource.key}-detail", args=[outcome.id])
        return JsonAnswer(record, status=201 if outcome.status == "created" else 200, headers={"Location": location})


class CollectionDetail(CollectionView):
    """One record: reading, changing and removing it."""

    @cached_property
    def operations(self) -> Mapping[str, Operation]:  # type: ignore[override]
        resource = self.resource
        return {
            "GET": Operation(scope=self.read_scope, summary=f"Read a {resource.noun}", answers={200: resource.record}),
            "PATCH": Operation(
                scope=self.write_scope,
                summary=f"Change some fields of a {resource.noun}",
                description="The fields of an item without its key: absent leaves, null clears, a list replaces.",
                body=changes_of(resource),
                answers={200: resource.record},
            ),
            "DELETE": Operation(scope=self.write_scope, summary=f"Remove a {resource.noun}", answers={204: None}),
        }

    def get(self, request: Request, pk: int) -> HttpResponse:
        return self.moved(pk) or JsonAnswer(self.resource.one(pk, may=self.may))

    def patch(self, request: Request, pk: int) -> HttpResponse:
        moved = self.moved(pk)
        if moved:
            return moved
        outcome = self.resource.collection.patch(pk, read_object(request), now=timezone.now(), may=self.may)
        return JsonAnswer(self.resource.one(_row_of(outcome), may=self.may))

    def delete(self, request: Request, pk: int) -> HttpResponse:
        moved = self.moved(pk)
        if moved:
            return moved
        self.resource.collection.remove(pk, now=timezone.now())
        return HttpResponse(status=204)


class CollectionBatch(CollectionView):
    """Many items at once, one outcome each."""

    @cached_property
    def operations(self) -> Mapping[str, Operation]:  # type: ignore[override]
        return {
            "POST": Operation(
                scope=self.write_scope,
                summary=f"Create or update up to {BATCH_LIMIT:,} {self.resource.key}",
                description="One outcome per item, in order. A bad item spoils nothing else; "
                "the same batch again answers `unchanged` and changes nothing.",
                body=batch_of(self.resource),
                answers={200: BatchAnswer},
            )
        }

    def post(self, request: Request) -> HttpResponse:
        items = read_items(request)
        result = batches.upsert(collection=self.resource.key, items=items, now=timezone.now(), may=self.may)
        return JsonAnswer(_batch_answer(result))


class CollectionAct(CollectionView):
    """Voiding, retracting or restoring a record."""

    act: Act = None  # type: ignore[assignment]  # set by as_view(act=…)

    @cached_property
    def operations(self) -> Mapping[str, Operation]:  # type: ignore[override]
        return {
            "POST": Operation(
                scope=self.write_scope,
                summary=self.act.summary,
                body=ReasonBody,
                answers={200: self.resource.record},
            )
        }

    def post(self, request: Request, pk: int) -> HttpResponse:
        body = read_model(request, ReasonBody)
        self.act.perform(pk, reason=body.reason, now=timezone.now())
        return JsonAnswer(self.resource.one(pk, may=self.may))


@cache
def changes_of(resource: Resource) -> type[pydantic.BaseModel]:
    """Return the shape of a change, for the documentation: an item in which every field may be absent."""
    item = resource.collection.item
    return pydantic.create_model(
        f"{item.__name__}Changes",
        __config__=pydantic.ConfigDict(extra="forbid", json_schema_extra=absent_leaves),
        **{name: (field.annotation, None) for name, field in item.model_fields.items()},  # type: ignore[call-overload]
    )


@cache
def batch_of(resource: Resource) -> type[pydantic.BaseModel]:
    """Return the shape of a batch of items, for the documentation."""
    item = resource.collection.item
    return pydantic.create_model(
        f"{item.__name__}Batch",
        __config__=pydantic.ConfigDict(extra="forbid"),
        items=(list[item], pydantic.Field(max_length=BATCH_LIMIT)),  # type: ignore[valid-type]
    )


def resource_paths(resource: Resource) -> list[URLPattern]:
    """Return the addresses of a collection: `contacts/`, `contacts/batch/upsert`, `contacts/{id}/` and its acts."""
    key = resource.key
    batch = CollectionBatch.as_view(resource=resource)
    return [
        path(f"{key}/", CollectionList.as_view(resource=resource), name=f"{key}-list"),
        path(f"{key}/batch/upsert", batch, name=f"{key}-batch-upsert"),
        path(f"{key}/<int:pk>/", CollectionDetail.as_view(resource=resource), name=f"{key}-detail"),
        *(
            path(
                f"{key}/<int:pk>/{act.name}/",
                CollectionAct.as_view(resource=resource, act=act),
                name=f"{key}-{act.name}",
            )
            for act in resource.acts
        ),
    ]


@dataclass
class ItemAnswer:
    """The outcome of one item. `id` is there unless it failed, `errors` only when it did."""

    index: int
    status: Status
    id: int | None = None
    stale: bool = False
    errors: list[FieldError] | None = None


@dataclass
class BatchAnswer:
    """The outcomes of a batch, in the order of its items."""

    created: int
    updated: int
    unchanged: int
    failed: int
    results: list[ItemAnswer]


def _batch_answer(result: BatchResult) -> dict[str, object]:
    return {
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "failed": result.failed,
        "results": [_item_answer(outcome) for outcome in result.results],
    }


def _item_answer(outcome: ItemOutcome) -> dict[str, object]:
    answer: dict[str, object] = {"index": outcome.index, "status": outcome.status}
    if outcome.status == "failed":
        answer["errors"] = outcome.errors
    else:
        answer["id"] = outcome.id
    if outcome.stale:
        answer["stale"] = True
    return answer


def _row_of(outcome: ItemOutcome) -> int:
    """Return the id of the row that now stands. Raises `InvalidInput` for a failed outcome."""
    if outcome.id is None:
        raise InvalidInput([InputError(error.code, error.message, field=error.field) for error in outcome.errors])
    return outcome.id
