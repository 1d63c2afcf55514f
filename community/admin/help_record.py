"""Help records: who was helped by whom with what, and how it went."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from community.admin.private_texts import PrivateTexts
from community.admin.recording import RecordingMixin
from community.helping import RECORD_FACTS, RefusedHelp, check_helper, check_person, edit_help
from community.models import HelpRecord
from community.private_texts import PRIVATE
from crm.models import Contact
from crm.permissions import VIEW_ADDRESSES
from crm.search import search_contacts
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    FactForm,
    ModelAdmin,
    YesNoFilter,
    display,
    excerpt,
    number_cell,
    object_link,
)
from gateway.users import name_of_user

UNDONE = "undone"
OUTCOME_COLOURS = {
    UNDONE: "warning",
    HelpRecord.Outcome.SOLVED.label: "success",
    HelpRecord.Outcome.HELPED.label: "success",
    HelpRecord.Outcome.NOT_SOLVED.label: "danger",
    HelpRecord.Outcome.REFERRED.label: "info",
}


WHO = ("contact", "helper_member", "helper_user")


class HelpRecordForm(FactForm):
    """Help that somebody got."""

    class Meta:
        model = HelpRecord
        fields = (*WHO, *RECORD_FACTS)

    def clean(self) -> dict[str, Any]:
        """Refuse what editing help would refuse, beside its field."""
        cleaned = super().clean() or self.cleaned_data
        contact, member, user = (cleaned.get(name) for name in WHO)
        if contact is None or not self.changed_data:
            return cleaned
        try:
            check_person(contact.pk)
            if (member is None) != (user is None) and set(WHO) & set(self.changed_data):
                check_helper(contact.pk, user and user.pk, member and member.pk)
        except RefusedHelp as refusal:
            helper = "helper_user" if member is None else "helper_member"
            self.add_error(helper if refusal.field == "helper" else refusal.field, refusal.message)
        return cleaned


class RatedFilter(YesNoFilter):
    title = "rating"
    parameter_name = "rated"
    yes = Q(rating__isnull=False)
    yes_label = "Rated"
    no_label = "Unrated"


class UndoneFilter(YesNoFilter):
    title = "standing"
    parameter_name = "standing"
    yes = Q(withdrawn_at=None)
    yes_label = "Counts"
    no_label = "Undone"


@admin.register(HelpRecord)
class HelpRecordAdmin(RecordingMixin, PrivateTexts, ModelAdmin):
    form = HelpRecordForm
    list_display = (
        "occurred_at",
        "shown_contact",
        "helper",
        "shown_question",
        "topic",
        "shown_outcome",
        "shown_rating",
        "shown_minutes",
    )
    list_display_links = ("occurred_at", "shown_question")
    list_select_related = ("interaction", "contact", "helper_member", "helper_user")
    list_filter = (
        UndoneFilter,
        ("outcome", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
        RatedFilter,
        ("contact", AutocompleteSelectFilter),
        ("helper_member", AutocompleteSelectFilter),
        ("helper_user", AutocompleteSelectFilter),
        ("interaction__occurred_at", DaysFilter),
    )
    search_fields = ("topic", "question", "answer")
    search_help_text = "Topic, question, answer, or who was helped"
    autocomplete_fields = ("contact", "helper_member", "helper_user")
    ordering = (F("interaction__occurred_at").desc(nulls_last=True), "-pk")
    fieldsets = (
        (None, {"fields": ("contact", ("helper_member", "helper_user"), "interaction")}),
        ("What it was about", {"fields": ("topic", "question", "answer", "note")}),
        ("How it went", {"fields": (("outcome", "rating", "minutes"), ("origin", "recorded_by"), "withdrawn_at")}),
    )
    private_fields = ("question", "answer", "note")
    privacy = "interaction__is_private"
    empty_state = "Help is recorded by staff, sent by a client, or made from accepted answers. Record the first one."

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find help by what was said, and by who was helped, on whichever of their records it stands."""
        said, _ = super().search(request, queryset, search_term)
        everybody = Contact.objects.all()
        people = search_contacts(everybody, search_term, with_addresses=request.user.has_perm(VIEW_ADDRESSES))
        if people is everybody:
            return said, False
        by_person = Q(contact__person__in=people.order_by().values("person"))
        return queryset.filter(Q(pk__in=said.order_by().values("pk")) | by_person), False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        """Help is recorded by the form that is made for it."""
        return self.record_view(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page anew where a save is refused for what others wrote after its form was checked."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except RefusedHelp as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return redirect(request.get_full_path())

    def reason_buttons(self, request: HttpRequest, instance: Model | None) -> list[dict[str, str]]:
        """Undo and redo beside the other buttons of the record's page."""
        buttons = super().reason_buttons(request, instance)
        if isinstance(instance, HelpRecord) and self.has_change_permission(request, instance):
            act, icon = ("redo", "redo") if instance.withdrawn_at else ("undo", "undo")
            url = reverse(f"admin:community_helprecord_{act}", args=[instance.pk])
            buttons.append({"label": f"{act.capitalize()} help", "icon": icon, "url": url})
        return buttons

    def get_readonly_fields(self, request: HttpRequest, obj: HelpRecord | None = None) -> Sequence[str]:
        """Help stays on its interaction; where it came from and whether it was withdrawn is not typed in."""
        return ("interaction", "origin", "recorded_by", "withdrawn_at")

    def save_model(self, request: HttpRequest, obj: HelpRecord, form: HelpRecordForm, change: bool) -> None:
        columns = {name: f"{name}_id" if name in WHO else name for name in form.changed_data}
        changes = {column: getattr(obj, column) for column in columns.values()}
        edit_help(obj.pk, changes=changes, by_user_id=request.user.pk, now=timezone.now())
        self.tell_what_was_kept(request, form)

    @display(description="When", ordering=F("interaction__occurred_at").asc(nulls_first=True))
    def occurred_at(self, record: HelpRecord) -> object:
        return record.interaction.occurred_at

    @display(description="Helped")
    def shown_contact(self, record: HelpRecord) -> str:
        return object_link(record.contact)

    @display(description="By")
    def helper(self, record: HelpRecord) -> str:
        return str(record.helper_member or name_of_user(record.helper_user))

    @display(description="Question")
    def shown_question(self, record: HelpRecord) -> str:
        return PRIVATE if record.is_hidden else excerpt(record.question or record.answer, characters=70)

    @display(description="Outcome", ordering="outcome", label=OUTCOME_COLOURS)
    def shown_outcome(self, record: HelpRecord) -> str:
        return UNDONE if record.withdrawn_at else record.get_outcome_display()

    @display(description="Rating", ordering="rating")
    def shown_rating(self, record: HelpRecord) -> str:
        return number_cell(record.rating)

    @display(description="Minutes", ordering="minutes")
    def shown_minutes(self, record: HelpRecord) -> str:
        return number_cell(record.minutes)
