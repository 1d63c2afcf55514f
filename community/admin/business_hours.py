"""Business hours: a week of opening times, the holidays, and whose default they are."""

from datetime import time
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from community.models import BusinessHours, Holiday, OpeningTime
from crm.periods import organisation_zone
from gateway.admin import InlineFormSet, ModelAdmin, TabularInline, display

USUAL = [{"weekday": day, "opens": time(9), "closes": time(17)} for day in range(5)]


class OpeningTimes(InlineFormSet):
    """Refuses openings of one day that overlap: one of the two is a slip."""

    def clean(self) -> None:
        super().clean()
        seen: list[tuple[int, time, time]] = []
        for form in self.forms:
            given = getattr(form, "cleaned_data", {})
            if not given or given.get("DELETE") or not {"weekday", "opens", "closes"} <= given.keys():
                continue
            day, opens, closes = given["weekday"], given["opens"], given["closes"]
            for other, begins, ends in seen:
                if day == other and opens < _until(ends) and begins < _until(closes):
                    raise ValidationError(
                        f"Two openings on {OpeningTime.Weekday(day).label} overlap: {begins:%H:%M} to {ends:%H:%M}, "
                        f"and {opens:%H:%M} to {closes:%H:%M}."
                    )
            seen.append((day, opens, closes))


def _until(closes: time) -> time:
    """Return until when it is open, for comparing: 00:00 is the midnight that ends the day."""
    return time.max if closes == time(0) else closes


class OpeningTimeInline(TabularInline):
    model = OpeningTime
    formset = OpeningTimes
    fields = ("weekday", "opens", "closes")
    verbose_name_plural = "opening times"

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        return 0 if obj else len(USUAL)


class HolidayInline(TabularInline):
    model = Holiday
    fields = ("day", "name")


@admin.register(BusinessHours)
class BusinessHoursAdmin(ModelAdmin):
    list_display = ("name", "time_zone", "is_default", "week")
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = (("name", "time_zone"), "is_default")
    inlines = (OpeningTimeInline, HolidayInline)
    empty_state = (
        "Without business hours every hour counts, nights and weekends too. Add the organisation's, mark them as "
        "the default, and give a channel its own where they differ."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("openings")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "time_zone": str(organisation_zone()),
            "is_default": not BusinessHours.objects.filter(is_default=True).exists(),
            **super().get_changeform_initial_data(request),
        }

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Model, inline: admin.options.InlineModelAdmin, prefix: str
    ) -> dict[str, Any]:
        """Begin a new week with the usual one: it is quicker to correct than to type."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, OpeningTimeInline) and not obj.pk and request.method == "GET":
            kwargs["initial"] = USUAL
        return kwargs

    @display(description="Open")
    def week(self, hours: BusinessHours) -> str | None:
        return ", ".join(map(str, hours.openings.all())) or None
