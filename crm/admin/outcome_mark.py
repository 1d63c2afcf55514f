"""Outcome marks: advocates, donors and supporters."""

from django.contrib import admin

from crm.admin.erased import ErasedRefusingForm
from crm.models import OutcomeMark
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    ModelAdmin,
    display,
)


@admin.register(OutcomeMark)
class OutcomeMarkAdmin(ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("shown_contact", "outcome", "reached_at", "marked_by", "reason")
    list_select_related = ("contact", "marked_by")
    list_filter = (("outcome", ChoicesDropdownFilter), ("contact", AutocompleteSelectFilter))
    search_fields = ("reason",)
    autocomplete_fields = ("contact", "marked_by")
    ordering = ("-reached_at", "-pk")
    fields = ("contact", ("outcome", "reached_at"), "reason", "marked_by")
    empty_state = "Mark a contact as advocate, donor or supporter when somebody became one."

    @display(description="Contact")
    def shown_contact(self, mark: OutcomeMark) -> str:
        return str(mark.contact)
