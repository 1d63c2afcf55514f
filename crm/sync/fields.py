"""Item fields that money and people need, and the checks between an amount and its currency."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from crm.contact_points import normalise_email, normalise_phone
from crm.countries import country_code
from crm.money import currency_digits, to_minor
from gateway.collections import FieldError
from gateway.errors import DomainError
from gateway.items import Number, Text

Answer = TypeVar("Answer")


class Address(NamedTuple):
    """An e-mail address or telephone number: as it came, and as it is compared."""

    raw: str
    normalised: str


def _email(raw: str) -> Address:
    return Address(raw, _ask(normalise_email, raw))


def _phone(raw: str) -> Address:
    return Address(raw, _ask(normalise_phone, raw))


def _currency(code: str) -> str:
    _ask(currency_digits, code)
    return code


def _country(code: str) -> str:
    return _ask(country_code, code)


def _ask(question: Callable[[str], Answer], value: str) -> Answer:
    """Return what the domain answers; its refusal becomes one of the field."""
    try:
        return question(value)
    except DomainError as refusal:
        raise PydanticCustomError("refused", "{message}", {"code": refusal.code, "message": refusal.message}) from None


Email = Annotated[Text(320), AfterValidator(_email)]
Phone = Annotated[Text(320), AfterValidator(_phone)]
Currency = Annotated[Text(3), AfterValidator(_currency)]
Country = Annotated[Text(2), AfterValidator(_country)]
Amount = Number(ge=0, digits=15, places=3)
SignedAmount = Number(digits=15, places=3)


def money_problems(
    facts: Mapping[str, Any], *, amount: str = "amount", currency: str = "currency"
) -> Iterator[FieldError]:
    """Say what is wrong between an amount and its currency when an item gives both; the database checks the rest."""
    given: Decimal | None = facts.get(amount)
    code: str | None = facts.get(currency)
    if given is not None and code is not None:
        try:
            to_minor(given, code)
        except DomainError as refusal:
            yield FieldError(amount, refusal.code, refusal.message)
