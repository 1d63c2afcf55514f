"""Notes and follow-ups on the timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm.models import FollowUp, Note
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.panels import Figure, Link

NOTE, FOLLOW_UP, FOLLOW_UP_DONE = "note", "follow_up", "follow_up_done"


@dataclass(frozen=True)
class NoteEntries:
    key: str = "notes"
    group: str = "Staff"
    permission: str = "crm.view_note"
    kinds: Mapping[str, str] = field(default_factory=lambda: {NOTE: "Note"})
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        return """
            SELECT note.written_at AS at, note.id FROM crm_note note
            WHERE note.contact_id = ANY (%(contacts)s) AND (note.written_at, note.id) < (%(at)s, %(bound)s)
        """

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        return {
            note.pk: Entry(
                source=self.key,
                id=note.pk,
                occurred_at=note.written_at,
                kind=NOTE,
                title="Pinned note" if note.is_pinned else "Note",
                icon="sticky_note_2",
                link=Link(page="admin:crm_note_change", args=(note.pk,)),
                actor=_name(note.author),
                text=note.text,
            )
            for note in Note.objects.filter(pk__in=ids).select_related("author")
        }

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class FollowUpEntries:
    """Follow-ups twice: when they were set, and, with `is_done`, when they were done."""

    key: str
    kinds: Mapping[str, str]
    is_done: bool
    group: str = "Staff"
    permission: str = "crm.view_followup"
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        at = "done_at" if self.is_done else "recorded_at"
        return f"""
            SELECT task.{at} AS at, task.id FROM crm_followup task
            WHERE task.contact_id = ANY (%(contacts)s) AND (task.{at}, task.id) < (%(at)s, %(bound)s)
        """

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        found = FollowUp.objects.filter(pk__in=ids).select_related("assigned_to", "recorded_by", "done_by")
        return {task.pk: self._entry(task) for task in found}

    def _entry(self, task: FollowUp) -> Entry:
        figures = [Figure(label="Due", value=task.due_on, unit="day")]
        if task.assigned_to:
            figures.append(Figure(label="For", value=_name(task.assigned_to)))
        (kind,) = self.kinds
        return Entry(
            source=self.key,
            id=task.pk,
            occurred_at=task.done_at if self.is_done and task.done_at else task.recorded_at,
            kind=kind,
            title="Follow-up done" if self.is_done else "Follow-up planned",
            icon="task_alt" if self.is_done else "event_upcoming",
            link=Link(page="admin:crm_followup_change", args=(task.pk,)),
            actor=_name(task.done_by if self.is_done else task.recorded_by),
            text=task.what,
            figures=figures,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}


FOLLOW_UPS_PLANNED = FollowUpEntries("follow-ups", {FOLLOW_UP: "Follow-up planned"}, is_done=False)
FOLLOW_UPS_DONE = FollowUpEntries("follow-ups-done", {FOLLOW_UP_DONE: "Follow-up done"}, is_done=True)


def _name(user: object) -> str:
    return user.get_full_name() or user.get_username() if user else ""  # type: ignore[attr-defined]
