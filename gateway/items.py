"""
What an item of a batch may hold: strict field types, and what is wrong with it in words for people.

An item is what came out of a JSON document, or what an import puts together from Python values;
both spellings of a moment, a day or an amount are taken. Nothing is guessed: no text from numbers,
no amount from binary fractions, no time without an offset, no character that cannot be stored.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from gateway.collections import FieldError

EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(3000, 1, 1, tzinfo=dt.UTC)  # exclusive; beyond it local days could no longer be cut
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
NumberText = Annotated[str, Field(pattern=f"^{NUMBER.pattern}$")]  # as the documentation says it
PLUS_LOST = re.compile(r"T[0-9:.]+ [0-9]{2}:?[0-9]{2}$")  # an offset whose plus was not escaped in an address
LONGEST_TEXT = 1_000_000  # characters
STORABLE = r"^[^\x00]*$"  # PostgreSQL stores every character but NUL; lone surrogates are refused by pydantic
StorableText = Annotated[str, Field(pattern=STORABLE)]  # where a field says its length itself

MAX_ID = 2**63 - 1  # of a bigint
BEYOND_64_BITS = 2**63  # where numbers end that every reader of JSON takes
Id = Annotated[int, Field(ge=1, le=MAX_ID)]  # what Kith itself calls a row


def is_id(text: str) -> bool:
    """Return whether `text`, as it stood in an address or a form, can be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID)) and 1 <= int(text) <= MAX_ID


def absent_leaves(schema: dict[str, Any]) -> None:
    """
    Take the defaults out of the documented shape of an item: types that are made from it would send them.

    What is absent stays as it is, while the null or the false of a default clears what is stored. What a new record
    begins with is said in words.
    """
    for described in schema.get("properties", {}).values():
        default = described.pop("default", None)
        if default not in (None, ""):
            words = f"Absent: stays as it is; a new record begins with {json.dumps(default)}."
            described["description"] = f"{described.get('description', '')} {words}".strip()


class Item(pydantic.BaseModel):
    """Base of every item. A field that is absent is not in `model_fields_set` and changes nothing."""

    model_config = pydantic.ConfigDict(
        extra="forbid", strict=True, frozen=True, ser_json_inf_nan="strings", json_schema_extra=absent_leaves
    )


def Text(max_length: int = LONGEST_TEXT) -> Any:  # noqa: N802 - reads as a type where it is used
    """Text of at most `max_length` characters, kept exactly as it came; it may be empty."""
    return Annotated[str, Field(max_length=max_length, pattern=STORABLE)]


def Name(max_length: int) -> Any:  # noqa: N802 - reads as a type where it is used
    """Text that may not be empty: what something is called or known by."""
    return Annotated[str, Field(min_length=1, max_length=max_length, pattern=STORABLE)]


Source = Name(50)
ExternalId = Name(255)
Slug = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[-a-zA-Z0-9_]+$")]
Username = Name(150)


def _web_address(value: str) -> str:
    # Addresses become links in the admin, where another scheme (javascript:) would run.
    if value and not re.match(r"https?://", value, re.IGNORECASE):
        raise PydanticCustomError("not_a_url", "Give a web address that begins with https:// or http://.")
    return value


Url = Annotated[Text(1000), AfterValidator(_web_address)]


def _moment(value: object) -> dt.datetime:
    if isinstance(value, str):
        if PLUS_LOST.search(value):
            raise PydanticCustomError(
                "not_a_time",
                "A plus stands for a blank in an address: write the offset as %2B01:00, or the time with Z.",
            )
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, dt.datetime):
        raise PydanticCustomError("not_a_time", "Give a time of ISO 8601, such as 2026-03-02T09:00:00Z.")
    if value.tzinfo is None or value.utcoffset() is None:
        raise PydanticCustomError(
            "naive_time", "The time has no offset from UTC. Add one: 2026-03-02T09:00:00Z or …+01:00."
        )
    # Comparing aware times needs no conversion, so that a time at the edge of the calendar cannot overflow.
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("out_of_range", "The time must lie between the years 1900 and 2999.")
    return value.astimezone(dt.UTC)


def _day(value: object) -> dt.date:
    if isinstance(value, str) and len(value) == 10:
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise PydanticCustomError("not_a_day", "Give a day as year-month-day, such as 2026-03-02.")
    if not EARLIEST.year <= value.year < LATEST.year:
        raise PydanticCustomError("out_of_range", "The day must lie between the years 1900 and 2999.")
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        raise PydanticCustomError("binary_fraction", 'Send numbers with a fraction as text, such as "12.30".')
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("not_a_number", 'Give a number as text with a decimal point, such as "12.30".')


Moment = Annotated[dt.datetime, BeforeValidator(_moment, json_schema_input_type=dt.datetime)]
Day = Annotated[dt.date, BeforeValidator(_day, json_schema_input_type=dt.date)]


def Number(*, ge: Decimal | int | None = None, gt: Decimal | int | None = None, digits: int, places: int) -> Any:  # noqa: N802
    """A decimal number from text or a whole number, with at most `digits` digits, `places` of them after the point."""

    def check(value: Decimal) -> Decimal:
        if (ge is not None and value < ge) or (gt is not None and value <= gt):
            bound = f"{ge} or more" if ge is not None else f"above {gt}"
            raise PydanticCustomError("out_of_range", "The number must be {bound}.", {"bound": bound})
        # First, for a number much too large cannot be rounded with the 28 digits of a decimal.
        if abs(value) >= Decimal(10) ** (digits - places):
            raise PydanticCustomError("out_of_range", "The number is too large.")
        if value != round(value, places):
            raise PydanticCustomError("too_fine", "At most {places} decimal places.", {"places": places})
        return value

    return Annotated[Decimal, BeforeValidator(_decimal, json_schema_input_type=NumberText | int), AfterValidator(check)]


def _storable_json(value: object) -> None:
    match value:
        case str():
            if "\x00" in value or not value.isprintable() and not _encodable(value):
                raise PydanticCustomError("unstorable_text", "A text holds a character that cannot be stored.")
        case float() if value != value or value in (float("inf"), float("-inf")):
            raise PydanticCustomError("not_json", "NaN and infinity are not JSON.")
        # What is larger came in rounded, is stored with all its digits, and could not be sent out again.
        case int() | float() if not isinstance(value, bool) and abs(value) >= BEYOND_64_BITS:
            raise PydanticCustomError("out_of_range", "A number is larger than 64 bits hold. Send it as text.")
        case dict():
            for key, inner in value.items():
                _storable_json(key)
                _storable_json(inner)
        case list():
            for inner in value:
                _storable_json(inner)
        case None | bool() | int() | float():
            pass
        case _:
            raise PydanticCustomError("not_json", "Only what JSON knows can be kept here.")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _free_object(value: dict[str, Any]) -> dict[str, Any]:
    _storable_json(value)
    if len(repr(value)) > 65_536:
        raise PydanticCustomError("too_large", "At most 65,536 characters of custom fields.")
    return value


FreeObject = Annotated[dict[str, Any], AfterValidator(_free_object)]


class Ref(Item):
    """What another system calls a row: a pair that never changes."""

    source: Source
    external_id: ExternalId

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.external_id


# What pydantic says, in Kith's words: what is wrong and how to mend it.
_WORDS: Mapping[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "missing": ("required", lambda _: "This field is required."),
    "extra_forbidden": ("unknown_field", lambda _: "There is no such field here."),
    "string_type": ("not_text", lambda _: 'Give text, in quotes: "42" and not 42.'),
    "string_unicode": ("unstorable_text", lambda _: "The text holds half a character (a lone surrogate)."),
    "string_pattern_mismatch": (
        "unstorable_text",
        lambda context: (
            "The text holds a NUL character, which cannot be stored. Remove it."
            if context["pattern"] == STORABLE
            else "Only letters of a to z, digits, hyphen and underscore."
        ),
    ),
    "string_too_short": ("empty", lambda _: "This may not be empty."),
    "string_too_long": ("too_long", lambda context: f"At most {context['max_length']} characters."),
    "too_long": ("too_long", lambda context: f"At most {context['max_length']} entries."),
    "literal_error": ("unknown_choice", lambda context: f"One of {context['expected']}."),
    "int_type": ("not_whole", lambda _: "Give a whole number, without quotes."),
    "int_from_float": ("not_whole", lambda _: "Give a whole number, without quotes."),
    "int_parsing": ("not_whole", lambda _: "Give a whole number."),
    "int_parsing_size": ("out_of_range", lambda _: "The number is too large."),
    "greater_than_equal": ("out_of_range", lambda context: f"At least {context['ge']}."),
    "greater_than": ("out_of_range", lambda context: f"More than {context['gt']}."),
    "less_than_equal": ("out_of_range", lambda context: f"At most {context['le']}."),
    "less_than": ("out_of_range", lambda context: f"Less than {context['lt']}."),
    "bool_parsing": ("not_boolean", lambda _: "Give true or false."),
    "bool_type": ("not_boolean", lambda _: "Give true or false."),
    "list_type": ("not_a_list", lambda _: "Give a list."),
    "dict_type": ("not_an_object", lambda _: "Give an object."),
    "model_type": ("not_an_object", lambda _: 'Give an object, such as {"source": "shop", "external_id": "c1"}.'),
    "model_attributes_type": ("not_an_object", lambda _: "Give an object."),
}


def refusals(error: pydantic.ValidationError) -> list[FieldError]:
    """Return what is wrong with an item, field by field. Tags of unions, named "as …", are left out of the paths."""
    found = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("as "))
        code, words = _WORDS.get(problem["type"], (problem["type"], None))
        message = words(problem.get("ctx", {})) if words else problem["msg"]
        if problem["type"] == "refused":  # by the domain, with a code of its own
            code, message = problem["ctx"]["code"], problem["ctx"]["message"]
        if problem["input"] is None and problem["type"] not in ("missing", "extra_forbidden"):
            code, message = "null", "This may not be null. Leave the field out to keep what is stored."
        found.append(FieldError(place, code, message))
    return found
