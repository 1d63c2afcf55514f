"""Consents: who agreed to be contacted for what."""

from django.contrib import admin

from crm.admin.erased import ErasedRefusingForm
from crm.admin.wishes import NotedConsents
from crm.models import Consent
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    ModelAdmin,
    display,
)


@admin.register(Consent)
class ConsentAdmin(NotedConsents, ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("shown_contact", "purpose", "channel", "granted_at", "withdrawn_at", "source")
    list_select_related = ("contact",)
    list_filter = (("contact", AutocompleteSelectFilter), ("granted_at", DaysFilter))
    search_fields = ("purpose", "source")
    autocomplete_fields = ("contact",)
    ordering = ("-pk",)
    fields = ("contact", ("purpose", "channel"), ("granted_at", "withdrawn_at"), "source")
    empty_state = "A consent is a person's yes to being contacted for a purpose. Add it on the contact's page."

    @display(description="Contact")
    def shown_contact(self, consent: Consent) -> str:
        return str(consent.contact)
