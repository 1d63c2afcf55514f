"""What crm shows everybody on the start page: what they themselves meant to do by today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Window
from django.db.models.functions import RowNumber

from crm.follow_ups import open_follow_ups
from crm.periods import local_day, organisation_zone
from crm.wishes import wishes_no_contact
from gateway.panels import Column, Link, PanelContent, PermissionCheck, Row, RowAction, Table

SHOWN = 10  # follow-ups of a user; the list has all
MAY_CHANGE = "crm.change_followup"
MINE = Link(page="admin:crm_followup_changelist", query={"which": "mine"})


@dataclass(frozen=True)
class MyFollowUps:
    """A user's open follow-ups that are due today or overdue, longest overdue first."""

    key: str = "my_follow_ups"
    title: str = "Follow-ups for you"
    order: int = 10
    permission: str = "crm.view_followup"
    description: str = "What you meant to do by today: overdue first, with the person it is for."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        """Return the panel of each user asked for; one query."""
        today = local_day(now, organisation_zone())
        due = (
            open_follow_ups(before=today + timedelta(days=1))
            .filter(assigned_to__in=ids)
            .annotate(
                place=Window(RowNumber(), partition_by="assigned_to", order_by=("due_on", "pk")),
                leave_alone=wishes_no_contact("contact__person"),
                of=Window(Count("pk"), partition_by="assigned_to"),
            )
            .filter(place__lte=SHOWN)
            .select_related("contact__person")
        )
        found: dict[int | None, list[Any]] = {}
        for task in due:
            found.setdefault(task.assigned_to_id, []).append(task)
        return {user: PanelContent(tables=[_table(found.get(user, []), today, may)]) for user in ids}


def _table(tasks: Sequence[Any], today: date, may: PermissionCheck) -> Table:
    is_cut = bool(tasks) and tasks[0].of > len(tasks)
    return Table(
        title=f"The first {len(tasks)} of {tasks[0].of:,}" if is_cut else "Due today and overdue",
        columns=(Column(label="What"), Column(label="For"), Column(label="Due", unit="day"), Column(label="Standing")),
        rows=[_row(task, today, may) for task in tasks],
        empty="Nothing of yours is due. Follow-ups are planned on a contact's page, with the key f.",
        more=MINE,
        more_label="All of yours",
    )


def _row(task: Any, today: date, may: PermissionCheck) -> Row:
    person = task.contact.person or task.contact
    days = (today - task.due_on).days
    standing = "today" if not days else f"overdue by {days:,} day{'' if days == 1 else 's'}"
    actions = (
        RowAction(label="Done", link=Link(page="admin:crm_followup_done", args=(task.pk,)), is_at_once=True),
        RowAction(label="Edit", link=Link(page="admin:crm_followup_edit", args=(task.pk,))),
    )
    return Row(
        values=(task.what, str(person), task.due_on, standing),
        links={1: Link(page="admin:crm_contact_change", args=(person.pk,))},
        signs={1: "Do not contact"} if task.leave_alone else {},
        actions=actions if may(MAY_CHANGE) else (),
    )
