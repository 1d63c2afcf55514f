"""The report on a terminal: tables, three lines about Joe, and the sums."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.report import DemoReport
from demo.story import JoesStory
from metrics.attribution.models import attribution_models
from metrics.reports import Ratio, RoiLine, RoiReport, RoiRow

UNDEFINED = "–"


def print_report(report: DemoReport, console: Console) -> None:
    """Print the whole report."""
    model = attribution_models[report.campaigns.total.lead_model].label
    console.print(_headline(report.communities))
    console.print(_campaigns(report.campaigns, model))
    console.print(_communities(report.communities, model))
    console.print(_people(report.customers, f"The ten who brought most, as customers ({model})", with_revenue=True))
    console.print(_people(report.helpers, f"The ten who earned most, as helpers ({model})", with_revenue=False))
    if report.joe:
        for line in joe_in_three_lines(report.joe):
            console.print(line)
    console.print(_sums(report))
    console.print(Text(report.campaigns.note, style="dim"))


def joe_in_three_lines(joe: JoesStory) -> list[Text]:
    """Tell what Joe brought and who is credited for it."""
    models = " / ".join(model.label.lower() for model in attribution_models)
    shares = "; ".join(
        f"{touch.who}'s {touch.kind} {' / '.join(money(amount) for amount in touch.credited.values())}"
        for touch in joe.touches
    )
    credited = " / ".join(dict.fromkeys(money(amount) for amount in joe.credited.values()))
    communities = ", ".join(dict.fromkeys(touch.community for touch in joe.touches))
    return [
        Text.assemble(
            ("Joe Bloggs", "bold"),
            f" asked on the forum, was helped there and on the phone, and brought {money(joe.brought)} {joe.currency},"
            " his refund taken off.",
        ),
        Text(f"Credit by {models}: {shares}."),
        Text(
            f"“{communities}” gets {credited} by every model; {money(joe.unattributed)} is unattributed: his first"
            " course, before anybody here had to do with him."
        ),
    ]


def money(amount: Decimal) -> str:
    """Return an amount with its thousands apart: 1,234.50."""
    return f"{amount:,.2f}"


def percent(ratio: Ratio) -> str:
    """Return a fraction as whole percent with its sign, a dash when undefined."""
    if ratio.value is None:
        return UNDEFINED
    return f"{(ratio.value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP):+,} %"


def _decimal(ratio: Ratio) -> str:
    if ratio.value is None:
        return UNDEFINED
    return f"{ratio.value.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,}"


def _cost(amount: Decimal) -> str:
    return money(amount) if amount else UNDEFINED


def _headline(report: RoiReport) -> Text:
    total, social = report.total, report.total.social
    unattributed = report.lines["unattributed"].revenue[total.lead_model]
    return Text.assemble(
        (f"\nHarbour Lane Training, 24 months, in {report.currency}\n", "bold"),
        f"Business: revenue {money(total.revenue or Decimal(0))}, credited to the community"
        f" {money(total.revenue_credited)}, unattributed {money(unattributed)}; cost {money(total.cost)};"
        f" ROI {percent(total.roi)}.\n"
        f"Social: {social.people_helped:,} people helped, {social.questions_answered:,} questions answered,"
        f" mean rating {_decimal(social.mean_rating)} (n = {social.mean_rating.n:,}),"
        f" {_decimal(social.cost_per_person_helped)} a person helped.\n",
    )


def _table(title: str, *columns: str, texts: int = 1) -> Table:
    """Return an empty table: the first `texts` columns hold text, the others figures."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < texts else "right", no_wrap=number >= texts)
    return table


def _add_lines(table: Table, report: RoiReport, cells: Callable[[RoiLine, Decimal], Sequence[str]]) -> None:
    """Add what belongs to no row; `cells` lays out a line and its revenue."""
    table.add_section()
    for line in report.lines.values():
        table.add_row(line.label, *cells(line, line.revenue[report.total.lead_model]), style="dim")


def _campaigns(report: RoiReport, model: str) -> Table:
    table = _table(f"ROI by campaign ({model})", "Campaign", "Credited", "Conversions touched", "Cost", "ROI")
    for row in report.rows:
        touched = f"{row.conversions_touched:,}"
        table.add_row(row.name, money(row.revenue_credited), touched, _cost(row.cost), percent(row.roi))
    _add_lines(table, report, lambda line, revenue: (money(revenue), "", _cost(line.cost), ""))
    total = report.total
    table.add_section()
    table.add_row("Revenue and cost", money(total.revenue or Decimal(0)), "", money(total.cost), "", style="bold")
    return table


def _communities(report: RoiReport, model: str) -> Table:
    table = _table(
        f"ROI by community: business ({model}) | social",
        "Community", "Credited", "Cost", "ROI", "| Helped", "Answered", "Rating", "Cost a person", "Purpose reached",
    )  # fmt: skip
    for row in report.rows:
        social = row.social
        table.add_row(
            row.name, money(row.revenue_credited), _cost(row.cost), percent(row.roi), f"{social.people_helped:,}",
            f"{social.questions_answered:,}", f"{_decimal(social.mean_rating)} (n = {social.mean_rating.n:,})",
            _decimal(social.cost_per_person_helped), _purpose(row),
        )  # fmt: skip
    _add_lines(table, report, lambda line, revenue: (money(revenue), _cost(line.cost)))
    return table


def _purpose(row: RoiRow) -> str:
    """How far the community got in what it is for: its measure against its target."""
    if row.purpose is None or row.purpose.target is None:
        return UNDEFINED
    reached = percent(row.purpose.attainment).lstrip("+")
    return f"{reached} of {row.purpose.target:,.0f} {row.purpose.measure.replace('_', ' ')}"


def _people(report: RoiReport, title: str, *, with_revenue: bool) -> Table:
    whole = ["Revenue"] if with_revenue else []
    table = _table(title, "Person", "Accounts", *whole, "Credited", "Conversions touched", "Cost", texts=2)
    for row in report.rows:
        accounts = ", ".join(f"{account.handle} ({account.channel})" for account in row.accounts)
        revenue = [money(row.revenue or Decimal(0))] if with_revenue else []
        table.add_row(
            row.name, accounts or UNDEFINED, *revenue, money(row.revenue_credited), f"{row.conversions_touched:,}",
            _cost(row.cost),
        )  # fmt: skip
    _add_lines(table, report, lambda line, revenue: ("", *[""] * len(whole), money(revenue), "", _cost(line.cost)))
    return table


def _sums(report: DemoReport) -> Table:
    table = _table("Nothing is lost: rows + lines = total", "Report", "Figure", "Rows", "Lines", "Total", "", texts=2)
    for name, checks in report.checks.items():
        table.add_section()
        for check in checks:
            mark = Text("✓", style="green") if check.holds else Text("✗", style="bold red")
            table.add_row(name, check.name, money(check.rows), money(check.lines), money(check.total), mark)
    return table
