"""
Money: ISO 4217 currencies, whole minor units, exact splitting.

Amounts are `Decimal` in major units with a currency beside them. An amount is a whole number of the
currency's minor units (cents for EUR, yen for JPY, fils for KWD) and below 2^39 of them, so that an
amount times a 24-bit weight still fits a 64-bit integer in the database.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Round

from gateway.errors import DomainError
from gateway.screen import trimmed

MAX_MINOR_UNITS = 2**39  # exclusive; see the module's docstring

ZERO_DIGITS = tuple("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
THREE_DIGITS = tuple("BHD IQD JOD KWD LYD OMR TND".split())
TWO_DIGITS = tuple(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
    CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
    KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
    PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
    TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW
    """.split()
)

CURRENCY_DIGITS: dict[str, int] = (
    dict.fromkeys(ZERO_DIGITS, 0) | dict.fromkeys(TWO_DIGITS, 2) | dict.fromkeys(THREE_DIGITS, 3)
)


class UnknownCurrency(DomainError):
    """The text is not the code of an ISO 4217 currency in circulation."""

    code = "unknown_currency"


class AmountTooFine(DomainError):
    """The amount has a fraction smaller than the currency's minor unit."""

    code = "amount_too_fine"


class AmountTooLarge(DomainError):
    """The amount is 2^39 minor units or more."""

    code = "amount_too_large"


def currency_digits(currency: str) -> int:
    """Return how many decimal places `currency` has: 2 for EUR, 0 for JPY. Raises `UnknownCurrency`."""
    try:
        return CURRENCY_DIGITS[currency]
    except KeyError:
        raise UnknownCurrency(
            f"'{currency}' is not a currency code. Use a code of ISO 4217 in capitals, such as EUR."
        ) from None


def to_minor(amount: Decimal, currency: str) -> int:
    """
    Return `amount` as a whole number of minor units: 12.34 EUR is 1234.

    Raises `AmountTooFine` for 12.345 EUR, `AmountTooLarge` from 2^39 units on, `UnknownCurrency`.
    """
    digits = currency_digits(currency)
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise AmountTooFine(f"{amount} {currency} has more than {digits} decimal places.")
    if abs(minor) >= MAX_MINOR_UNITS:
        raise AmountTooLarge(f"{amount} {currency} is too large: the limit is {from_minor(MAX_MINOR_UNITS, currency)}.")
    return int(minor)


def from_minor(minor: int | Decimal, currency: str) -> Decimal:
    """Return minor units as an amount with the currency's decimal places: 1230 EUR cents is 12.30."""
    return Decimal(minor).scaleb(-currency_digits(currency))


def in_reporting_currency(minor: int | Decimal) -> Decimal:
    """Return minor units of the reporting currency (`KITH_CURRENCY`) as an amount."""
    return from_minor(minor, settings.KITH_CURRENCY)


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Return `amount` rounded half up to the currency's minor unit: for output, never between two steps."""
    return amount.quantize(Decimal(1).scaleb(-currency_digits(currency)), rounding=ROUND_HALF_UP)


def readable(amount: Decimal, currency: str | None) -> Decimal:
    """
    Return an amount with the decimals of its currency, and not with those of its column: 40 EUR is 40.00, 40 JPY 40.

    One whose currency is not known has two decimals at least.
    """
    return quantise(amount, currency) if currency in CURRENCY_DIGITS else trimmed(amount)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """
    Split `total` minor units by `weights` so that the parts sum to it exactly.

    Part i is floor(total x W_i / W) - floor(total x W_(i-1) / W), where W_i is the running sum of
    the weights and W their sum: each part lies within one unit of its exact share, and the same
    weights in the same order always give the same parts. This is the one rounding rule of Kith; the
    database's copy is the SQL function `kith_part`. No weights, or only zeros, raise `ValueError`.

    Example: 10000 over [1, 1, 1] is [3333, 3333, 3334].
    """
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("There is nothing to split by: the weights sum to zero.")
    parts, running, given = [], 0, 0
    for weight in weights:
        running += weight
        upto = total * running // whole
        parts.append(upto - given)
        given = upto
    return parts


class AmountField(models.DecimalField):
    """An amount of money in major units: up to 12 digits before the point (JPY) and 3 after it (KWD)."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_digits"] = 15
        kwargs["decimal_places"] = 3
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def read_of(self, row: models.Model, amount: Decimal) -> Decimal:
        """Return what pages and histories show of an amount of `row`."""
        currency = getattr(row, "known_currency", None) or getattr(row, "currency", None)
        return readable(amount, currency)


class TypedCurrency(forms.CharField):
    """A currency as people type it: `eur` is EUR."""

    def to_python(self, value: object) -> str | None:
        code: str | None = super().to_python(value)
        return code.upper() if code else code


class CurrencyField(models.CharField):
    """An ISO 4217 code in capitals. Clients give it so; people who type it in a form need not."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_length"] = 3
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": TypedCurrency, **kwargs})


def money_constraints(
    table: str, *, amount: str = "amount", currency: str = "currency"
) -> list[models.CheckConstraint]:
    """
    Return the checks that every amount column needs: sign, size, whole minor units, shape of the code.

    A null currency is let through: the model says when it may be null.
    """

    limit = Decimal(MAX_MINOR_UNITS)
    return [
        models.CheckConstraint(
            name=f"{table}_{amount}_not_negative",
            condition=Q(**{f"{amount}__gte": 0}),
            violation_error_message="An amount cannot be negative.",
        ),
        models.CheckConstraint(
            name=f"{table}_{amount}_below_limit",
            condition=Q(
                **{
                    f"{amount}__lt": _by_digits(
                        currency, limit, limit / 100, limit / 1000, models.DecimalField(max_digits=15, decimal_places=3)
                    )
                }
            ),
            violation_error_message="The amount is too large: it must be below 2^39 minor units.",
        ),
        whole_minor_units(table, amount=amount, currency=currency),
        models.CheckConstraint(
            name=f"{table}_{currency}_iso_4217",
            condition=Q(**{f"{currency}__isnull": True}) | Q(**{f"{currency}__regex": r"^[A-Z]{3}$"}),
            violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
        ),
    ]


def whole_minor_units(table: str, *, amount: str, currency: str = "currency") -> models.CheckConstraint:
    """Return the check that an amount is not finer than its currency."""
    digits = _by_digits(currency, 0, 2, 3, models.IntegerField())
    return models.CheckConstraint(
        name=f"{table}_{amount}_whole_minor_units",
        # The stubs know a whole number of digits only; the database takes an expression as well.
        condition=Q(**{amount: Round(F(amount), digits)}),  # type: ignore[arg-type]
        violation_error_message="The amount is finer than the smallest unit of its currency.",
    )


def _by_digits(
    currency: str, zero: Decimal | int, two: Decimal | int, three: Decimal | int, field: models.Field
) -> Case:
    """Return one of three values, by how many decimals the currency has."""
    return Case(
        When(**{f"{currency}__in": ZERO_DIGITS}, then=Value(zero, output_field=field)),
        When(**{f"{currency}__in": THREE_DIGITS}, then=Value(three, output_field=field)),
        default=Value(two, output_field=field),
    )
