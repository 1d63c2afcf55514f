"""`manage.py demo`: fill the demo company where it is absent, recompute on a real worker, print the report."""

import json
import os
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from config.processes import ProcessError
from crm.periods import local_day, organisation_zone
from demo.filling import Company, fill
from demo.printing import print_report
from demo.recomputing import RecomputeFailed, is_stale, recompute_with_worker
from demo.report import as_plain, demo_report
from gateway.acting import account, acting
from gateway.commands import KithCommand
from gateway.errors import DomainError

CURRENCY = "EUR"  # its prices are in it, and its exchange rates lead to it
AROUND = (
    "`make demo` serves this company and prints a login; `manage.py create_api_key me --all-scopes` prints an API key."
)


def day(text: str) -> date:
    """Return a day of ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a day. Write it as 2026-11-01.") from None


class Command(KithCommand):
    """Thin: fill, recompute, report; each is one call."""

    help = "Fill the demo company where it is absent, recompute its figures on a real worker, print its report."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which company, and what to print."""
        parser.add_argument(
            "--until", type=day, metavar="YYYY-MM-DD",
            help="the day before which the company's 24 months end; default DEMO_UNTIL, else today",
        )  # fmt: skip
        parser.add_argument("--report-only", action="store_true", help="fill and recompute nothing")
        parser.add_argument(
            "--json", dest="as_json", action="store_true", help="print the report as JSON, and nothing else"
        )

    def handle(self, *, until: date | None, report_only: bool, as_json: bool, **_: Any) -> None:
        """Do one step after the other; each says what it does."""
        if settings.PRODUCTION:
            raise CommandError("The demo company is not for production: KITH_PRODUCTION is on.")
        if (asked := settings.KITH_CURRENCY) != CURRENCY:
            raise CommandError(f"The demo company keeps its books in {CURRENCY}: run it without KITH_CURRENCY={asked}.")
        if until is None and (wanted := os.environ.get("DEMO_UNTIL")):
            try:
                until = day(wanted)
            except ArgumentTypeError as error:
                raise CommandError(f"DEMO_UNTIL: {error}") from None
        # A report in a file or a pipe is as wide as its tables.
        console = Console(width=None if self.stdout.isatty() else 150, stderr=as_json)
        if not report_only:
            self._prepare(until, console)
        report = demo_report(now=timezone.now())
        if as_json:
            self.stdout.write(json.dumps(as_plain(report), indent=2))
        else:
            print_report(report, console)
            console.print(AROUND, style="dim", highlight=False)
        if not report.is_sound:
            raise CommandError("The report's lines do not sum to its totals: see the lines with ✗.")

    def _prepare(self, until: date | None, console: Console) -> None:
        now = timezone.now()
        try:
            with _progress(console) as progress, acting(through="demo", key=account()):
                company = self._fill(until, progress)
                if company.is_new or is_stale():
                    task = progress.add_task("Recomputing on a Celery worker", total=None, count="")
                    recompute_with_worker(
                        now=now,
                        progress=lambda done, total: progress.update(task, count=f"{done} of {total} chunks"),
                    )
                    progress.update(task, total=1, completed=1)
        except DomainError as error:
            raise CommandError(error.message) from None
        except (ProcessError, RecomputeFailed) as error:
            raise CommandError(str(error)) from None
        if company.is_new:
            counts = ", ".join(f"{count:,} {key.replace('-', ' ')}" for key, count in company.items.items())
            console.print(f"Filled the 24 months up to {company.until}: {counts}.", highlight=False)
        else:
            console.print(f"The demo company is there already: 24 months up to {company.until}.", highlight=False)

    def _fill(self, until: date | None, progress: Progress) -> Company:
        tasks: dict[str, Any] = {}

        def show(key: str, count: int) -> None:
            if key not in tasks:
                for task in tasks.values():
                    progress.update(task, total=1, completed=1)
                tasks[key] = progress.add_task(f"Upserting {key.replace('-', ' ')}", total=None, count="")
            progress.update(tasks[key], count=f"{count:,}")

        now = timezone.now()
        company = fill(until=until, today=local_day(now, organisation_zone()), now=now, progress=show)
        for task in tasks.values():
            progress.update(task, total=1, completed=1)
        return company


def _progress(console: Console) -> Progress:
    """Return a display of steps with counts, which writes nothing when nobody watches."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(), console=console, disable=not console.is_terminal,
    )  # fmt: skip
