"""
What a page of figures is about: its reader's choice, made at the top and kept in the address.

That is a period, and on pages that have them filters besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode

from crm.periods import FIRST_DAY, LAST_DAY, Period, organisation_zone, preset_period, presets

DEFAULT_PRESET = "last_12_months"
PRESETS_SHOWN = ("last_30_days", "last_90_days", "last_12_months", "this_year", "all_time")
NEAR = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class PeriodForm(forms.Form):
    """A period of the person's own: both days inclusive, and no further away than any fact can be."""

    start = forms.DateField(required=False, label="From", validators=NEAR)
    end = forms.DateField(required=False, label="To", validators=NEAR)


@dataclass(frozen=True)
class Choice:
    """The period that is shown: a preset's, or the person's own; `error` says why their own was not taken."""

    period: Period
    preset: str
    form: PeriodForm
    error: str = ""


def chosen_period(request: HttpRequest, *, now: datetime) -> Choice:
    """Return the period of the address: `?start=…&end=…` or `?period=<preset>`; the last 12 months without either."""
    zone = organisation_zone()
    preset = request.GET.get("period", DEFAULT_PRESET)
    if preset not in presets:
        preset = DEFAULT_PRESET
    fallback = preset_period(preset, now=now, zone=zone)
    own = {name: request.GET[name] for name in ("start", "end") if request.GET.get(name)}
    if not own:
        return Choice(fallback, preset, PeriodForm(initial=_inclusive(fallback)))
    form = PeriodForm(own)
    if not form.is_valid():
        return Choice(fallback, preset, form, "A date is not one that Kith can read: use 2026-03-31.")
    first, last = form.cleaned_data["start"], form.cleaned_data["end"]
    if first and last and last < first:
        return Choice(fallback, preset, form, f"The period ends ({last}) before it starts ({first}).")
    return Choice(Period(first, last and last + timedelta(days=1), zone), "", form)


@dataclass(frozen=True)
class Filter:
    """What the figures are narrowed to: the chosen one of `options`, value → label; all where `value` is empty."""

    name: str
    label: str
    options: Mapping[str, str]
    value: str


def chosen_filter(request: HttpRequest, name: str, label: str, options: Mapping[str, str]) -> Filter:
    """Return a filter as the address has it; what is no option narrows nothing."""
    value = request.GET.get(name, "")
    return Filter(name, label, options, value if value in options else "")


def period_chooser(page: str, choice: Choice, *, filters: Sequence[Filter] = ()) -> dict[str, object]:
    """Return what `admin/period.html` shows of a choice, on the page of this name: another period keeps the filters."""
    kept = {one.name: one.value for one in filters if one.value}
    return {
        "choice": choice,
        "filters": filters,
        "shown_period": in_words(choice.period),
        "presets": [
            {
                "label": presets[key].label,
                "url": f"{reverse(page)}?{urlencode({'period': key, **kept})}",
                "is_active": key == choice.preset,
            }
            for key in PRESETS_SHOWN
        ],
    }


def in_words(period: Period) -> str:
    """Return the period as people write it, its last day included: “1 Dec 2025 to 30 Nov 2026”."""
    if period.start is None and period.end is None:
        return "All time"
    last = period.end and date_format(period.end - timedelta(days=1), "j M Y")
    if period.start is None:
        return f"Until {last}"
    first = date_format(period.start, "j M Y")
    return f"{first} to {last}" if last else f"From {first}"


def days_in(start: date | None, end: date | None, column: str) -> dict[str, str]:
    """Return what the address of a list says to show the days before `end`, from `start`, by the filter of `column`."""
    last = end and end - timedelta(days=1)
    return {f"{column}_{side}": day.isoformat() for side, day in (("from", start), ("to", last)) if day}


def _inclusive(period: Period) -> dict[str, date | None]:
    return {"start": period.start, "end": period.end and period.end - timedelta(days=1)}
