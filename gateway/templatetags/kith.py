"""How values look on screen: the one place that turns a value and its unit into text."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.conf import settings
from django.db.models import Model
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.text import capfirst

from gateway.panels import Chart, Link, Unit
from gateway.screen import DASH, grouped
from gateway.screen import told as told_of

register = template.Library()

NUMERIC_UNITS = {"money", "percent", "times", "count", "decimal", "rating"}


@register.filter(name="grouped")
def grouped_filter(value: Decimal | int) -> str:
    """Show thousands apart: 12,345."""
    return grouped(value)


@register.filter
def named(field: BoundField) -> str:
    """Show a field of a form with its label as its name, where no label stands beside it."""
    widget = field.as_widget(attrs={"aria-label": str(capfirst(field.label))})
    return widget + field.as_hidden(only_initial=True) if field.field.show_hidden_initial else widget


@register.filter
def in_one_field(rows: Iterable[Model]) -> list[dict[str, str]]:
    """Return rows as one whose key is all of theirs, for a page that has a hidden field for each."""
    return [{"pk": ",".join(str(row.pk) for row in rows)}]


@register.filter
def told(value: object) -> str:
    """Show what a field of a record holds, as in histories."""
    return told_of(value)


@register.filter
def shown(value: object, unit: Unit) -> str:
    """
    Return a value as a person reads it: money with its decimals, a fraction as percent, None as a dash.

    Percent are rounded half up to one decimal, ratings and ratios to two.
    """
    if value is None or value == "":
        return DASH
    match unit:
        case "money":
            return grouped(Decimal(str(value)))
        case "percent":
            return f"{_rounded(Decimal(str(value)) * 100, '0.1'):,} %"
        case "times":
            return f"{_rounded(Decimal(str(value)), '0.01'):,} ×"
        case "rating" | "decimal":
            return f"{_rounded(Decimal(str(value)), '0.01'):,}"
        case "count":
            return grouped(value) if isinstance(value, int | Decimal) else str(value)
        case "day" if isinstance(value, date):
            return date_format(value, "j M Y")
        case "time" if isinstance(value, datetime):
            return told_of(value)
        case _:
            return str(value)


def _rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), rounding=ROUND_HALF_UP)


@register.filter
def is_number(unit: Unit) -> bool:
    """Whether values of the unit stand right-aligned in figures of equal width."""
    return unit in NUMERIC_UNITS


@register.filter
def address(link: Link | None) -> str:
    """Return the address of a link; empty for none or for a page that does not exist."""
    if link is None:
        return ""
    try:
        url = reverse(link.page, args=link.args)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(link.query)}" if link.query else url


@register.filter
def at(values: object, index: int) -> object:
    """Return the entry of a list or mapping at a position; None when there is none."""
    try:
        return values[index]  # type: ignore[index]
    except (KeyError, IndexError):
        return None


@register.simple_tag
def reporting_currency() -> str:
    """Return the code of the currency that every report is in."""
    return settings.KITH_CURRENCY


@register.filter
def chart_data(chart: Chart) -> str:
    """Return a chart as JSON for the script that draws it."""
    return json.dumps(
        {
            "labels": list(chart.labels),
            "series": [
                {
                    "label": series.label,
                    "shape": series.shape,
                    "values": [
                        None if value is None else float(str(value)) for value in series.values
                    ],  # for pixels only
                }
                for series in chart.series
            ],
            "unit": settings.KITH_CURRENCY if chart.unit == "money" else "",
        }
    )
