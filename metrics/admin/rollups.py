"""Daily sums: what every report is added up from."""

from django.contrib import admin

from gateway.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DaysFilter, display, object_link
from metrics.admin.derived import CreditSumsAdmin, DerivedAdmin, minor_cell
from metrics.models import TotalDay
from metrics.models.rows import CampaignDayRow, ChannelDayRow, CostDayRow, HelperDayRow, PersonDayRow


@admin.register(CampaignDayRow)
class CampaignDayAdmin(CreditSumsAdmin):
    list_display = ("day", "campaign_id", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter),)
    ordering = ("-day", "campaign_id")


@admin.register(ChannelDayRow)
class ChannelDayAdmin(CreditSumsAdmin):
    list_display = ("day", "channel_id", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter),)
    ordering = ("-day", "channel_id")


@admin.register(HelperDayRow)
class HelperDayAdmin(CreditSumsAdmin):
    list_display = ("day", "actor_kind", "member_id", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter), ("actor_kind", ChoicesDropdownFilter))
    ordering = ("-day", "actor_kind", "member_id")


class RevenueSumsAdmin(DerivedAdmin):
    """A daily sum of revenue."""

    list_filter = (("day", DaysFilter),)
    revenue_amount = minor_cell("revenue_minor", "Revenue")
    credited_amount = minor_cell("credited_minor", "Credited")
    unattributed_amount = minor_cell("unattributed_minor", "Unattributed")


@admin.register(PersonDayRow)
class PersonDayAdmin(RevenueSumsAdmin):
    list_display = ("day", "person_id", "conversions", "revenue_amount", "credited_amount", "unattributed_amount")
    ordering = ("-day", "person_id")


@admin.register(TotalDay)
class TotalDayAdmin(RevenueSumsAdmin):
    list_display = ("day", "conversions", "revenue_amount", "credited_amount", "unattributed_amount", "staff_amount")
    ordering = ("-day",)
    staff_amount = minor_cell("staff_minor", "Staff purchases")


@admin.register(CostDayRow)
class CostDayAdmin(DerivedAdmin):
    list_display = ("day", "shown_cost", "amount")
    list_select_related = ("cost",)
    list_filter = (("cost", AutocompleteSelectFilter), ("day", DaysFilter))
    ordering = ("-day", "-cost")
    amount = minor_cell("amount_minor", "Amount")

    @display(description="Cost")
    def shown_cost(self, row: CostDayRow) -> str:
        return object_link(row.cost)
