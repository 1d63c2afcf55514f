"""Exchange rates into the reporting currency."""

from django.contrib import admin

from crm.models import ExchangeRate
from gateway.admin import DaysFilter, ModelAdmin, display, number_cell
from gateway.screen import trimmed


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    list_display = ("date", "currency", "rate_cell")
    list_filter = (("date", DaysFilter),)
    search_fields = ("currency",)
    ordering = ("-date", "currency")
    fields = (("currency", "date"), "rate")
    empty_state = (
        "Without a rate, amounts in other currencies stay out of every figure and are listed as not converted. "
        "Add the rate of the first day you need: it holds for that day and the seven after it."
    )

    @display(description="Rate", ordering="rate")
    def rate_cell(self, rate: ExchangeRate) -> str:
        return number_cell(trimmed(rate.rate))
