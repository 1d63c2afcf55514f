"""Amounts in lists, with as many decimals as their currency has."""

from decimal import Decimal

from django.utils.safestring import SafeString

from crm.money import quantise
from gateway.admin import amount_cell
from gateway.screen import trimmed


def money_cell(amount: Decimal | None, currency: str | None, *, struck: bool = False) -> SafeString:
    """Return an amount with its currency; a dash when there is none, struck through when it no longer counts."""
    if amount is None:
        return amount_cell(None, currency)
    shown = quantise(amount, currency) if currency else trimmed(amount)
    return amount_cell(shown, currency, struck=struck)
