"""What stands in a cell, as the value that an item takes: numbers, dates, times, lists."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from community.sources.item_fields import ValueKind
from community.sources.local_time import LocalTimes
from community.sources.source import WrongOptions
from crm.periods import end_of_day, start_of_day

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}([.\u00a0\u202f ]\d{3})+)(,\d+)?")
_HOUR_DIRECTIVE = re.compile(r"%[HIcX]")
_YES = frozenset(("true", "yes", "y", "1"))
_NO = frozenset(("false", "no", "n", "0"))
_PROBE = datetime(2003, 11, 25, 14, 25, 36, tzinfo=UTC)


class CellError(Exception):
    """A cell does not hold what its field takes; the message is the reason."""


@dataclass(kw_only=True)
class CellReader:
    """
    Reads cells by the conventions of one file.

    `decimal_comma`: 1.234,56 is a number. `date_format`: dates and times in strptime's words instead
    of ISO 8601. `list_separator` parts the entries of a list. Times without a zone are the
    organisation's, by `local_times`.
    """

    local_times: LocalTimes
    decimal_comma: bool = False
    date_format: str | None = None
    list_separator: str = ";"

    def __post_init__(self) -> None:
        if self.date_format is None:
            return
        try:
            day, _ = self._day_or_time(_PROBE.strftime(self.date_format))
        except CellError:
            day = None
        if day != _PROBE.date():
            raise WrongOptions(
                f"--date-format '{self.date_format}' must name year, month and day, such as %d/%m/%Y or %d.%m.%Y %H:%M."
            )

    def value(self, cell: str, kind: ValueKind, *, day_ends: bool = False) -> object:
        """
        Return what `cell` means for a field of `kind`, as JSON would carry it.

        A date without an hour in a field that takes a time is the first instant of that local day,
        its last one if `day_ends`. Raises `CellError`.
        """
        if kind is ValueKind.TEXT:
            return cell
        text = cell.strip()
        match kind:
            case ValueKind.INTEGER:
                return self._integer(text)
            case ValueKind.DECIMAL:
                return self._decimal(text)
            case ValueKind.BOOLEAN:
                return _boolean(text)
            case ValueKind.LIST:
                return [entry.strip() for entry in text.split(self.list_separator) if entry.strip()]
            case ValueKind.DATE:
                return self._day_or_time(text)[0].isoformat()
            case _:
                return self._instant(text, day_ends=day_ends).isoformat()

    def _decimal(self, text: str) -> str:
        if self.decimal_comma:
            if not _COMMA_NUMBER.fullmatch(text):
                raise CellError("this is not a number with a decimal comma, such as 1.234,56")
            return re.sub(r"[.\u00a0\u202f ]", "", text).replace(",", ".")
        if "," in text:
            raise CellError("this is not a number such as 1234.56; for 1.234,56 add --decimal-comma")
        return text

    def _integer(self, text: str) -> int:
        number = self._decimal(text)
        try:
            return int(number)
        except ValueError:
            raise CellError("this is not a whole number") from None

    def _instant(self, text: str, *, day_ends: bool) -> datetime:
        day, moment = self._day_or_time(text)
        try:
            if moment is None:
                return (end_of_day if day_ends else start_of_day)(day, self.local_times.zone)
            return self.local_times.instant(moment) if moment.tzinfo is None else moment.astimezone(UTC)
        except OverflowError:
            raise CellError("this time is out of range") from None

    def _day_or_time(self, text: str) -> tuple[date, datetime | None]:
        """Return the day, and the time of it (naive or with its offset) unless only a day is given."""
        if self.date_format is None:
            return _from_iso(text)
        try:
            moment = datetime.strptime(text, self.date_format)  # noqa: DTZ007 - the zone is the caller's to add
        except ValueError:
            raise CellError(f"this is not a time of the form {self.date_format}") from None
        return moment.date(), moment if _HOUR_DIRECTIVE.search(self.date_format) else None


def _from_iso(text: str) -> tuple[date, datetime | None]:
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text), None
        if _ISO_INSTANT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.date(), moment
    except ValueError as error:
        raise CellError(f"there is no such time: {error}") from None
    raise CellError(
        "this is not a time of ISO 8601, such as 2026-03-29 or 2026-03-29T14:05; "
        "name another form with --date-format, such as %d/%m/%Y"
    )


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError("this is neither yes nor no (true, false, 1, 0)")
