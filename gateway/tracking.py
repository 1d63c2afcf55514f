"""
History that begins with the first change: for tables of many rows, few of which ever change.

A row that is new writes nothing. Its first change writes what it was before (`BEFORE`) and what it became, each
later one what it became: so every change says what it led from, with no history begun for rows that never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from gateway.statement_triggers import PLANNED_BY_INDEX, planned_by_index

ModelT = TypeVar("ModelT", bound=models.Model)

BEFORE = "before"  # the label of what a row was when its history began: no change, nobody did it


class Additions(pghistory.InsertEvent):
    """
    Tells of every row that is added to a record that was there before: whom `parent`, a relation, leads to.

    What comes into the world with its record is that one's beginning, and costs nothing here. One trigger for each
    statement.
    """

    def __init__(self, *, parent: str) -> None:
        super().__init__(trigger_name="insert_insert")
        self.parent = parent

    def add_event_trigger(self, event_model: Any) -> None:
        trigger = pgtrigger.Trigger(
            name=self.trigger_name,
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[*PLANNED_BY_INDEX, ("parents", "bigint[]"), ("context", "uuid")],
            func=planned_by_index(self._body(event_model)),
        )
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)

    def _body(self, event_model: Any) -> str:
        """Return what the trigger does. Which records were there before is asked of the index, for all at once."""
        tracked = event_model.pgh_tracked_model._meta
        parent = tracked.get_field(self.parent)
        columns = _kept_columns(event_model)
        rows = ", ".join(f"n.{column}" for column in columns)
        return f"""
            parents := ARRAY(
                SELECT p.id FROM {parent.remote_field.model._meta.db_table} p
                WHERE p.id = ANY(ARRAY(SELECT n.{parent.column} FROM new_rows n)) AND p.created_at < now()
            );
            IF parents <> '{{}}' THEN
                context := _pgh_attach_context();
                INSERT INTO {event_model._meta.db_table} (
                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, {", ".join(columns)}
                )
                SELECT n.id, now(), '{self.label}', context, {rows}
                FROM new_rows n
                JOIN unnest(parents) there (id) ON there.id = n.{parent.column};
            END IF;
        """


class Changes(pghistory.UpdateEvent):
    """
    Tells of every change of the columns that the events hold, and of `reworded` ones that they changed.

    What a row without events was is written first. An event is called `update`, or what `labels` says of a column that
    changed. A row that was only named so far, whose column `arrives` is null, is new when it arrives. One trigger for
    each statement: rows by the thousand cost two INSERTs, and one that changes none of these columns, such as a nightly
    sync of followers, a comparison.
    """

    def __init__(
        self, *, reworded: Sequence[str] = (), labels: Mapping[str, str] | None = None, arrives: str = ""
    ) -> None:
        super().__init__(trigger_name="update_update")
        self.reworded = reworded
        self.labels = labels or {}
        self.arrives = arrives

    def add_event_trigger(self, event_model: Any) -> None:
        trigger = pgtrigger.Trigger(
            name=self.trigger_name,
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
            declare=[
                *PLANNED_BY_INDEX,
                *((name, "bigint[]") for name in ("changed", "arrived", "begun")),
                ("context", "uuid"),
            ],
            func=planned_by_index(self._body(event_model)),
        )
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)

    def _body(self, event_model: Any) -> str:
        """Return what the trigger does. Which rows have events is asked of the index, for all of them at once."""
        tracked = event_model.pgh_tracked_model._meta
        kept = _kept_columns(event_model)
        reworded = [tracked.get_field(name).column for name in self.reworded]
        events = event_model._meta.db_table

        def of(row: str, columns: Sequence[str]) -> str:
            return ", ".join(f"{row}.{column}" for column in columns)

        differs = f"({of('n', [*kept, *reworded])}) IS DISTINCT FROM ({of('o', [*kept, *reworded])})"
        cases = " ".join(
            f"WHEN n.{column} IS DISTINCT FROM o.{column} THEN '{label}'" for column, label in self.labels.items()
        )
        label = f"CASE {cases} ELSE '{self.label}' END" if cases else f"'{self.label}'"
        names = ", ".join(
            f"CASE WHEN n.{column} IS DISTINCT FROM o.{column} THEN '{name}' END"
            for name, column in zip(self.reworded, reworded, strict=True)
        )
        # Where no words are left out there may be no column that names those that changed.
        names_them = any(field.name == "pgh_reworded" for field in event_model._meta.concrete_fields)
        told = "pgh_reworded, " if names_them else ""
        telling = f"nullif(array_remove(ARRAY[{names}]::text[], NULL), '{{}}')," if names_them else ""
        arrives = f"o.{self.arrives} IS NULL AND n.{self.arrives} IS NOT NULL" if self.arrives else "false"
        return f"""
            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE {arrives}) INTO changed, arrived
            FROM new_rows n
            JOIN old_rows o ON o.id = n.id
            WHERE {differs};
            IF changed IS NOT NULL THEN
                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM {events} WHERE pgh_obj_id = ANY(changed));
                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));
            END IF;
            IF changed <> '{{}}' THEN
                context := _pgh_attach_context();
                INSERT INTO {events} (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, {", ".join(kept)})
                SELECT o.id, now(), '{BEFORE}', context, {of("o", kept)}
                FROM old_rows o
                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;
                INSERT INTO {events} (
                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, {told}{", ".join(kept)}
                )
                SELECT
                    n.id, now(), {label}, context, {telling}
                    {of("n", kept)}
                FROM new_rows n
                JOIN old_rows o ON o.id = n.id
                JOIN unnest(changed) told (id) ON told.id = n.id;
            END IF;
        """


def track_changes(
    *,
    kept: Sequence[str],
    reworded: Sequence[str],
    model_name: str,
    labels: Mapping[str, str] | None = None,
    arrives: str = "",
) -> Callable[[type[ModelT]], type[ModelT]]:
    """
    Return the decorator that keeps a model's history from the first change of each row on, and its deletion.

    Events are `model_name` and hold the fields `kept`; of those `reworded` it stands in `pgh_reworded` that they
    changed (null: none did). `labels` maps a column to what an event is called when it changed; `arrives` is the column
    that is null as long as a row was only named by others.
    """

    def track(model: type[ModelT]) -> type[ModelT]:
        fields = [model._meta.get_field(name) for name in kept]
        relations = {field.name: _relation(field) for field in fields if isinstance(field, models.ForeignKey)}
        names = ArrayField(models.CharField(max_length=63), null=True)
        return pghistory.track(
            Changes(reworded=reworded, labels=labels or {}, arrives=arrives),
            pghistory.DeleteEvent(),
            fields=list(kept),
            obj_field=pghistory.ObjForeignKey(related_name="events"),
            model_name=model_name,
            attrs={**relations, "pgh_reworded": names},
        )(model)

    return track


def _kept_columns(event_model: Any) -> list[str]:
    """Return the columns that events have of the row itself."""
    own = {field.name for field in event_model.pgh_tracked_model._meta.concrete_fields}
    return [field.column for field in event_model._meta.concrete_fields if field.name in own]


def _relation(field: Any) -> models.ForeignKey[Any, Any]:
    """
    Return the relation that an event has for one of its row: it outlives what it leads to.

    It has an index where the row's own has one, and is null in events from before it was kept.
    """
    return models.ForeignKey(
        field.remote_field.model,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=field.blank,
        db_constraint=False,
        db_index=field.db_index,
        related_name="+",
        related_query_name="+",
    )
