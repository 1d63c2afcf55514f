"""Sending items through the service that the API, the imports and the demo use."""

import datetime as dt
from typing import Any

from django.apps import apps
from django.db import connection

from gateway import batches
from gateway.collections import BatchResult, ItemOutcome

NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
FACTS = {"crm", "community"}  # apps whose tables hold what clients write


def send(collection: str, *items: object) -> BatchResult:
    """Upsert `items` in one batch at noon on 2026-04-01."""
    return batches.upsert(collection=collection, items=items, now=NOW)


def send_one(collection: str, **item: Any) -> ItemOutcome:
    """Upsert one item and return its outcome; a refusal fails the test with its reasons."""
    [outcome] = send(collection, item).results
    assert not outcome.errors, outcome.errors
    return outcome


def statuses(result: BatchResult) -> list[str]:
    return [outcome.status for outcome in result.results]


def codes(outcome: ItemOutcome) -> list[tuple[str, str]]:
    """The field and code of everything that is wrong with an item."""
    return [(error.field, error.code) for error in outcome.errors]


def row_versions() -> dict[str, list[tuple[object, ...]]]:
    """
    The place and version of every row of every table of the facts and of what hangs on them.

    Two equal answers mean that nothing at all was written between them: no row, no history, no mark.
    """
    tables = [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in FACTS | {"metrics"} and not model._meta.proxy
    ]
    with connection.cursor() as cursor:
        found = {}
        for table in sorted(set(tables)):
            cursor.execute(f'SELECT ctid::text, xmin::text FROM "{table}" ORDER BY ctid')
            found[table] = cursor.fetchall()
    return found
