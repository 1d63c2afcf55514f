"""How numbers, times and what records hold look on a screen, wherever they stand."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format

DASH = "–"  # undefined, or nothing there


def trimmed(value: Decimal) -> Decimal:
    """Return a number without the zeros that only its column adds, with two decimals at least: 99.00, 1.1534."""
    cents = value.quantize(Decimal("0.01"))
    return cents if cents == value else value.normalize()


def read_of(row: Model, field: Any, value: Any) -> Any:
    """Return what a field of a row holds as it is read: without the zeros that only its column adds."""
    if not isinstance(value, Decimal):
        return value
    by_field = getattr(field, "read_of", None)  # a field may know what its decimals hang on, such as a currency
    return by_field(row, value) if by_field else trimmed(value)


def grouped(value: Decimal | int) -> str:
    """Return a number with thousands apart by commas, its decimals as they are: 12,345.60."""
    return f"{value:,}"


def told(value: Any) -> str:
    """
    Return what a field of a record holds as a person reads it: times in their zone, lists without brackets.

    Nothing at all is a dash, and so is an empty text, list or object.
    """
    match value:
        case None | "":
            return DASH
        case bool():
            return "yes" if value else "no"
        case datetime():
            return date_format(timezone.localtime(value), "j M Y, H:i")
        case date():
            return date_format(value, "j M Y")
        case DateRange():
            last = value.upper and value.upper - timedelta(days=1)
            return f"{told(value.lower)} to {told(last)}"
        case Mapping():
            return ", ".join(f"{name}: {told(one)}" for name, one in value.items()) or DASH
        case list() | tuple():
            return ", ".join(told(one) for one in value) or DASH
    return str(value)
