"""Real facts, with their gaps and uneven activity: a Q&A site of seven years, and the purchases of a CD shop."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db.models import Sum
from django.test import override_settings

from benchmarks.facts import clear
from benchmarks.measuring import Measurement, Table, best_of
from metrics.models import ConversionResult, Credit
from metrics.recompute import recompute_all
from tests.real_data.importing import import_purchases, import_site, missing, real_data

NOW = datetime(2018, 9, 1, tzinfo=UTC)


def measure(table: Table) -> Iterator[Measurement]:
    """Replace all facts by the real ones and yield what the documented run takes; note what came out."""
    data = real_data()
    if sentence := missing(data):
        table.note([f"Real data: {sentence}"])
        return
    clear()
    reports: dict[str, object] = {}

    def run(name: str) -> None:
        reports[name] = import_site(data)

    for name in ("a Q&A site imported", "the same again: nothing changes"):
        seconds = best_of(1, lambda name=name: run(name))  # type: ignore[misc]
        yield Measurement(operation=f"real data: {name}", product=seconds, amount=_items(reports[name]), unit="items")
    with override_settings(KITH_CURRENCY="USD"), tempfile.TemporaryDirectory() as out:
        bought: list[dict[str, object]] = []
        seconds = best_of(1, lambda: bought.extend(import_purchases(data, Path(out))))
        yield Measurement(
            operation="real data: accounts and purchases imported", product=seconds, amount=sum(map(_items, bought)),
            unit="items",
        )  # fmt: skip
        seconds = best_of(1, lambda: recompute_all(now=NOW))
        yield Measurement(
            operation="real data: full recompute", product=seconds, amount=Credit.objects.count(), unit="credits"
        )
    purchases = ConversionResult.objects.count()
    revenue = ConversionResult.objects.aggregate(whole=Sum("value_minor"))["whole"]
    table.note([f"Real data: {purchases:,} purchases, revenue {revenue / 100:,.2f} (6,919 and 244,091.94 expected)."])


def _items(report: object) -> int:
    assert isinstance(report, dict)
    return sum(int(report[outcome]) for outcome in ("created", "updated", "unchanged", "failed"))
