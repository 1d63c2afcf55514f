"""Amounts in lists, with as many decimals as their currency has."""

from decimal import Decimal

from django.utils.safestring import SafeString

from crm.money import readable
from gateway.admin import amount_cell


def money_cell(amount: Decimal | None, currency: str | None, *, struck: bool = False) -> SafeString:
    """Return an amount with its currency; a dash when there is none, struck through when it no longer counts."""
    return amount_cell(None if amount is None else readable(amount, currency), currency, struck=struck)
