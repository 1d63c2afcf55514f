"""ROI and social ROI at the terminal."""

import csv
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any, TextIO, cast

import orjson
from django.core.management import CommandError
from django.utils import timezone
from rich.console import Console

from crm.periods import FIRST_DAY, LAST_DAY, organisation_zone, preset_period, presets
from gateway.answers import to_json
from gateway.commands import KithCommand
from gateway.errors import DomainError
from gateway.spreadsheets import escape_formula
from metrics.reports import ALL_MODELS, RoiQuery, RoiReport, Scope, roi_report
from metrics.reports.layout import TABLE_HEADER, report_as_json, report_as_table
from metrics.reports.query import MODELS, ORDERINGS
from metrics.reports.terminal import print_report

USAGE_ERROR, SUMS_DO_NOT_HOLD = 2, 1

SCOPES: dict[str, Scope] = {
    "campaign": "campaigns",
    "channel": "channels",
    "community": "communities",
    "member": "members",
    "month": "summary",
}
ROWS_ON_A_SCREEN = 50
PIPED_WIDTH = 140  # characters; where there is no terminal that has a width


class Command(KithCommand):
    """
    Prints a report as a table, or writes it whole and exact as JSON or CSV.

    Exit codes: 0, the sums hold; 1, they do not, or the report failed; 2, it was asked wrongly.
    """

    help = "Show what campaigns, channels, communities, people or months brought, cost, and did for others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("--by", choices=SCOPES, required=True, help="what a row is")
        parser.add_argument("--model", choices=[*MODELS, ALL_MODELS], default="", help="attribution model, or all")
        parser.add_argument("--from", dest="start", type=_day, metavar="DAY", help="first local day, as 2026-03-01")
        parser.add_argument("--to", dest="end", type=_day, metavar="DAY", help="the local day after the last")
        parser.add_argument("--period", choices=presets.keys(), help="instead of --from and --to")
        parser.add_argument(
            "--as",
            dest="view",
            choices=["customer", "helper"],
            help="people by what they bought (customer, the default), or by what their help earned",
        )
        parser.add_argument("--cost", choices=["direct", "loaded"], help="people's cost (default: direct)")
        parser.add_argument(
            "--order",
            choices=[*ORDERINGS, *(f"-{name}" for name in ORDERINGS)],
            default="-revenue_credited",
            metavar="COLUMN",
            help=f"one of {', '.join(ORDERINGS)}; with a minus sign (--order=-cost) the largest first",
        )
        parser.add_argument("--limit", type=_count, help=f"rows to show (a table shows {ROWS_ON_A_SCREEN} of many)")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="write JSON, as the API answers")
        form.add_argument("--csv", action="store_true", help="write CSV: one line for each row and model")

    def handle(self, **asked: Any) -> None:
        """Ask for the report and print it."""
        is_table = not (asked["json"] or asked["csv"])
        report = self._report(asked, limit=asked["limit"] or (ROWS_ON_A_SCREEN if is_table else None))
        if asked["json"]:
            self.stdout.write(
                orjson.dumps(orjson.loads(to_json(report_as_json(report))), option=orjson.OPT_INDENT_2).decode()
            )
        elif asked["csv"]:
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(TABLE_HEADER)
            writer.writerows([escape_formula(cell) for cell in row] for row in report_as_table(report))
        else:
            width = None if self.stdout.isatty() else PIPED_WIDTH
            print_report(report, Console(file=cast(TextIO, self.stdout), width=width))
        if not all(check.holds for check in report.sums):
            raise CommandError(
                "The sums do not hold. Run 'recompute --all', and report this.", returncode=SUMS_DO_NOT_HOLD
            )

    def _report(self, asked: dict[str, Any], *, limit: int | None) -> RoiReport:
        if asked["by"] != "member" and (asked["view"] or asked["cost"]):
            raise CommandError("--as and --cost are for people: give them with --by member.", returncode=USAGE_ERROR)
        now = timezone.now()
        start, end = asked["start"], asked["end"]
        if asked["period"]:
            if start or end:
                raise CommandError("Give --period or --from and --to, not both.", returncode=USAGE_ERROR)
            period = preset_period(asked["period"], now=now, zone=organisation_zone())
            start, end = period.start, period.end
        try:
            return roi_report(
                RoiQuery(
                    scope=SCOPES[asked["by"]],
                    now=now,
                    start=start,
                    end=end,
                    model=asked["model"],
                    view=asked["view"] or "customer",
                    cost=asked["cost"] or "direct",
                    ordering=asked["order"],
                    limit=limit,
                )
            )
        except DomainError as error:
            raise CommandError(error.message, returncode=USAGE_ERROR) from None


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a day such as 2026-03-01") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ArgumentTypeError(f"'{text}' does not lie between the years 1900 and 2999")
    return day


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return int(text)
