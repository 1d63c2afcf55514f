"""
Writing many rows of one table in a fixed number of statements.

Rows are staged (staging.py) and go from there into the real table: INSERT for the new ones,
compare first and UPDATE only what differs for the others. So the same batch twice writes not one row
version. A column that a row does not give keeps what is stored at the moment of writing, not at the
moment of reading: two clients who change different fields of a row at once both get their way.

Order keeps concurrent writers apart: every batch creates rows in the order of their keys and locks
existing ones in the order of their ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol

import orjson
from django.db import connection, models
from psycopg.types.json import Jsonb

from gateway.staging import id_array, staged

Key = tuple[Any, ...]
Change = Literal["updated", "unchanged", "stale", "frozen"]


class LostRace(Exception):
    """Somebody else created one of the rows meanwhile: try the batch again, it will be found now."""


@dataclass(slots=True)
class Row:
    """
    What is to be written of one row: `values` by column, only the given ones.

    `pk` is the row's id, reserved beforehand for one that is new. `said_at` is the source's time.
    """

    pk: int
    key: Key
    values: dict[str, Any]
    said_at: datetime | None = None


class Parts(Protocol):
    """Rows of another table that are parts of the rows being changed, such as the addresses of contacts."""

    def differing(self) -> set[int]:
        """Return the ids of the rows whose parts differ from what is given."""

    def write(self, ids: Sequence[int]) -> None:
        """Bring the parts of these rows, which are locked, to what is given."""


@dataclass
class Table:
    """
    How rows of one model are found, created and changed.

    `key`: the columns that a row is known by. `case_blind`: the key is compared without regard to
    case. `on_set` and `on_keep` replace the SQL of a column that is given or not given on a row that
    exists; they speak of the stored row as `t` and of the staged one as `s`. `beside` joins to the staged
    row what `on_set` needs from elsewhere, and is left out of statements that need none of it. A row for
    which `frozen` holds is never changed. `derived` columns are computed anew when a row is changed, from
    others written in braces.
    """

    model: type[models.Model]
    key: Sequence[str]
    case_blind: bool = False
    on_set: Mapping[str, str] = field(default_factory=dict)
    on_keep: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""
    frozen: str = "false"
    derived: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        return self.model._meta.db_table

    @cached_property
    def fields(self) -> dict[str, models.Field[Any, Any]]:
        return {field.column or field.name: field for field in self.model._meta.concrete_fields}

    @cached_property
    def types(self) -> dict[str, str]:
        types = {
            column: field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
            for column, field in self.fields.items()
        }
        return {column: _plain(kind) for column, kind in types.items()}

    @cached_property
    def is_synced(self) -> bool:
        return "source_updated_at" in self.fields

    @cached_property
    def json_columns(self) -> frozenset[str]:
        return frozenset(column for column, field in self.fields.items() if isinstance(field, models.JSONField))

    @cached_property
    def empty(self) -> dict[str, Any]:
        """What null stores in each column: null where it may be, else the empty value of its type."""
        return {
            column: None
            if field.null
            else Jsonb(field.get_default())
            if column in self.json_columns
            else field.get_default()
            for column, field in self.fields.items()
        }

    def columns(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return `facts`, already named like columns, as what is to be stored: null becomes what clears the column."""
        empty = self.empty
        values = {column: empty[column] if value is None else value for column, value in facts.items()}
        for column in self.json_columns & facts.keys():
            if facts[column] is not None:
                values[column] = Jsonb(facts[column])
        return values

    def locate(self, keys: Iterable[Key], *, also: Sequence[str] = ()) -> dict[Key, tuple[Any, ...]]:
        """Return (id, *also) of the rows with these keys; keys without a row are left out. One query."""
        keys = list(keys)
        if not keys:
            return {}
        wrap = "lower({})" if self.case_blind else "{}"
        matches = " AND ".join(
            f"{wrap.format(f't.{column}')} = {wrap.format(f'(k.value ->> {position})::{self.types[column]}')}"
            for position, column in enumerate(self.key)
        )
        wanted = "".join(f", t.{column}" for column in also)
        with connection.cursor() as cursor:
            # JSON, because psycopg writes arrays element by element in Python.
            cursor.execute(
                "SELECT k.ordinality, t.* FROM json_array_elements(%s::json) WITH ORDINALITY AS k(value)"
                f" {_one_by_one(f'SELECT t.id{wanted} FROM {self.name} t WHERE {matches}')} t",
                [orjson.dumps(keys).decode()],
            )
            return {keys[n - 1]: tuple(found) for n, *found in cursor.fetchall()}

    def reserve(self, number: int) -> list[int]:
        """Return ids for `number` new rows."""
        if not number:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass)) FROM generate_series(1, %s)",
                [self.name, number],
            )
            return [pk for (pk,) in cursor.fetchall()]

    def insert(self, rows: Sequence[Row]) -> None:
        """
        Create `rows` under their reserved ids, in the order of their keys. At most one COPY, one INSERT.

        Raises `LostRace` when one of the keys exists by now.
        """
        if not rows:
            return
        given = self._given(rows)
        synced = ["source_updated_at"] if self.is_synced else []
        columns = ["id", *self.key, *synced, *given]
        empty = {column: self.empty[column] for column in given}

        def lines() -> Iterator[list[Any]]:
            for row in sorted(rows, key=self._place):
                said_at = [row.said_at] if synced else []
                yield [row.pk, *row.key, *said_at, *(empty | row.values).values()]

        with (
            staged({column: self.types[column] for column in columns}, lines()) as source,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO {self.name} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {source} s"
                " ON CONFLICT DO NOTHING"
            )
            if cursor.rowcount < len(rows):
                raise LostRace(self.name)

    def change(
        self,
        rows: Sequence[Row],
        *,
        parts: Parts | None = None,
        beyond: Collection[int] = (),
        beforehand: Callable[[Sequence[int]], None] = lambda ids: None,
    ) -> dict[int, Change]:
        """
        Bring existing rows, and the parts that hang on them, to what is given and return what happened, by id.

        `beyond` are rows that count as changed by what was written of them elsewhere. `beforehand` is told which rows
        differ before any of them is locked: the place for what everybody locks earlier. Compare, lock what differs in
        the order of ids, update: at most one COPY and three statements.
        """
        if not rows:
            beforehand([])
            return {}
        given = self._given(rows)
        partly = [column for column in given if any(column not in row.values for row in rows)]
        nothing = dict.fromkeys(given)
        columns = {"pk": "bigint", "said_at": "timestamptz"}
        columns |= {column: self.types[column] for column in given}
        columns |= {f"{column}__given": "boolean" for column in partly}

        def lines() -> Iterator[list[Any]]:
            for row in rows:
                values = row.values
                yield [row.pk, row.said_at, *(nothing | values).values(), *[column in values for column in partly]]

        becomes = {column: self.on_set.get(column, f"s.{column}") for column in given}
        for column in partly:
            kept = self.on_keep.get(column, f"t.{column}")
            becomes[column] = f"CASE WHEN s.{column}__given THEN {becomes[column]} ELSE {kept} END"
        becomes |= {column: kept for column, kept in self.on_keep.items() if column not in given}
        becomes["source_updated_at"] = "COALESCE(s.said_at, t.source_updated_at)"
        differs = (
            f"ROW({', '.join(becomes.values())}) IS DISTINCT FROM ROW({', '.join(f't.{column}' for column in becomes)})"
        )
        stale = "COALESCE(s.said_at < t.source_updated_at, false)"
        beside = self.beside if self.on_set.keys() & set(given) else ""
        with staged(columns, lines()) as source, connection.cursor() as cursor:
            stored = _one_by_one(f"SELECT * FROM {self.name} t WHERE t.id = s.pk")
            cursor.execute(f"SELECT t.id, {stale}, {differs}, {self.frozen} FROM {source} s {beside} {stored} t")
            by_parts = parts.differing() if parts else set()
            result: dict[int, Change] = {}
            wanted = []
            for pk, is_stale, is_different, is_frozen in cursor.fetchall():
                is_different = is_different or pk in by_parts or pk in beyond
                result[pk] = "stale" if is_stale else "frozen" if is_different and is_frozen else "unchanged"
                if is_different and not is_stale and not is_frozen:
                    wanted.append(pk)
            beforehand(wanted)
            if wanted:
                self.lock(wanted)
                by_parts &= set(wanted)
                if parts and by_parts:
                    parts.write(sorted(by_parts))
                present = {column: f"t.{column}" for column in self.fields}
                becomes |= {column: sql.format_map(present | becomes) for column, sql in self.derived.items()}
                assignments = ", ".join(f"{column} = {value}" for column, value in becomes.items())
                cursor.execute(
                    f"UPDATE {self.name} t SET {assignments}, updated_at = now() FROM {source} s {beside}"
                    f" WHERE t.id = s.pk AND t.id = ANY(%s::bigint[]) AND NOT {stale} AND NOT ({self.frozen})"
                    f" AND ({differs} OR t.id = ANY(%s::bigint[])) RETURNING t.id",
                    [id_array(wanted), id_array(by_parts.union(beyond))],
                )
                result |= {pk: "updated" for (pk,) in cursor.fetchall()}
            return result

    def lock(self, ids: Sequence[int]) -> None:
        """Lock the rows with these ids until the transaction ends, in the order of their ids."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM (SELECT FROM {self.name} WHERE id = ANY(%s::bigint[])"
                " ORDER BY id FOR NO KEY UPDATE) x",
                [id_array(ids)],
            )

    def _place(self, row: Row) -> Key:
        """What rows are ordered by when they are created: the same for every writer."""
        return tuple(part.lower() for part in row.key) if self.case_blind else row.key

    def _given(self, rows: Sequence[Row]) -> list[str]:
        """Every column that at least one row gives."""
        return sorted(set().union(*(row.values for row in rows)))


def _one_by_one(row: str) -> str:
    """
    Join one stored row to each staged one through the index, whatever the planner thinks.

    It would otherwise read the whole table for a batch (a hash join) until the table is a thousand
    times the batch; LIMIT keeps it from taking the subquery apart.
    """
    return f"CROSS JOIN LATERAL ({row} LIMIT 1)"


def _plain(kind: str | None) -> str:
    """The type without its length, which the real table checks anyway."""
    return re.sub(r"\(\d+(, \d+)?\)", "", kind or "bigint")
