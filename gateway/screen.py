"""How numbers look on a screen, wherever they stand."""

from decimal import Decimal

DASH = "–"  # undefined, or nothing there


def trimmed(value: Decimal) -> Decimal:
    """Return a number without the zeros that only its column adds, with two decimals at least: 99.00, 1.1534."""
    cents = value.quantize(Decimal("0.01"))
    return cents if cents == value else value.normalize()


def grouped(value: Decimal | int) -> str:
    """Return a number with thousands apart by commas, its decimals as they are: 12,345.60."""
    return f"{value:,}"
