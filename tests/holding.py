"""Holding a row from outside, so that whoever needs it waits in the middle of its work and can be killed there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

SECONDS = 60.0  # after this the work that a test waits for stands still


@contextmanager
def held(table: str, pk: int) -> Iterator[None]:
    """Hold a row in a connection of its own until the end of the block."""
    address = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    with psycopg.connect(**{name: address[name] for name in names if address.get(name)}) as other:
        other.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [pk])
        yield


def somebody_waits() -> bool:
    """Whether any session of this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # in a transaction every look would see what the first saw
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def wait_until(condition: Callable[[], object], *, ring: Callable[[], object] = lambda: None) -> None:
    """Wait for `condition`; before each look `ring`, as beat does every minute."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the work stands still"
        ring()
        time.sleep(0.25)
