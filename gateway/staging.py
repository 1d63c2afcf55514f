"""Bringing many rows into the database at once: COPY into a temporary table, or straight into a real one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Literal

from django.db import connection
from django.db.models.expressions import RawSQL

_numbers = count()


def copy_into(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` straight into `table`: for new rows that nobody else can be writing."""
    with connection.cursor() as cursor:
        _copy(cursor, f"{table} ({', '.join(columns)})", rows)


def _copy(cursor: Any, target: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.wrap_database_errors, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def staged(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """COPY `rows` into a temporary table of these columns (name → type) for the length of the block; yield its name."""
    name = f"staged_{next(_numbers)}"
    with connection.cursor() as cursor:
        definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT DROP")
        _copy(cursor, name, rows)
        yield name
        cursor.execute(f"DROP TABLE {name}")


def id_array(ids: Iterable[int]) -> str:
    """Return ids as the text of an array, because psycopg writes arrays element by element in Python."""
    return "{" + ",".join(map(str, ids)) + "}"


def any_of(ids: Iterable[int], *, kind: Literal["bigint", "text"] = "bigint") -> RawSQL:
    """Return what to look for ids in (`pk__in=any_of(…)`), as many as there may be: they are one value of the query."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [id_array(ids)])
