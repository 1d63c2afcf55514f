"""Instants as text: ISO 8601 with an offset, since a time without one could be any of 26 hours."""

from datetime import datetime
from typing import Annotated

import pydantic
from django.utils.dateparse import parse_datetime


class NaiveTime(ValueError):
    """The time has no offset."""


def parse_instant(text: object) -> datetime:
    """Return the instant that `text` names. Raises `NaiveTime` without an offset, `ValueError` for anything else."""
    instant = parse_datetime(text) if isinstance(text, str) else None
    if instant is None:
        raise ValueError("This is not a time in ISO 8601, such as 2026-03-01T09:00:00Z.")
    if instant.tzinfo is None:
        raise NaiveTime("Give the time with its offset, such as 2026-03-01T09:00:00Z.")
    return instant


Instant = Annotated[datetime, pydantic.BeforeValidator(parse_instant)]
"""An instant in a query or body, read by `parse_instant`."""
