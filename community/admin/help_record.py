"""Help records: who was helped by whom with what, and how it went."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from community.models import HelpRecord
from community.sync.help_records import RECORD_FACTS
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    ModelAdmin,
    RangeDateTimeFilter,
    YesNoFilter,
    display,
    excerpt,
    number_cell,
    object_link,
)

OUTCOME_COLOURS = {
    HelpRecord.Outcome.SOLVED.label: "success",
    HelpRecord.Outcome.HELPED.label: "success",
    HelpRecord.Outcome.NOT_SOLVED.label: "danger",
    HelpRecord.Outcome.REFERRED.label: "info",
}


# What a source does not overwrite once staff edited it (see community.sync.help_records).
KEPT_FIELDS = {*RECORD_FACTS, "contact", "helper_member", "helper_user"}


class RatedFilter(YesNoFilter):
    title = "rating"
    parameter_name = "rated"
    yes = Q(rating__isnull=False)
    yes_label = "Rated"
    no_label = "Unrated"


@admin.register(HelpRecord)
class HelpRecordAdmin(ModelAdmin):
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
        ("outcome", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
        RatedFilter,
        ("contact", AutocompleteSelectFilter),
        ("helper_member", AutocompleteSelectFilter),
        ("helper_user", AutocompleteSelectFilter),
        ("interaction__occurred_at", RangeDateTimeFilter),
    )
    search_fields = ("topic", "question", "answer")
    search_help_text = "Topic, question or answer"
    autocomplete_fields = ("interaction", "contact", "helper_member", "helper_user", "recorded_by")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("contact", ("helper_member", "helper_user"), "interaction")}),
        ("What it was about", {"fields": ("topic", "question", "answer", "note")}),
        ("How it went", {"fields": (("outcome", "rating", "minutes"), ("origin", "recorded_by"), "withdrawn_at")}),
    )
    empty_state = "Help is recorded by staff, sent by a client, or made from accepted answers. Record the first one."

    def save_model(self, request: HttpRequest, obj: HelpRecord, form: forms.ModelForm, change: bool) -> None:
        """What staff wrote stays when the source sends the record again."""
        if change:
            obj.edited_fields = sorted({*obj.edited_fields, *(KEPT_FIELDS & set(form.changed_data))})
        elif obj.recorded_by_id is None:
            obj.recorded_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    @display(description="When", ordering="interaction__occurred_at")
    def occurred_at(self, record: HelpRecord) -> object:
        return record.interaction.occurred_at

    @display(description="Helped")
    def shown_contact(self, record: HelpRecord) -> str:
        return object_link(record.contact)

    @display(description="By")
    def helper(self, record: HelpRecord) -> str:
        return str(record.helper_member or record.helper_user)

    @display(description="Question")
    def shown_question(self, record: HelpRecord) -> str:
        return excerpt(record.question or record.answer, characters=70)

    @display(description="Outcome", ordering="outcome", label=OUTCOME_COLOURS)
    def shown_outcome(self, record: HelpRecord) -> str:
        return record.get_outcome_display()

    @display(description="Rating", ordering="rating")
    def shown_rating(self, record: HelpRecord) -> str:
        return number_cell(record.rating)

    @display(description="Minutes", ordering="minutes")
    def shown_minutes(self, record: HelpRecord) -> str:
        return number_cell(record.minutes)
