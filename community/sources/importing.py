"""Run an import: send what a source read through the same upsert as the API, and say what came of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

from django.db import connection, transaction

from community.private_texts import READ_PRIVATE
from community.sources.error_file import ErrorFile
from community.sources.source import Reading, RowProblem, SourceRow
from gateway import batches
from gateway.panels import PermissionCheck

CHUNK = 1_000  # rows held in memory and sent at once
SHOWN_FAILURES = 100  # failed rows that the report itself names; the error file has all


@dataclass(frozen=True, kw_only=True)
class FailedRow:
    """A row that was refused, by the number that people count, with every reason."""

    number: int
    collection: str
    problems: tuple[RowProblem, ...]

    def reason(self) -> str:
        """Return all reasons in one line."""
        return "; ".join(str(problem) for problem in self.problems)


@dataclass(kw_only=True)
class ImportReport:
    """
    What an import did: rows by outcome, in total and per collection.

    `superseded` rows named a key that a later row of the same chunk named again; the later one
    holds. `failures` are the first hundred; `errors_file` has them all, and is None when there are
    none or nothing may be written.
    """

    dry_run: bool
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[FailedRow] = field(default_factory=list)
    errors_file: Path | None = None
    notes: dict[str, int] = field(default_factory=dict)
    unused_columns: list[str] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Return how many rows had the outcome `status`."""
        return sum(counter[status] for counter in self.outcomes.values())

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return sum(counter.total() for counter in self.outcomes.values())


def run_import(
    *,
    reading: Reading,
    now: datetime,
    dry_run: bool = False,
    errors_path: Path | None = None,
    opens_private: bool = False,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> ImportReport:
    """
    Write every row of `reading` and return the report.

    Each chunk of 1,000 rows is committed by itself, so an import that is killed has lost nothing
    and can simply be run again: rows are found by their external ids. With `dry_run` the whole
    import happens in one transaction that is rolled back, so its report is exactly what a real run
    would say; locks are held until its end. What was said in private is opened only with `opens_private`:
    whoever made the file need not be somebody who may read it. `on_progress` is told the rows of each finished chunk.
    Raises `UnreadableFile` when the error file cannot be written.
    """

    def may(permission: str, /) -> bool:
        return opens_private or permission != READ_PRIVATE

    report = ImportReport(dry_run=dry_run, unused_columns=list(reading.unused_columns))
    with ErrorFile(reading, path=None if dry_run else errors_path) as error_file:
        if dry_run:
            with transaction.atomic():
                _write(reading, report, error_file, now=now, may=may, on_progress=on_progress)
                transaction.set_rollback(True)
        else:
            _write(reading, report, error_file, now=now, may=may, on_progress=on_progress)
        report.errors_file = error_file.written
    report.notes = {note: number for note, number in reading.notes.items() if number}
    return report


def _write(
    reading: Reading,
    report: ImportReport,
    error_file: ErrorFile,
    *,
    now: datetime,
    may: PermissionCheck,
    on_progress: Callable[[int], None],
) -> None:
    for collection, rows_of_collection in groupby(reading.rows(), key=lambda row: row.collection):
        outcomes = report.outcomes.setdefault(collection, Counter())
        for chunk in _chunks(rows_of_collection):
            for row, status, problems in _write_chunk(reading, collection, chunk, now=now, may=may):
                outcomes[status] += 1
                if status == "failed":
                    failed = FailedRow(number=row.number, collection=collection, problems=tuple(problems))
                    error_file.add(row, failed.reason())
                    if len(report.failures) < SHOWN_FAILURES:
                        report.failures.append(failed)
            if connection.in_atomic_block:
                # What a commit would check is checked here: a dry run shall tell that too, and the history
                # triggers slow down with every check that is still pending.
                connection.check_constraints()
            on_progress(len(chunk))


def _write_chunk(
    reading: Reading, collection: str, chunk: list[SourceRow], *, now: datetime, may: PermissionCheck
) -> Iterator[tuple[SourceRow, str, list[RowProblem]]]:
    sound = [row for row in chunk if not row.problems]
    result = batches.upsert(collection=collection, items=[row.item for row in sound], now=now, may=may)
    outcome_of = {id(row): outcome for row, outcome in zip(sound, result.results, strict=True)}
    for row in chunk:
        outcome = outcome_of.get(id(row))
        if outcome is None:
            yield row, "failed", list(row.problems)
        else:
            yield (
                row,
                outcome.status,
                [reading.problem(row, item_field=error.field, reason=error.message) for error in outcome.errors],
            )


def _chunks(rows: Iterable[SourceRow]) -> Iterator[list[SourceRow]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
