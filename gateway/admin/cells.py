"""What a cell of an admin list shows: numbers aligned and grouped, texts cut, links to other pages."""

from decimal import Decimal

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from gateway.screen import DASH, grouped


def number_cell(value: Decimal | int | None) -> SafeString:
    """Return a number in figures of equal width; a dash when it is undefined."""
    return format_html('<span class="kith-number">{}</span>', DASH if value is None else grouped(value))


def amount_cell(amount: Decimal | None, currency: str | None, *, struck: bool = False) -> SafeString:
    """Return an amount with its currency, struck through when it no longer counts."""
    if amount is None:
        return number_cell(None)
    tag = "s" if struck else "span"
    return format_html(
        '<{0} class="kith-number">{1} <span class="kith-unit">{2}</span></{0}>', tag, grouped(amount), currency or ""
    )


def excerpt(text: str, *, characters: int = 90) -> str:
    """Return the beginning of a text on one line; a dash when there is none."""
    return Truncator(" ".join(text.split())).chars(characters) if text else DASH


def object_link(instance: Model | None, *, text: str = "") -> SafeString | str:
    """Return a link to an object's own admin page; a dash for none, plain text where it has no page."""
    if instance is None:
        return DASH
    label = text or str(instance)
    meta = instance._meta
    try:
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(instance.pk)])
    except NoReverseMatch:
        return label
    return format_html('<a href="{}" class="kith-link">{}</a>', url, label)
