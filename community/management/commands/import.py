"""`manage.py import <source> <path>`: read a file or folder into Kith."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from community.sources import import_sources
from community.sources.importing import ImportReport, run_import
from community.sources.source import ImportSource, WrongOptions
from gateway.acting import acting
from gateway.commands import KithCommand
from gateway.errors import DomainError

FAILURE, USAGE, PARTIAL = 1, 2, 3  # exit codes; 0 is success
STATUSES = ("created", "updated", "unchanged", "superseded", "failed")
SHOWN_ROWS = 10  # failed rows that the terminal names


class Command(KithCommand):
    """Import files through the same rules as the sync API, and say what became of every row."""

    help = "Import a file or folder. Running it twice changes nothing; --dry-run says what it would do."

    def add_arguments(self, parser: CommandParser) -> None:
        sources = parser.add_subparsers(dest="source_key", metavar="SOURCE", required=True)
        for source in import_sources:
            options = sources.add_parser(source.key, help=source.label, description=f"Import {source.label}.")
            options.add_argument("path", type=Path, metavar=source.path_label)
            source.add_arguments(options)
            _add_common_arguments(options)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        source = import_sources[options["source_key"]]
        errors_path: Path = options["errors"] or _beside(path)
        try:
            _check_apart(errors_path, path)
            reading = source.read(path, options)
            with _progress(reading.total) as advance, acting(through=f"import {source.key}"):
                report = run_import(
                    reading=reading,
                    now=timezone.now(),
                    dry_run=options["dry_run"],
                    errors_path=errors_path,
                    opens_private=options["open_private"],
                    on_progress=advance,
                )
        except WrongOptions as error:
            raise CommandError(error.message, returncode=USAGE) from error
        except DomainError as error:
            raise CommandError(error.message, returncode=FAILURE) from error
        except OperationalError as error:
            raise CommandError(
                f"The database stopped answering: {error}. Run the same command again: it goes on where it was.",
                returncode=FAILURE,
            ) from error
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. What was imported stays; run the same command again and it goes on where it was.",
                returncode=FAILURE,
            ) from None
        if options["as_json"]:
            self.stdout.write(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
        else:
            _print(report, Console(file=cast(TextIO, self.stdout), soft_wrap=True))
        self._end(report, source, path)

    def _end(self, report: ImportReport, source: ImportSource, path: Path) -> None:
        failed = report.count("failed")
        if failed:
            sentences = [f"{failed:,} of {report.rows:,} rows failed."]
            if report.errors_file:
                sentences.append(source.mending.format(errors=report.errors_file, path=path))
            raise CommandError(
                " ".join(sentences),
                returncode=FAILURE if failed == report.rows else PARTIAL,
            )


def _beside(path: Path) -> Path:
    """Return where failed rows go unless said otherwise; a path such as `.` has no name of its own."""
    named = path if path.name not in ("", "..") else path.resolve()
    return named.with_name(f"{named.name}.errors.csv")


def _check_apart(errors_path: Path, path: Path) -> None:
    """Raise `WrongOptions` where failed rows would take the place of the rows that are still being read."""
    if errors_path.exists() and path.exists() and errors_path.samefile(path):
        raise WrongOptions(f"--errors {errors_path} is the file that is imported. Name another for the rows that fail.")


def _add_common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say exactly what would happen and write nothing")
    parser.add_argument("--errors", type=Path, metavar="FILE", help="where failed rows go (default: PATH.errors.csv)")
    parser.add_argument(
        "--open-private", action="store_true", help="let rows open to everybody what was said in private"
    )
    parser.add_argument("--json", dest="as_json", action="store_true", help="print the report as JSON")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, nothing anywhere else; yield the function that moves it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Rows", total=total)
        yield lambda rows: bar.advance(task, rows)


def _print(report: ImportReport, console: Console) -> None:
    table = Table(title="Dry run: nothing was written" if report.dry_run else None, title_justify="left", box=None)
    table.add_column("")
    for status in STATUSES:
        table.add_column(status, justify="right")
    for collection, counter in report.outcomes.items():
        table.add_row(collection, *(f"{counter[status]:,}" for status in STATUSES))
    if len(report.outcomes) != 1:
        table.add_row("all", *(f"{report.count(status):,}" for status in STATUSES))
    console.print(table)
    for note, number in report.notes.items():
        console.print(f"{note}: {number:,}", markup=False)
    if report.unused_columns:
        console.print(f"columns not used: {', '.join(report.unused_columns)}", markup=False)
    for failure in report.failures[:SHOWN_ROWS]:
        console.print(f"row {failure.number}: {failure.reason()}", markup=False, highlight=False)


def _as_json(report: ImportReport) -> dict[str, object]:
    return {
        "dry_run": report.dry_run,
        **{status: report.count(status) for status in STATUSES},
        "collections": {
            collection: {status: counter[status] for status in STATUSES}
            for collection, counter in report.outcomes.items()
        },
        "failures": [
            {
                "row": failure.number,
                "collection": failure.collection,
                "problems": [
                    {"column": problem.column, "value": problem.value, "reason": problem.reason}
                    for problem in failure.problems
                ],
            }
            for failure in report.failures
        ],
        "errors_file": str(report.errors_file) if report.errors_file else None,
        "notes": report.notes,
        "unused_columns": report.unused_columns,
    }
