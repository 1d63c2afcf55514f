"""The SQL files of this folder, and the values that every one of them may name."""

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from community.interaction_kinds import help_kinds, touch_kinds
from crm.money import currency_digits

FOLDER = Path(__file__).parent / "sql"

# A value of this many minor units or more cannot be split in 64 bits: a rate must be wrong by far, and
# the conversion counts as not converted.
VALUE_LIMIT = 2**60


@cache
def statement(name: str) -> str:
    """Return the text of the SQL file `name`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def figure_parameters() -> dict[str, Any]:
    """Return the settings that figures depend on, under the names by which the SQL files call them."""
    return {
        "zone": settings.KITH_TIME_ZONE,
        "currency": settings.KITH_CURRENCY,
        "minor_per_major": 10 ** currency_digits(settings.KITH_CURRENCY),
        "limit": VALUE_LIMIT,
        "touch_kinds": touch_kinds(),
        "help_kinds": help_kinds(),
        "half_life_seconds": settings.METRICS_DECAY_HALF_LIFE_DAYS * 86_400,
    }
