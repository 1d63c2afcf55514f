"""Campaigns: what was planned; what they cost and earned stands in the panels above the form."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from crm.admin.money import money_cell
from crm.archiving import archive
from crm.extensions import campaign_panels
from crm.models import Campaign
from gateway.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    ModelAdmin,
    display,
)
from gateway.users import name_of_user

STATUS_COLOURS = {
    Campaign.Status.UNCONFIRMED.label: "warning",
    Campaign.Status.PLANNED.label: "info",
    Campaign.Status.RUNNING.label: "success",
}


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    list_display = (
        "shown_name",
        "code",
        "shown_status",
        "starts_on",
        "ends_on",
        "shown_budget",
        "shown_owner",
        "is_pilot",
    )
    list_display_links = ("shown_name",)
    list_select_related = ("owner",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("is_pilot", BooleanRadioFilter),
        ("owner", AutocompleteSelectFilter),
        ("parent", AutocompleteSelectFilter),
        ("starts_on", DaysFilter),
    )
    search_fields = ("code", "name")
    autocomplete_fields = ("owner", "parent")
    ordering = ("-starts_on", "-pk")
    shown_as_listed = {"budget": "shown_budget"}
    fieldsets = (
        (None, {"fields": (("name", "code"), "objective", ("status", "is_pilot"), ("owner", "parent"))}),
        ("Plan", {"fields": (("starts_on", "ends_on"), ("budget", "currency"))}),
    )
    panels = campaign_panels
    panels_load_later = True
    actions = ("archive_selected",)
    empty_state = (
        "A campaign is known by its code: the text that its links carry as utm_campaign. "
        "Add one, book its costs on it, and its return shows on its page."
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new campaign in the reporting currency, which its budget needs."""
        return {"currency": settings.KITH_CURRENCY} | super().get_changeform_initial_data(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Campaigns are archived: their codes stay taken, what they earned stays theirs."""
        return False

    @display(description="Campaign", ordering="name")
    def shown_name(self, campaign: Campaign) -> str:
        return str(campaign)

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, campaign: Campaign) -> str:
        return campaign.get_status_display()

    @display(description="Budget", ordering="budget")
    def shown_budget(self, campaign: Campaign) -> str:
        return money_cell(campaign.budget, campaign.currency)

    @display(description="Owner", ordering="owner")
    def shown_owner(self, campaign: Campaign) -> str | None:
        return name_of_user(campaign.owner) or None

    @admin.action(description="Archive the selected campaigns", permissions=["change"])
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        changed = archive(list(queryset.values_list("pk", flat=True)), now=timezone.now())
        self.message_user(request, f"Archived {changed:,} campaign{'' if changed == 1 else 's'}.")
