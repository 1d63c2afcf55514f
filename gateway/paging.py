"""
Paging by cursor: each page begins after the last row of the one before.

A page costs the same however deep it is, and rows that are written meanwhile move nothing: no row
that stays is given twice or left out. There is no total unless asked for, since counting a large
table takes longer than everything else.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import orjson
import pydantic
from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest

from gateway.changes import everything_shows_before
from gateway.problems import InputError, InvalidInput

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
COUNTED_EXACTLY_UP_TO = 100_000  # rows; an index scan over so many takes a few milliseconds


class PageQuery(pydantic.BaseModel):
    """The query parameters that every list with a cursor takes."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit: Annotated[int, pydantic.Field(ge=1, le=MAX_LIMIT, description="How many records a page holds.")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None, pydantic.Field(description="Where the page begins: taken from `next` of the page before.")
    ] = None


class Count(pydantic.BaseModel):
    """How many records match. Above 100,000 the database's estimate is given instead of an exact count."""

    value: int
    is_exact: bool


@dataclass(frozen=True)
class Page:
    """
    Rows of one page, the cursor of the next one (None at the end), and the count where it was asked for.

    `go_on_from`, of lists of changes: what to ask for after the last page. The first page finds it, and cursors carry
    it on.
    """

    rows: list[tuple[Any, ...]]
    next_cursor: str | None
    count: Count | None
    go_on_from: datetime | None = None


def read_page(
    queryset: models.QuerySet[Any],
    columns: Sequence[str | Combinable],
    *,
    query: PageQuery,
    ordering: str = "id",
    orderings: Sequence[str],
    count: bool = False,
    changes: bool = False,
) -> Page:
    """
    Return one page of `columns` of `queryset`, in one query, plus one or two when the count is asked for, plus one for
    the first page of `changes`.

    It goes by `ordering`, which a minus sign turns round, and ties go by id. `orderings` are the fields to order by:
    indexed together with id, and never null.
    Raises `InvalidInput` for an ordering that is not among them and for a cursor of another list.
    """
    field = ordering.removeprefix("-")
    if field not in orderings:
        known = ", ".join(f"{name}, -{name}" for name in orderings)
        message = f"The list cannot be ordered by '{ordering}'. Known: {known}."
        raise InvalidInput([InputError("unknown_ordering", message, parameter="ordering")])
    descending = ordering.startswith("-")
    key = [field, "id"] if field != "id" else ["id"]

    rows = queryset.order_by(*(f"-{name}" if descending else name for name in key))
    made_for = [queryset.model._meta.label_lower, ordering]
    go_on_from = None
    if query.cursor is not None:
        fields = [queryset.model._meta.get_field(name) for name in key]
        after = _decode(query.cursor, made_for, [*fields, models.DateTimeField()] if changes else fields)
        if changes:
            go_on_from = after.pop()
        compare = TupleLessThan if descending else TupleGreaterThan
        if len(key) == 1:
            rows = rows.filter(**{f"id__{'lt' if descending else 'gt'}": after[0]})
        else:
            rows = rows.filter(compare(Tuple(*(models.F(name) for name in key)), after))
    elif changes:
        go_on_from = everything_shows_before()  # first: what ends between this and the rows is among the rows
    found = list(rows.values_list(*columns, *key)[: query.limit + 1])
    next_cursor = None
    if len(found) > query.limit:
        found.pop()
        carried = [go_on_from] if changes else []
        next_cursor = _encode(made_for, [*found[-1][-len(key) :], *carried])
    return Page(
        rows=[row[: -len(key)] for row in found],
        next_cursor=next_cursor,
        count=count_rows(queryset) if count else None,
        go_on_from=go_on_from,
    )


def count_rows(queryset: models.QuerySet[Any]) -> Count:
    """Return how many rows `queryset` has: exact up to 100,000, from there on what the planner expects."""
    some = queryset.order_by().values("pk")[: COUNTED_EXACTLY_UP_TO + 1]
    counted = some.count()
    if counted <= COUNTED_EXACTLY_UP_TO:
        return Count(value=counted, is_exact=True)
    plan = orjson.loads(queryset.order_by().values("pk").explain(format="json"))
    return Count(value=max(int(plan[0]["Plan"]["Plan Rows"]), counted), is_exact=False)


def next_address(request: HttpRequest, cursor: str | None) -> str | None:
    """Return the whole address of the next page: this request's own, with the cursor. None at the end."""
    if cursor is None:
        return None
    query = request.GET.copy()
    query["cursor"] = cursor
    query.pop("count", None)  # once is enough
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _encode(made_for: Sequence[str], values: Sequence[object]) -> str:
    packed = orjson.dumps([*made_for, *values], default=str)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _decode(cursor: str, made_for: Sequence[str], fields: Sequence["models.Field[Any, Any]"]) -> list[Any]:
    try:
        packed = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(packed, list) or packed[: len(made_for)] != made_for:
            raise ValueError("made for another list")
        return [_value_of(field, text) for field, text in zip(fields, packed[len(made_for) :], strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error):
        message = "This cursor does not belong to this list and ordering. Take it from 'next' of the page before."
        raise InvalidInput([InputError("invalid_cursor", message, parameter="cursor")]) from None


def _value_of(field: "models.Field[Any, Any]", packed: object) -> Any:
    match field:
        case models.DateTimeField() if isinstance(packed, str):
            instant = datetime.fromisoformat(packed)
            if instant.tzinfo is None:
                raise ValueError("a naive time")
            return instant.astimezone(UTC)  # the day before the first, or after the last, is none
        case models.DateField() if isinstance(packed, str):
            return date.fromisoformat(packed)
        case models.IntegerField() if type(packed) is int and -(2**63) <= packed < 2**63:
            return packed
        case models.CharField() if isinstance(packed, str) and "\0" not in packed:
            return packed
    raise ValueError("not a value of this column")
