"""A sample of the benchmark's own ledger against the tests' oracle in exact fractions, row by row."""

from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.facts import Scale
from metrics.models import ConversionResult, Credit
from metrics.recompute import recompute_all, recompute_stale
from tests.metrics.oracle import expected_tables

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = 97  # of the persons, by activity; the most active two come along


def measure(scale: Scale, *, is_fresh: bool) -> Iterator[str]:
    """
    Yield one line: how many rows of how many persons were compared, and how many differ.

    Unless `is_fresh`, everything is recomputed before: facts that a run before has left may have been loaded with the
    triggers at rest (daily_work.py), and then nothing says what is stale.
    """
    if not is_fresh:
        recompute_all(now=NOW)
    recompute_stale(now=NOW)
    persons = [1, 2, *range(EVERY, min(scale.contacts, 120 * EVERY), EVERY)]
    expected = expected_tables(persons)
    rows = differing = 0
    for table in (Credit, ConversionResult):
        columns = [field.attname for field in table._meta.concrete_fields]
        stored = set(table.objects.filter(person__in=persons).values_list(*columns))
        wanted = set(expected[table.__name__])
        rows += len(wanted)
        differing += len(stored ^ wanted)
    yield (
        f"Exactness: {rows:,} rows of ledger and results of {len(persons)} persons, every {EVERY}th by activity and "
        f"the two most active, compared with an oracle in exact fractions: {differing} differ."
    )
