"""
E-mail addresses and telephone numbers: checked, and brought to the form in which they are compared.

E-mails are compared casefolded in NFC (RFC 5321 lets the part before the @ be case-sensitive; no
mail system of today is). Telephone numbers are compared in E.164. The text as it came is kept beside.
"""

import re
import unicodedata

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from gateway.errors import DomainError

LONGEST = 320  # characters: 64 before the @, 255 after it


class InvalidEmail(DomainError):
    """The text is not an e-mail address."""

    code = "invalid_email"


class InvalidPhone(DomainError):
    """The text is not a telephone number that can be dialled."""

    code = "invalid_phone"


# Almost every address looks like this; what does not goes through the whole validator, ten times slower.
_PLAIN = re.compile(
    r"(?=.{1,64}@)[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?=.{4,253}\Z)(?:[a-z0-9]{1,63}\.)+[a-z]{2,63}", re.ASCII
)
_validate = EmailValidator()


def normalise(kind: str, raw: str) -> str:
    """Return the form in which addresses of a kind are compared; raises `InvalidEmail` or `InvalidPhone`."""
    return normalise_email(raw) if kind == "email" else normalise_phone(raw)


def normalise_email(raw: str) -> str:
    """Return the form in which e-mail addresses are compared; raises `InvalidEmail`."""
    if _PLAIN.fullmatch(raw):
        return raw
    address = unicodedata.normalize("NFC", raw)
    domain = address.rpartition("@")[2]
    try:
        # A name without a dot is a valid domain (test@io), although Django's validator wants it listed.
        (EmailValidator(allowlist=[domain]) if "." not in domain and _is_label(domain) else _validate)(address)
    except ValidationError:
        raise InvalidEmail("This is not an e-mail address. Give one such as joe@example.com.") from None
    compared = unicodedata.normalize("NFC", address.casefold())
    if len(raw) > LONGEST or len(compared) > LONGEST:
        raise InvalidEmail(f"An e-mail address has at most {LONGEST} characters.")
    return compared


def normalise_phone(raw: str, *, region: str | None = None) -> str:
    """
    Return the number in E.164, such as +442079460000; raises `InvalidPhone`.

    A number without a country code is read as one of `region` (ISO 3166, such as GB), by default
    the organisation's own.
    """
    try:
        number = phonenumbers.parse(raw, region or settings.KITH_PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number) or len(raw) > LONGEST:
        raise InvalidPhone("This is not a telephone number. Give it with its country code, such as +44 20 7946 0000.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_label(domain: str) -> bool:
    return domain.isalnum() and domain.isascii() and len(domain) <= 63
