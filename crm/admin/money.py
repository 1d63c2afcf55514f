"""Amounts in lists, with as many decimals as their currency has."""

from decimal import Decimal

from django.utils.safestring import SafeString

from crm.money import quantise
from gateway.admin import amount_cell


def money_cell(amount: Decimal | None, currency: str | None, *, struck: bool = False) -> SafeString:
    """Return an amount with its currency; a dash when there is none, struck through when it no longer counts."""
    shown = quantise(amount, currency) if amount is not None and currency else amount
    return amount_cell(shown, currency, struck=struck)
