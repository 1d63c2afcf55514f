from zoneinfo import ZoneInfo

import pytest

from community.sources.cells import CellError, CellReader
from community.sources.item_fields import ValueKind
from community.sources.local_time import LocalTimes
from community.sources.source import WrongOptions


def reader(**options):
    return CellReader(local_times=LocalTimes(ZoneInfo("Europe/Copenhagen")), **options)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("  Æble ", ValueKind.TEXT, "  Æble "),
        (" 40.00 ", ValueKind.DECIMAL, "40.00"),
        ("12", ValueKind.INTEGER, 12),
        ("Yes", ValueKind.BOOLEAN, True),
        ("0", ValueKind.BOOLEAN, False),
        ("new; vip ;", ValueKind.LIST, ["new", "vip"]),
        ("2027-04-03", ValueKind.DATE, "2027-04-03"),
        ("2027-04-03T10:00:00Z", ValueKind.INSTANT, "2027-04-03T10:00:00+00:00"),
        ("2027-04-03T10:00+02:00", ValueKind.INSTANT, "2027-04-03T08:00:00+00:00"),
        ("2027-04-03 10:00:00.5", ValueKind.INSTANT, "2027-04-03T08:00:00.500000+00:00"),
        ("2027-04-03", ValueKind.INSTANT, "2027-04-02T22:00:00+00:00"),
    ],
)
def test_value_of_a_plain_cell(cell, kind, value):
    assert reader().value(cell, kind) == value


def test_value_of_a_day_that_ends_is_its_last_microsecond():
    assert reader().value("2027-04-03", ValueKind.INSTANT, day_ends=True) == "2027-04-03T21:59:59.999999+00:00"


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1.234,56", "1234.56"), ("-7,5", "-7.5"), ("1.234.567", "1234567"), ("12", "12"), ("1\u00a0234,00", "1234.00")],
)
def test_value_with_a_decimal_comma(cell, number):
    assert reader(decimal_comma=True).value(cell, ValueKind.DECIMAL) == number


def test_value_with_a_decimal_comma_refuses_a_decimal_point():
    with pytest.raises(CellError, match="decimal comma"):
        reader(decimal_comma=True).value("12.50", ValueKind.DECIMAL)


@pytest.mark.parametrize(
    ("date_format", "cell", "value"),
    [
        ("%d/%m/%Y", "03/04/2027", "2027-04-02T22:00:00+00:00"),
        ("%m/%d/%Y", "03/04/2027", "2027-03-03T23:00:00+00:00"),
        ("%d.%m.%Y %H:%M", "03.04.2027 14:05", "2027-04-03T12:05:00+00:00"),
    ],
)
def test_value_by_a_date_format(date_format, cell, value):
    assert reader(date_format=date_format).value(cell, ValueKind.INSTANT) == value


@pytest.mark.parametrize(
    ("cell", "kind", "reason"),
    [
        ("1.234,56", ValueKind.DECIMAL, "--decimal-comma"),
        ("12.5", ValueKind.INTEGER, "whole number"),
        ("maybe", ValueKind.BOOLEAN, "yes nor no"),
        ("03/04/2027", ValueKind.INSTANT, "--date-format"),
        ("20270403", ValueKind.DATE, "--date-format"),
        ("2027-02-29", ValueKind.DATE, "no such time"),
        ("2027-04-03T25:00", ValueKind.INSTANT, "no such time"),
        ("0001-01-01", ValueKind.INSTANT, "out of range"),
    ],
)
def test_value_refuses_what_could_be_misread(cell, kind, reason):
    with pytest.raises(CellError, match=reason):
        reader().value(cell, kind)


def test_value_of_the_last_day_of_the_calendar_is_out_of_range():
    with pytest.raises(CellError, match="out of range"):
        reader().value("9999-12-31", ValueKind.INSTANT, day_ends=True)


@pytest.mark.parametrize("date_format", ["%d/%m", "%Q", "2027", "%H:%M"])
def test_date_format_must_name_a_whole_day(date_format):
    with pytest.raises(WrongOptions, match="year, month and day"):
        reader(date_format=date_format)


def test_value_counts_the_hours_that_are_not_plain():
    cells = reader()

    for cell in ("2026-10-25T02:30", "2026-03-29T02:30", "2026-03-29T03:30"):
        cells.value(cell, ValueKind.INSTANT)

    assert (cells.local_times.ambiguous, cells.local_times.missing) == (1, 1)
