"""
The history held against the tables: what it says was done leads from what was there to what is there.

Every table with a history is read before and after, and what was written to its history in between is done once more
to what was there before. A row that came, went or changed without its history says so, column by column, whatever
wrote it. Of words that are not kept, the history has to say that they changed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pghistory
import pgtrigger.core
from django.apps import apps
from django.db import connection

from gateway.tracking import Additions, Changes

# Every table of history, with `pgh_tracked_model` and `pgh_trackers`.
HISTORIES: list[Any] = [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]

Rows = dict[str, dict[str, dict[str, Any]]]  # by table of history, by key: columns


@contextmanager
def everything_told() -> Iterator[None]:
    """Fail unless the history that was written in this block says all that became of the tracked rows."""
    rows, words, newest = _rows(), _words(), _newest()
    yield
    told_of: set[tuple[str, str]] = set()
    for table, key, label, columns in _written_since(newest):
        told_of.add((table, key))
        if label == "delete":
            rows[table].pop(key, None)  # of some tables what is new is not told
        else:
            rows[table][key] = columns
    found = _rows()
    for history in HISTORIES:
        table = history._meta.db_table
        told, there = rows[table], found[table]
        if not _tells_of_all_new(history):  # of its new rows, or of those that are new with their record
            there = {key: columns for key, columns in there.items() if key in told}
        if arrives := _arrives(history):  # and one that was only named by others is new when it arrives
            new = {
                key
                for key, columns in there.items()
                if told[key][arrives] is None and columns[arrives] is not None and (table, key) not in told_of
            }
            told, there = ({key: rows[key] for key in rows.keys() - new} for rows in (told, there))
            for key in new:
                words[table].pop(key, None)
        assert there == told, f"{table} does not say what became of {history.pgh_tracked_model._meta.db_table}"
    unsaid = _reworded(words, _words()) - _said_reworded(newest)
    assert not unsaid, f"these changed, and no event says so: {sorted(unsaid)}"


def _tells_of_all_new(history: Any) -> bool:
    return any(tracker.label == "insert" and not isinstance(tracker, Additions) for tracker in history.pgh_trackers)


def _columns(history: Any) -> list[str]:
    """Return the columns whose every change is told: those that its trackers look at, or else all that it has."""
    looked_at = {
        name
        for tracker in history.pgh_trackers
        if isinstance(tracker, pghistory.UpdateEvent) and isinstance(tracker.condition, pgtrigger.core._Change)
        for name in tracker.condition.fields
    }
    return [
        field.column
        for field in history._meta.concrete_fields
        if not field.name.startswith("pgh_") and (not looked_at or field.name in looked_at)
    ]


def _as_json(history: Any) -> str:
    pairs = ", ".join(f"'{column}', {column}" for column in _columns(history))
    return f"jsonb_build_object({pairs})"


def _rows() -> Rows:
    """Return every tracked row, with the columns that its history tells of."""
    parts = []
    for history in HISTORIES:
        meta = history.pgh_tracked_model._meta
        parts.append(
            f"SELECT '{history._meta.db_table}', {meta.pk.column}::text, {_as_json(history)} FROM {meta.db_table}"
        )
    found: Rows = {history._meta.db_table: {} for history in HISTORIES}
    for table, key, columns in _asked(" UNION ALL ".join(parts)):
        found[table][key] = json.loads(columns)
    return found


def _words() -> Rows:
    """Return a digest of all that of the tracked rows is not kept, but of which it is told that it changed."""
    found: Rows = {history._meta.db_table: {} for history in _WORDED}
    for history in _WORDED:
        meta = history.pgh_tracked_model._meta
        pairs = ", ".join(f"'{name}', md5({meta.get_field(name).column}::text)" for name in _worded(history))
        for key, digests in _asked(f"SELECT {meta.pk.column}::text, jsonb_build_object({pairs}) FROM {meta.db_table}"):
            found[history._meta.db_table][key] = json.loads(digests)
    return found


def _reworded(before: Rows, after: Rows) -> set[tuple[str, str, str]]:
    """Return table of history, key and field of whatever is another one now."""
    return {
        (table, key, name)
        for table, rows in before.items()
        for key in rows.keys() & after[table].keys()
        for name, digest in rows[key].items()
        if digest != after[table][key][name]
    }


def _said_reworded(newest: Mapping[str, int]) -> set[tuple[str, str, str]]:
    """Return table of history, key and field of whatever newer events say that it changed."""
    return {
        (table, key, name)
        for table in (history._meta.db_table for history in _WORDED)
        for key, name in _asked(
            f"SELECT pgh_obj_id::text, unnest(pgh_reworded) FROM {table} WHERE pgh_id > {newest[table]}"
        )
    }


def _arrives(history: Any) -> str:
    return next((tracker.arrives for tracker in history.pgh_trackers if isinstance(tracker, Changes)), "")


def _worded(history: Any) -> Sequence[str]:
    return next((tracker.reworded for tracker in history.pgh_trackers if isinstance(tracker, Changes)), ())


_WORDED = [history for history in HISTORIES if _worded(history)]


def _newest() -> Mapping[str, int]:
    tables = [history._meta.db_table for history in HISTORIES]
    return dict(
        _asked(" UNION ALL ".join(f"SELECT '{table}', coalesce(max(pgh_id), 0) FROM {table}" for table in tables))
    )


def _written_since(newest: Mapping[str, int]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield table, key, label and columns of each event that is newer, in their order."""
    parts = []
    for history in HISTORIES:
        table = history._meta.db_table
        key = "pgh_obj_id" if any(field.name == "pgh_obj" for field in history._meta.concrete_fields) else "id"
        parts.append(
            f"SELECT '{table}', pgh_id, {key}::text, pgh_label, {_as_json(history)} FROM {table}"
            f" WHERE pgh_id > {newest[table]}"
        )
    for table, _, key, label, columns in _asked(f"{' UNION ALL '.join(parts)} ORDER BY 1, 2"):
        yield table, key, label, json.loads(columns)


def _asked(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
