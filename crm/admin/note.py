"""Notes and follow-ups: what staff know about people, and what they mean to do next."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from crm.admin.erased import ErasedRefusingForm
from crm.admin.quick_forms import QuickFollowUps, QuickNotes
from crm.admin.signs import with_wish
from crm.follow_ups import mark_done, open_follow_ups, overdue_by_colleague, reopen
from crm.models import FollowUp, Note
from crm.periods import local_day, organisation_zone
from crm.wishes import wishes_no_contact
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    DropdownFilter,
    ModelAdmin,
    action,
    display,
    excerpt,
    object_link,
)
from gateway.users import name_of_user

MINE, OVERDUE, NOBODYS, OPEN, DONE, ALL = "mine", "overdue", "nobodys", "open", "done", "all"


@admin.register(Note)
class NoteAdmin(QuickNotes, ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("written_at", "shown_contact", "shown_text", "shown_author", "is_pinned")
    list_select_related = ("contact", "author")
    list_filter = (("contact", AutocompleteSelectFilter), ("author", AutocompleteSelectFilter))
    search_fields = ("text",)
    autocomplete_fields = ("contact", "author")
    ordering = ("-pk",)
    fields = ("contact", "text", "is_pinned")
    empty_state = "Notes are written on a contact's page."

    def save_model(self, request: HttpRequest, obj: Note, form: Any, change: bool) -> None:
        if not change:
            obj.author, obj.written_at = request.user, timezone.now()  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @display(description="Contact")
    def shown_contact(self, note: Note) -> str:
        return object_link(note.contact)

    @display(description="Note")
    def shown_text(self, note: Note) -> str:
        return excerpt(note.text)

    @display(description="Author", ordering="author")
    def shown_author(self, note: Note) -> str | None:
        return name_of_user(note.author) or None


class WhoseFilter(DropdownFilter):
    """What is still to be done is shown unless something else is asked for."""

    title = "which"
    parameter_name = "which"
    all_option = ("", "Open")

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [
            (MINE, "Mine, open"),
            (OVERDUE, "Overdue"),
            (NOBODYS, "Overdue, nobody's"),
            (DONE, "Done"),
            (ALL, "All"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
        match self.value():
            case "mine":
                return queryset.filter(done_at=None, assigned_to=request.user.pk)
            case "overdue":
                return open_follow_ups(queryset, before=today())
            case "nobodys":
                return open_follow_ups(queryset, before=today()).filter(assigned_to=None)
            case "done":
                return queryset.exclude(done_at=None)
            case "all":
                return queryset
        return open_follow_ups(queryset)


def today() -> date:
    """Return the organisation's day."""
    return local_day(timezone.now(), organisation_zone())


@admin.register(FollowUp)
class FollowUpAdmin(QuickFollowUps, ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("due_on", "shown_what", "shown_contact", "shown_assigned_to", "standing")
    list_display_links = ("due_on", "shown_what")
    list_select_related = ("contact", "assigned_to", "done_by")
    list_annotations: ClassVar = {"leave_alone": wishes_no_contact("contact__person")}
    list_filter = (
        WhoseFilter,
        ("assigned_to", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        ("due_on", DaysFilter),
    )
    search_fields = ("what",)
    autocomplete_fields = ("contact", "assigned_to")
    ordering = ("due_on", "pk")
    fields = ("contact", "what", ("due_on", "assigned_to"))
    actions = ("mark_selected_done", "reopen_selected")
    list_before_template = "crm/admin/overdue_before.html"
    empty_state = "Follow-ups are planned on a contact's page: what is to be done, by when and by whom."

    def save_model(self, request: HttpRequest, obj: FollowUp, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_by, obj.recorded_at = request.user, timezone.now()  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show above the list how much of whose is overdue."""
        overdue = overdue_by_colleague(today=today()) if self.has_view_permission(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "overdue": overdue})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"assigned_to": request.user.pk, "due_on": today(), **super().get_changeform_initial_data(request)}

    @action(description="Mark as done", permissions=["change"])
    def mark_selected_done(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        done = mark_done(ids, by_id=request.user.pk, now=timezone.now())
        self.message_user(request, f"{done} follow-up{'' if done == 1 else 's'} done.")

    @action(description="Open again", permissions=["change"])
    def reopen_selected(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        opened = reopen(list(queryset.values_list("pk", flat=True)), now=timezone.now())
        self.message_user(request, f"{opened} follow-up{'' if opened == 1 else 's'} open again.")

    @display(description="What", ordering="what")
    def shown_what(self, task: FollowUp) -> str:
        return task.what

    @display(description="For")
    def shown_contact(self, task: FollowUp) -> str:
        return with_wish(object_link(task.contact), leave_alone=task.leave_alone)

    @display(description="Assigned to", ordering="assigned_to")
    def shown_assigned_to(self, task: FollowUp) -> str | None:
        return name_of_user(task.assigned_to) or None

    @display(description="Standing", label={"done": "success", "overdue": "danger", "open": "info"})
    def standing(self, task: FollowUp) -> str:
        return standing_of(task, day=today())


def standing_of(task: FollowUp, *, day: date) -> str:
    """Return in one word where a follow-up stands on a day: *done*, *overdue* or *open*."""
    if task.done_at:
        return DONE
    return OVERDUE if task.due_on < day else OPEN
