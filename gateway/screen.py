"""How numbers look on a screen, wherever they stand."""

from decimal import Decimal

DASH = "–"  # undefined, or nothing there


def grouped(value: Decimal | int) -> str:
    """Return a number with thousands apart by commas, its decimals as they are: 12,345.60."""
    return f"{value:,}"
