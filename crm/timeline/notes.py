"""Notes and follow-ups on the timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm.models import FollowUp, Note
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.panels import Figure, Link
from gateway.users import name_of_user

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
                actor=name_of_user(note.author),
                text=note.text,
            )
            for note in Note.objects.filter(pk__in=ids).select_related("author")
        }

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class FollowUpEntries:
    """
    Follow-ups twice: when they were planned, and when they were done.

    So that both have an id of their own, an entry's is twice that of its row, and one more when done.
    """

    key: str = "follow-ups"
    group: str = "Staff"
    permission: str = "crm.view_followup"
    kinds: Mapping[str, str] = field(
        default_factory=lambda: {FOLLOW_UP: "Follow-up planned", FOLLOW_UP_DONE: "Follow-up done"}
    )
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        ways = {FOLLOW_UP: ("recorded_at", "2 * task.id"), FOLLOW_UP_DONE: ("done_at", "2 * task.id + 1")}
        wanted = [ways[asked.kind]] if asked.kind else ways.values()
        return " UNION ALL ".join(
            f"""
            SELECT task.{at} AS at, {pk} AS id FROM crm_followup task
            WHERE task.contact_id = ANY (%(contacts)s) AND (task.{at}, {pk}) < (%(at)s, %(bound)s)
            """
            for at, pk in wanted
        )

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        found = FollowUp.objects.select_related("assigned_to", "recorded_by", "done_by")
        tasks = found.in_bulk({pk // 2 for pk in ids})
        return {pk: self._entry(pk, tasks[pk // 2]) for pk in ids if pk // 2 in tasks}

    def _entry(self, pk: int, task: FollowUp) -> Entry:
        is_done = bool(pk % 2)
        figures = [Figure(label="Due", value=task.due_on, unit="day")]
        if task.assigned_to:
            figures.append(Figure(label="For", value=name_of_user(task.assigned_to)))
        return Entry(
            source=self.key,
            id=pk,
            occurred_at=task.done_at if is_done and task.done_at else task.recorded_at,
            kind=FOLLOW_UP_DONE if is_done else FOLLOW_UP,
            title="Follow-up done" if is_done else "Follow-up planned",
            icon="task_alt" if is_done else "event_upcoming",
            link=Link(page="admin:crm_followup_change", args=(task.pk,)),
            actor=name_of_user(task.done_by if is_done else task.recorded_by),
            text=task.what,
            figures=figures,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}
