"""Exchange rates into the reporting currency."""

from django import forms
from django.conf import settings
from django.contrib import admin

from crm.models import ExchangeRate
from crm.sync.exchange_rates import no_rate_of_its_own
from gateway.admin import DaysFilter, FactForm, ModelAdmin, display, number_cell
from gateway.screen import trimmed


class ExchangeRateForm(FactForm):
    """What a unit of another currency is worth in the reporting currency."""

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"]
        if currency == settings.KITH_CURRENCY:
            raise forms.ValidationError(no_rate_of_its_own())
        return currency


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ModelAdmin):
    form = ExchangeRateForm
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
