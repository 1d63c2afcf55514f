"""Costs: never edited, never deleted. A change voids the cost and puts another one in its place."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from community.costs import replace, restoring, voiding
from community.models import Cost
from crm.admin.erased import ErasedRefusingForm
from crm.admin.money import money_cell
from crm.money import quantise
from crm.personal_data.suppression import SourceName
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DateWidget,
    ModelAdmin,
    ReasonAction,
    SpanFilter,
    StandingFilter,
    display,
    number_cell,
    restore_action,
)

ONE_DAY = timedelta(days=1)


def first_day(cost: Cost) -> date:
    """Return the first local day that the cost covers."""
    return cost.days.lower


def last_day(cost: Cost) -> date:
    """Return the last local day that the cost covers: what people and clients see."""
    return cost.days.upper - ONE_DAY


class CostForm(ErasedRefusingForm):
    """A cost with its first and last day, both inclusive."""

    starts_on = forms.DateField(label="First day", widget=DateWidget)
    ends_on = forms.DateField(label="Last day", widget=DateWidget, help_text="inclusive")

    stands_for = {"days": "ends_on"}

    class Meta:
        model = Cost
        fields = (
            "description",
            "category",
            "purpose",
            "delivery",
            "amount",
            "currency",
            "hours",
            "hourly_rate",
            "campaign",
            "channel",
            "community",
            "contact",
            "sharing",
            "source",
            "external_id",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "amount" in self.fields:  # absent on the page of somebody who may only look
            self.fields["amount"].required = False
            self.fields["amount"].help_text = "or hours and an hourly rate: their product"
        if self.instance.days:
            self.initial.setdefault("starts_on", first_day(self.instance))
            self.initial.setdefault("ends_on", last_day(self.instance))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on:
            if ends_on < starts_on:
                self.add_error("ends_on", "The last day cannot be before the first.")
            else:
                self.instance.days = DateRange(starts_on, ends_on + ONE_DAY)
        self._work_out_labour(cleaned)
        if self.instance.pk and not Cost.objects.standing().filter(pk=self.instance.pk).select_for_update().exists():
            raise forms.ValidationError("Somebody voided or replaced this cost meanwhile. Open the newest one.")
        return cleaned

    def _work_out_labour(self, cleaned: dict[str, Any]) -> None:
        """Set the amount to hours times rate where none was given, or where these changed and it did not."""
        hours, rate, currency = (cleaned.get(name) for name in ("hours", "hourly_rate", "currency"))
        changed = set(self.changed_data)
        is_kept = "amount" not in changed and not changed & {"hours", "hourly_rate"}
        if cleaned.get("amount") is not None and ("amount" in changed or is_kept):
            return
        if hours is not None and rate is not None and currency and not self.errors:
            cleaned["amount"] = quantise(hours * rate, currency)
        elif cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Give an amount, or hours and an hourly rate.")

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "source"], ("cost", self.instance.source, self.instance.external_id)

    def _get_validation_exclusions(self) -> set[str]:
        """Hold the days to the model's constraints too, although the form has them as two fields."""
        exclusions = super()._get_validation_exclusions()
        return exclusions - {"days"} if self.instance.days else exclusions


@admin.register(Cost)
class CostAdmin(ModelAdmin):
    form = CostForm
    list_display = (
        "shown_description",
        "category",
        "shown_amount",
        "shown_first_day",
        "shown_last_day",
        "shown_hours",
        "campaign",
        "channel",
        "community",
        "standing",
    )
    list_display_links = ("shown_description",)
    list_select_related = ("campaign", "channel", "community", "contact")
    list_filter = (
        ("category", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
        ("delivery", ChoicesDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
        ("channel", AutocompleteSelectFilter),
        ("community", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        ("days", SpanFilter),
        StandingFilter,
    )
    search_fields = ("description", "external_id")
    search_help_text = "Description or external id"
    autocomplete_fields = ("campaign", "channel", "community", "contact")
    ordering = ("-pk",)
    shown_as_listed = {"amount": "shown_amount"}
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "description",
                    ("category", "purpose"),
                    ("delivery", "sharing"),
                    ("amount", "currency"),
                    ("starts_on", "ends_on"),
                )
            },
        ),
        ("For what", {"fields": (("campaign", "channel"), ("community", "contact"))}),
        ("Labour", {"fields": (("hours", "hourly_rate"),)}),
        ("Reference in the source", {"fields": (("source", "external_id"),), "classes": ["collapse"]}),
    )
    reason_actions = (
        ReasonAction(
            name="void",
            verb="Void",
            done="Voided",
            consequence="It stays on record, but no figure counts it any more."
            " Sent again under its id it stays out, until somebody restores it.",
            act=voiding,
        ),
        restore_action(restoring, consequence="It counts again in every figure."),
    )
    empty_state = (
        "Without costs every ROI is undefined. Book what the community costs: staffing with hours and rate, fees, "
        "tools, advertising; on a campaign, a channel or a community."
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new cost in the reporting currency."""
        return {"currency": settings.KITH_CURRENCY} | super().get_changeform_initial_data(request)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Sequence[tuple[Any, dict[str, Any]]]:
        """Say of a cost that a source sends that the source goes on sending it."""
        fieldsets = super().get_fieldsets(request, obj)
        if not isinstance(obj, Cost) or not obj.source or obj.voided_at is not None:
            return fieldsets
        (title, options), *others = fieldsets
        also = format_html(
            "Known to {} as well. Correct it there too: what it sends again is written again.", obj.source
        )
        return [(title, {**options, "description": also}), *others]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A voided cost is a record: to look at, not to change."""
        if obj is not None and obj.voided_at is not None:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Cost, form: CostForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            replace(obj, reason=f"replaced by {request.user.get_username()}", now=timezone.now())

    @display(description="Cost", ordering="description")
    def shown_description(self, cost: Cost) -> str:
        if cost.contact is None:
            return str(cost)
        return format_html('{} <span class="kith-unit">for {}</span>', cost, cost.contact)

    @display(description="Amount", ordering="amount")
    def shown_amount(self, cost: Cost) -> str:
        return money_cell(cost.amount, cost.currency, struck=cost.voided_at is not None)

    @display(description="From", ordering="days")
    def shown_first_day(self, cost: Cost) -> date:
        return first_day(cost)

    @display(description="To")
    def shown_last_day(self, cost: Cost) -> date:
        return last_day(cost)

    @display(description="Hours", ordering="hours")
    def shown_hours(self, cost: Cost) -> str:
        return number_cell(cost.hours)

    @display(description="Standing", label={"replaced": "warning", "voided": "danger"})
    def standing(self, cost: Cost) -> str | None:
        if cost.replaced_by_id:
            return "replaced"
        return "voided" if cost.voided_at else None
