"""Times without a zone: how a file's clock readings become instants."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass
class LocalTimes:
    """
    The organisation's clock, and how often it was read in an hour that is not plain.

    An hour that comes twice (clocks go back) is taken at its first occurrence; an hour that never
    comes (clocks go forward) is moved forward by the gap. Both are counted, for the report.
    """

    zone: ZoneInfo
    ambiguous: int = 0
    missing: int = 0

    def instant(self, reading: datetime) -> datetime:
        """Return the instant of a naive `reading` of the local clock, in UTC."""
        first, second = (reading.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        instant = first.astimezone(UTC)
        if first.utcoffset() != second.utcoffset():
            if instant.astimezone(self.zone).replace(tzinfo=None) == reading:
                self.ambiguous += 1
            else:
                self.missing += 1
        return instant
