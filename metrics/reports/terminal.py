"""A report for people at a terminal: one table, the lines under it, and the sums that prove it."""

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from crm.money import quantise
from metrics.attribution.models import attribution_models
from metrics.reports.figures import Ratio
from metrics.reports.query import ALL_MODELS, MODELS
from metrics.reports.report import RoiReport, RoiRow

UNDEFINED = "–"

TITLES = {
    "campaigns": "ROI by campaign",
    "channels": "ROI by channel",
    "communities": "ROI by community",
    "members": "ROI by person",
    "summary": "ROI by month",
}


def print_report(report: RoiReport, console: Console) -> None:
    """Print `report` to `console`, with its lines, its total and the check of its sums."""
    console.print(Group(*_parts(report)))


def _parts(report: RoiReport) -> Iterable[RenderableType]:
    query = report.query
    view = f", as {query.view}, {query.cost} cost" if query.scope == "members" else ""
    model = "all models" if query.model == ALL_MODELS else attribution_models[query.model].label.lower()
    yield Text(f"{TITLES[query.scope]}{view} · {query.period} · {model} · {report.currency}", style="bold")
    if report.behind_reason:
        yield Text(f"These figures are behind: {report.behind_reason}", style="yellow")
    yield _business(report)
    yield _social(report)
    if report.row_count > len(report.rows):
        yield Text(f"{len(report.rows):,} of {report.row_count:,} rows; the others are in the line Other rows.")
    for entry in report.not_converted:
        yield Text(f"Not converted: {entry.in_words}, {entry.first_day} to {entry.last_day}.", style="yellow")
    yield from _sums(report)
    yield Text(report.note, style="dim")


def _business(report: RoiReport) -> Table:
    """Lay out money: rows, the lines beside them, the total. With all models, side by side and with their range."""
    is_all = report.query.model == ALL_MODELS
    revenue = [attribution_models[key].label for key in MODELS] if is_all else ["Credited", "Assisted"]
    others = ["ROI from", "to"] if is_all else ["ROI", "ROAS", "Conversions", "Cost each"]
    table = _table("Business", [*revenue, "Cost", *others])
    for row in report.rows:
        table.add_row(*_business_cells(row, report))
    table.add_section()
    for line in report.lines.values():
        amounts = [money(line.revenue[model]) for model in report.query.models]
        table.add_row(line.label, *amounts, *([] if is_all else [""]), money(line.cost), style="dim")
    table.add_section()
    table.add_row(*_business_cells(report.total, report), style="bold")
    return table


def _business_cells(row: RoiRow, report: RoiReport) -> list[str]:
    credited = [money(row.models[model].revenue_credited) for model in report.query.models]
    if report.query.model == ALL_MODELS:
        ratios = [row.models[model].roi for model in report.query.models]
        lowest_first = sorted(ratios, key=lambda ratio: ratio.numerator)  # the denominator is the same for all
        return [row.name, *credited, money(row.cost), percent(lowest_first[0]), percent(lowest_first[-1])]
    return [
        row.name,
        *credited,
        money(row.assisted_revenue),
        money(row.cost),
        percent(row.roi),
        number(row.roas),
        f"{row.conversions_credited:,.2f} of {row.conversions_touched:,}",
        amount(row.cost_per_conversion, report.currency),
    ]


def _social(report: RoiReport) -> Table:
    """Lay out what was done for people; only rows of which there is something to say."""
    table = _table("Social", ["Helped", "Answered", "Rating", "Cost per person"])
    has_purpose = any(row.purpose for row in report.rows)
    if has_purpose:
        table.add_column("Purpose")
        table.add_column("Of target", justify="right", no_wrap=True)
    for row in report.rows:
        figures = row.social
        if figures.people_helped or figures.questions_answered or figures.mean_rating.n or row.purpose:
            table.add_row(*_social_cells(row, report))
    table.add_section()
    table.add_row(*_social_cells(report.total, report), style="bold")
    return table


def _social_cells(row: RoiRow, report: RoiReport) -> list[str]:
    figures = row.social
    cells = [
        row.name,
        f"{figures.people_helped:,}",
        f"{figures.questions_answered:,}",
        rating(figures.mean_rating),
        amount(figures.cost_per_person_helped, report.currency),
    ]
    if row.purpose is not None:
        attained = row.purpose.attainment.value
        cells += [row.purpose.purpose, UNDEFINED if attained is None else f"{attained * 100:,.1f} %"]
    return cells


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    table.add_column("", overflow="fold", min_width=16)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _sums(report: RoiReport) -> Iterable[Text]:
    for check in report.sums:
        sides = f"{money(check.rows)} rows + {money(check.lines)} lines"
        if check.holds:
            yield Text(f"✓ {check.name}: {sides} = {money(check.total)}", style="green")
        else:
            yield Text(f"✗ {check.name}: {sides} is not {money(check.total)}", style="bold red")


def money(value: Decimal) -> str:
    """Return an amount with separated thousands: 1,234.50."""
    return f"{value:,}"


def amount(ratio: Ratio, currency: str) -> str:
    """Return a ratio that is an amount, rounded to the currency; a dash where it is undefined."""
    return UNDEFINED if ratio.value is None else money(quantise(ratio.value, currency))


def percent(ratio: Ratio) -> str:
    """Return a fraction as a signed percentage with one decimal: +100.0 %; a dash where it is undefined."""
    return UNDEFINED if ratio.value is None else f"{ratio.value * 100:+,.1f} %"


def number(ratio: Ratio) -> str:
    """Return a ratio with two decimals; a dash where it is undefined."""
    return UNDEFINED if ratio.value is None else f"{ratio.value:,.2f}"


def rating(ratio: Ratio) -> str:
    """Return a mean rating with the number of ratings: 4.33 (3); a dash where it is undefined."""
    return UNDEFINED if ratio.value is None else f"{ratio.value:.2f} ({ratio.n:,})"
