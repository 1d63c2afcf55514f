"""Bringing rows into the database at once: many by COPY into a temporary or a real table, few within the statement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, count, islice
from typing import Any, Literal

import orjson
from django.db import connection
from django.db.models.expressions import RawSQL
from psycopg.adapt import PyFormat, Transformer

FEW = 20  # rows

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
    """
    Make `rows` of these columns (name → type) a source for statements within the block: yield what to select from.

    It needs an alias: `FROM {source} s`. Many rows come by COPY into a temporary table. Few stand in the statement
    itself: to make and drop a table takes ten times as long as reading one row, and swells the catalog.
    """
    rows = iter(rows)
    first = list(islice(rows, FEW + 1))
    if len(first) <= FEW:
        yield _in_place(columns, first)
        return
    name = f"staged_{next(_numbers)}"
    with connection.cursor() as cursor:
        definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT DROP")
        _copy(cursor, name, chain(first, rows))
        yield name
        cursor.execute(f"DROP TABLE {name}")


def _in_place(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> str:
    """
    Return `rows` as SQL, with every value in the same text that COPY would send.

    What means something in SQL or to the driver is escaped as JSON has it, so the text is the same with parameters
    beside it and without.
    """
    with connection.wrap_database_errors:
        transformer = Transformer(connection.connection)

        def text_of(value: Any, kind: str) -> Any:
            if value is None:
                return None
            text = transformer.get_dumper(value, PyFormat.TEXT).dump(value)
            if text is None:
                return None
            return orjson.Fragment(bytes(text)) if kind in ("json", "jsonb") else bytes(text).decode()

        records = [
            {column: text_of(value, kind) for (column, kind), value in zip(columns.items(), row, strict=True)}
            for row in rows
        ]
    content = orjson.dumps(records).decode().replace("'", r"\u0027").replace("%", r"\u0025")
    definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"(SELECT * FROM json_to_recordset('{content}') AS given ({definition}))"


def id_array(ids: Iterable[int]) -> str:
    """Return ids as the text of an array, because psycopg writes arrays element by element in Python."""
    return "{" + ",".join(map(str, ids)) + "}"


def any_of(ids: Iterable[int], *, kind: Literal["bigint", "text"] = "bigint") -> RawSQL:
    """Return what to look for ids in (`pk__in=any_of(…)`), as many as there may be: they are one value of the query."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [id_array(ids)])
