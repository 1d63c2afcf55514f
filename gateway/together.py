"""
Several SELECTs answered by one: for pages that have to read a little from many places.

Each is a subquery of one statement, which answers with a row for every SELECT: its place, and its rows as JSON.
Keep it to what a page shows. All of it is planned in one piece: where that takes more than some ten megabytes, which a
dozen joins of a dozen tables do, the server gives the memory back each time, and that costs more than calls do.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

Select = tuple[str, Mapping[str, Any] | Sequence[Any]]  # a statement and the values that it names


def select_together(selects: Sequence[Select]) -> list[list[tuple[Any, ...]]]:
    """
    Return the rows of each of these SELECTs, in its own order: one query for all of them, none for none.

    Whole numbers, true and false, texts and null come back as they are, a number with decimals
    as Decimal; what JSON has no word for (a day, an instant, a UUID) as text.
    """
    if not selects:
        return []
    parts = (
        f"SELECT {place}, json_agg(r)::text FROM ({_composed(*select)}\n) r" for place, select in enumerate(selects)
    )
    with connection.cursor() as cursor:
        # The text is complete; a wrapper that notes who writes may add values of its own all the same.
        cursor.execute("\nUNION ALL\n".join(parts).replace("%", "%%"), ())
        found = dict(cursor.fetchall())
    return [_rows(found[place]) for place in range(len(selects))]


def rows_together(querysets: Sequence[QuerySet[Any, Any]]) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each of these `values_list`s, as `select_together` does: one query at most."""
    places, selects = [], []
    for place, queryset in enumerate(querysets):
        try:
            select = queryset.query.sql_with_params()
        except EmptyResultSet:  # such as `pk__in=[]`
            continue
        places.append(place)
        selects.append(select)
    found = dict(zip(places, select_together(selects), strict=True))
    return [found.get(place, []) for place in range(len(querysets))]


def _composed(sql: str, parameters: Mapping[str, Any] | Sequence[Any]) -> str:
    return str(connection.ops.compose_sql(sql, parameters))  # type: ignore[attr-defined]  # PostgreSQL's operations have it


def _rows(text: str | None) -> list[tuple[Any, ...]]:
    # Columns are told apart by their place: two may have the same name.
    rows = json.loads(
        text or "[]", parse_float=Decimal, object_pairs_hook=lambda pairs: tuple(value for _, value in pairs)
    )
    return list(rows)
