"""What an item may hold, field by field: strict types, and refusals in words for people."""

import datetime as dt
from decimal import Decimal

import pydantic
import pytest

from gateway.items import Day, FreeObject, Item, Moment, Name, Number, Ref, Slug, Text, refusals


class Sample(Item):
    text: Text(5) = ""
    name: Name(5) = ""
    slug: Slug = ""
    moment: Moment = None
    day: Day = None
    number: Number(ge=0, digits=6, places=2) = None
    share: Number(gt=0, digits=6, places=2) = None
    rate: Number(gt=0, digits=20, places=10) = None
    whole: int = 0
    flag: bool = False
    ref: Ref | None = None
    free: FreeObject | None = None


def refused(**fields):
    with pytest.raises(pydantic.ValidationError) as raised:
        Sample.model_validate(fields)
    return [(error.field, error.code) for error in refusals(raised.value)]


NINE = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("text", "", ""),
        ("text", "Æøå🧡", "Æøå🧡"),
        ("text", " a\n\t ", " a\n\t "),
        ("text", "e\u0301", "e\u0301"),  # NFD stays NFD
        ("slug", "a-B_9", "a-B_9"),
        ("moment", "2026-03-02T09:00:00Z", NINE),
        ("moment", "2026-03-02T10:00:00+01:00", NINE),
        ("moment", "2026-03-02 09:00+00:00", NINE),
        ("moment", NINE, NINE),
        ("day", "2026-03-02", dt.date(2026, 3, 2)),
        ("day", dt.date(2026, 3, 2), dt.date(2026, 3, 2)),
        ("number", "12.30", Decimal("12.30")),
        ("number", 12, Decimal(12)),
        ("number", Decimal("0.10"), Decimal("0.10")),
        ("number", "9999.99", Decimal("9999.99")),
        ("number", "-0", Decimal(0)),
        ("free", {"a": [1, None, {"b": "\u200d"}]}, {"a": [1, None, {"b": "\u200d"}]}),
        ("free", {"a": [2**63 - 1, 1 - 2**63, 1e18, -0.5, True]}, {"a": [2**63 - 1, 1 - 2**63, 1e18, -0.5, True]}),
    ],
)
def test_field_keeps_what_is_right(field, given, kept):
    assert getattr(Sample.model_validate({field: given}), field) == kept


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        ("text", 42, "not_text"),
        ("text", None, "null"),
        ("text", "123456", "too_long"),
        ("text", "a\x00b", "unstorable_text"),
        ("text", "a\ud800b", "unstorable_text"),
        ("name", "", "empty"),
        ("slug", "a b", "unstorable_text"),
        ("moment", "2026-03-02T09:00:00", "naive_time"),
        ("moment", dt.datetime(2026, 3, 2, 9), "naive_time"),  # noqa: DTZ001 - a naive time is the point
        ("moment", "2026-03-02", "naive_time"),
        ("moment", "yesterday", "not_a_time"),
        ("moment", 1772442000, "not_a_time"),
        ("moment", "1899-12-31T23:59:59Z", "out_of_range"),
        ("moment", "9999-12-31T23:59:59-12:00", "out_of_range"),
        ("moment", "0001-01-01T00:00:00+14:00", "out_of_range"),
        ("day", "2026-02-30", "not_a_day"),
        ("day", "20260302", "not_a_day"),
        ("day", NINE, "not_a_day"),
        ("day", "3000-01-01", "out_of_range"),
        ("number", 12.3, "binary_fraction"),
        ("number", float("nan"), "binary_fraction"),
        ("number", True, "not_a_number"),
        ("number", "1e3", "not_a_number"),
        ("number", "NaN", "not_a_number"),
        ("number", "Infinity", "not_a_number"),
        ("number", " 12", "not_a_number"),
        ("number", "12,30", "not_a_number"),
        ("number", "١٢", "not_a_number"),  # digits, but not ours
        ("number", Decimal("NaN"), "not_a_number"),
        ("number", "-0.01", "out_of_range"),
        ("number", "10000", "out_of_range"),
        ("number", "100000000000000", "out_of_range"),
        ("rate", 10**18, "out_of_range"),
        ("number", "0.001", "too_fine"),
        ("share", "0", "out_of_range"),
        ("whole", 1.0, "not_whole"),
        ("whole", "1", "not_whole"),
        ("whole", True, "not_whole"),
        ("flag", 1, "not_boolean"),
        ("flag", "yes", "not_boolean"),
        ("ref", "c1", "not_an_object"),
        ("free", [], "not_an_object"),
        ("free", {"a": "\x00"}, "unstorable_text"),
        ("free", {"a": ["\udfff"]}, "unstorable_text"),
        ("free", {"\x00": 1}, "unstorable_text"),
        ("free", {"a": float("inf")}, "not_json"),
        ("free", {"a": dt.date(2026, 3, 2)}, "not_json"),
        ("free", {"a": "x" * 70_000}, "too_large"),
        ("free", {"a": 2**63}, "out_of_range"),
        ("free", {"a": [-(2**63)]}, "out_of_range"),
        ("free", {"a": 1e20}, "out_of_range"),
    ],
)
def test_field_refuses_what_is_wrong(field, given, code):
    assert refused(**{field: given}) == [(field, code)]


def test_refusals_name_the_place_inside_an_object():
    assert refused(ref={"source": "shop"}) == [("ref.external_id", "required")]


def test_refusals_name_every_fault_at_once():
    assert refused(txet="a", whole="1", ref={"source": "", "external_id": "c1"}) == [
        ("whole", "not_whole"),
        ("ref.source", "empty"),
        ("txet", "unknown_field"),
    ]


def test_refusals_speak_to_people():
    with pytest.raises(pydantic.ValidationError) as raised:
        Sample.model_validate({"number": 12.3})

    assert [error.message for error in refusals(raised.value)] == [
        'Send numbers with a fraction as text, such as "12.30".'
    ]
