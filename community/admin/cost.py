"""Costs: never edited, never deleted. A change voids the cost and puts another one in its place."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from community.models import Cost
from crm.admin.money import money_cell
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DateWidget,
    FactForm,
    ModelAdmin,
    ReasonAction,
    StandingFilter,
    display,
    number_cell,
)

ONE_DAY = timedelta(days=1)
LONGEST = 3660  # days: ten years, as the database demands


def first_day(cost: Cost) -> date:
    """Return the first local day that the cost covers."""
    return cost.days.lower


def last_day(cost: Cost) -> date:
    """Return the last local day that the cost covers: what people and clients see."""
    return cost.days.upper - ONE_DAY


class CostForm(FactForm):
    """A cost with its first and last day, both inclusive."""

    starts_on = forms.DateField(label="First day", widget=DateWidget)
    ends_on = forms.DateField(label="Last day", widget=DateWidget, help_text="inclusive")

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
        if self.instance.days:
            self.initial.setdefault("starts_on", first_day(self.instance))
            self.initial.setdefault("ends_on", last_day(self.instance))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on:
            if ends_on < starts_on:
                self.add_error("ends_on", "The last day cannot be before the first.")
            elif (ends_on - starts_on).days >= LONGEST:
                self.add_error("ends_on", "A cost covers at most ten years.")
            else:
                self.instance.days = DateRange(starts_on, ends_on + ONE_DAY)
        return cleaned


def void_costs(ids: Sequence[int], reason: str, now: datetime) -> int:
    """Void the costs that still count; return how many."""
    return Cost.objects.filter(pk__in=ids, voided_at=None).update(voided_at=now, void_reason=reason, updated_at=now)


def replace_cost(changed: Cost, *, reason: str, now: datetime) -> None:
    """
    Void the stored cost and insert `changed` in its place, under a new id that `changed` then has.

    The old row steps aside first, for the two carry the same reference; it points to its replacement
    by an id drawn beforehand (the foreign key is checked at the end of the transaction).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        old = changed.pk
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Cost._meta.db_table])
        (changed.pk,) = cursor.fetchone()
        Cost.objects.filter(pk=old, voided_at=None).update(
            voided_at=now, void_reason=reason, replaced_by_id=changed.pk, updated_at=now
        )
        changed.created_at = now
        changed.save(force_insert=True)


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
    list_select_related = ("campaign", "channel", "community")
    list_filter = (
        ("category", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
        ("delivery", ChoicesDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
        ("channel", AutocompleteSelectFilter),
        ("community", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        StandingFilter,
    )
    search_fields = ("description", "external_id")
    search_help_text = "Description or external id"
    autocomplete_fields = ("campaign", "channel", "community", "contact")
    ordering = ("-pk",)
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
            consequence="It stays on record, but no figure counts it any more.",
            perform=void_costs,
            is_out=lambda cost: cost.voided_at is not None,
        ),
    )
    empty_state = (
        "Without costs every ROI is undefined. Book what the community costs: staffing with hours and rate, fees, "
        "tools, advertising; on a campaign, a channel or a community."
    )

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
            replace_cost(obj, reason=f"replaced by {request.user.get_username()}", now=timezone.now())

    @display(description="Cost", ordering="description")
    def shown_description(self, cost: Cost) -> str:
        return str(cost)

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
