"""How reports read the database: plain SQL, one snapshot for a whole report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """
    Let every query of the block see the same moment of the database.

    A recompute may commit while a report is being read; with one snapshot the report is wholly
    before or wholly after it, so its sums hold. Inside a transaction that is open already, the
    isolation can no longer be chosen and stays the caller's.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def select(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one SELECT and return its rows. `parameters` may hold more than the statement names."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
