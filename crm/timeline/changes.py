"""Record changes on the timeline: who changed what through what, and which records were merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, OuterRef, Q, Subquery

from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.history import HistoryEntry, entries_of, event_model_of, events_of
from gateway.panels import Link
from gateway.tracking import BEFORE

CHANGE, MERGE = "change", "merge"
_KINDS = {CHANGE: "Record change", MERGE: "Merge"}


@dataclass(frozen=True)
class RecordChanges:
    """
    The changes of one tracked model, found by `contact_column` of its events.

    `noun` is what a row of it is called. `merge_column` tells merges from other changes.
    """

    key: str
    model: type[Model]
    contact_column: str
    noun: str
    permission: str
    merge_column: str = ""
    group: str = "Record"
    kinds: Mapping[str, str] = field(default_factory=lambda: _KINDS)
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        table = event_model_of(self.model)._meta.db_table
        return f"""
            SELECT event.pgh_created_at AS at, event.pgh_id AS id
            FROM {table} event
            WHERE event.{self.contact_column} = ANY (%(contacts)s)
                AND (event.pgh_created_at, event.pgh_id) < (%(at)s, %(bound)s)
                AND event.pgh_label <> '{BEFORE}'
                AND {self._is_of(asked.kind, table)}
        """

    def _is_of(self, kind: str, table: str) -> str:
        if not kind:
            return "TRUE"
        if not self.merge_column:
            return "TRUE" if kind == CHANGE else "FALSE"
        is_merge = f"""
            event.{self.merge_column} IS DISTINCT FROM (
                SELECT before.{self.merge_column} FROM {table} before
                WHERE before.pgh_obj_id = event.pgh_obj_id AND before.pgh_id < event.pgh_id
                ORDER BY before.pgh_id DESC LIMIT 1
            )
        """
        return is_merge if kind == MERGE else f"NOT ({is_merge})"

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        """One query for the events and those before them, and those of `entries_of`."""
        earlier = (
            event_model_of(self.model)
            ._default_manager.filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
            .order_by("-pgh_id")
        )
        shown = event_model_of(self.model)._default_manager.filter(pgh_id__in=ids)
        before = shown.values_list(Subquery(earlier.values("pgh_id")[:1]))
        found = events_of(self.model).filter(Q(pgh_id__in=ids) | Q(pgh_id__in=before))
        newest: dict[int, Any] = {}  # by object, so far
        steps: list[tuple[Any, Any]] = []
        event: Any
        for event in found.order_by("pgh_id"):
            if event.pgh_id in ids:
                steps.append((event, newest.get(event.pgh_obj_id)))
            newest[event.pgh_obj_id] = event
        # Whose part it is need not be said on that person's page.
        entries = entries_of(steps, leave_out=() if self.merge_column else ("contact",))
        return {
            event.pgh_id: self._entry(event, before, entry)
            for (event, before), entry in zip(steps, entries, strict=True)
            if entry.changes
        }

    def _entry(self, event: Model, before: Model | None, entry: HistoryEntry) -> Entry:
        title, kind = f"{self.noun.capitalize()} {entry.kind}", CHANGE
        if self.merge_column:
            now, then = (getattr(row, self.merge_column, None) for row in (event, before))
            if now != then:
                title, kind = "Merged" if now else "Merge taken apart", MERGE
        return Entry(
            source=self.key,
            id=event.pgh_id,  # type: ignore[attr-defined]
            occurred_at=entry.at,
            kind=kind,
            title=title,
            icon="merge" if kind == MERGE else "edit",
            link=Link(page="admin:crm_contact_history", args=(getattr(event, self.contact_column),)),
            actor=f"{entry.who}, {entry.through}" if entry.through != "direct" else entry.who,
            changes=entry.changes,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}
