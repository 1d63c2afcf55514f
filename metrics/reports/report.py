"""
What a report answers: rows, lines and a total, in the reporting currency.

For every model the rows' credited revenue and the lines' revenue sum to the total's revenue, and
the rows' and the lines' cost to the total's cost; `RoiReport.sums` shows both sides. Amounts are
`Decimal` with the currency's places; counts of people and conversions are distinct in their row and
are never summed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from crm.money import from_minor
from gateway.screen import grouped
from metrics.reports.figures import Ratio
from metrics.reports.query import RoiQuery

NOT_PROOF = "Credited means touched before the conversion; it is not proof of cause."


@dataclass(frozen=True)
class ModelFigures:
    """
    The figures of one row that depend on the attribution model.

    `conversions_credited` is the sum of shares, with six decimals: it adds up, unlike the distinct
    count `conversions_touched`.
    """

    revenue_credited: Decimal
    conversions_credited: Decimal
    roi: Ratio
    roas: Ratio
    cost_per_conversion: Ratio


@dataclass(frozen=True)
class SocialFigures:
    """What was done for people: distinct persons and threads, never summed over rows."""

    people_helped: int
    questions_answered: int
    mean_rating: Ratio
    cost_per_person_helped: Ratio


@dataclass(frozen=True)
class PurposeFigure:
    """A community's purpose, its measure's key, what was measured, the target, and measure / target."""

    purpose: str
    measure: str
    measured: Ratio
    target: Decimal | None
    attainment: Ratio

    @property
    def is_less_better(self) -> bool:
        """Whether to be above the target is bad: so it is with what each person costs."""
        return self.measure == "cost_per_person_helped"


@dataclass(frozen=True)
class Account:
    """One account of a person on a channel."""

    member_id: int
    channel: str
    external_id: str
    handle: str


@dataclass(frozen=True)
class RoiRow:
    """
    One campaign, channel, community, person or month.

    `key` is its id (a month's first day; None in the total); `code` its code, slug or month;
    `name` what people call it. `revenue` is the whole revenue behind the row where that is a figure
    of its own (the total, a buyer, a month), else None. `models` has one entry per model asked for.
    `assisted_revenue` is the whole value of conversions with at least one help touch of this row and
    overlaps between rows.
    """

    key: int | date | None
    code: str
    name: str
    lead_model: str
    models: Mapping[str, ModelFigures]
    revenue: Decimal | None
    assisted_revenue: Decimal
    conversions_touched: int
    conversions_fully_refunded: int
    cost: Decimal
    social: SocialFigures
    purpose: PurposeFigure | None = None
    accounts: tuple[Account, ...] = ()

    @property
    def lead(self) -> ModelFigures:
        """The figures of the model that leads the report."""
        return self.models[self.lead_model]

    @property
    def revenue_credited(self) -> Decimal:
        return self.lead.revenue_credited

    @property
    def conversions_credited(self) -> Decimal:
        return self.lead.conversions_credited

    @property
    def roi(self) -> Ratio:
        return self.lead.roi

    @property
    def roas(self) -> Ratio:
        return self.lead.roas

    @property
    def cost_per_conversion(self) -> Ratio:
        return self.lead.cost_per_conversion


@dataclass(frozen=True)
class RoiLine:
    """
    Money that belongs to no row: revenue per model, and cost.

    The keys of lines: `unattributed` (no touch earned it), `no_campaign` / `no_channel` (earned by
    touches without one), `no_person` (credited on guest orders), `staff_purchases`, `self`, `staff`,
    `unknown` (who acted, as helper), `not_assigned` (cost without this scope), `unallocated` (cost to
    be shared, without a basis on its day), `rounding`, and `other_rows` (left out by ids or paging).
    """

    key: str
    label: str
    revenue: Mapping[str, Decimal]
    cost: Decimal


@dataclass(frozen=True)
class NotConverted:
    """
    Money without an exchange rate: outside every sum, in its own currency, from its first to its last day.

    `currency` is None for refunds without one of an order that has not arrived, or was voided: it is the order's.
    """

    currency: str | None
    conversions: int
    revenue: Decimal
    costs: int
    cost: Decimal
    first_day: date
    last_day: date

    @property
    def in_words(self) -> str:
        """What is outside, and why: 2 conversions (50.00 GBP) and 1 cost (12.00 GBP) without an exchange rate."""
        if self.currency is None:
            return (
                f"{_number_of('refund', self.conversions)} ({grouped(self.revenue)}) of orders that are not known"
                " or were voided, and so without a currency"
            )
        parts = (("conversion", self.conversions, self.revenue), ("cost", self.costs, self.cost))
        named = [
            f"{_number_of(noun, number)} ({grouped(amount)} {self.currency})"
            for noun, number, amount in parts
            if number
        ]
        return f"{' and '.join(named)} without an exchange rate"


def _number_of(noun: str, number: int) -> str:
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class SumCheck:
    """One promise of the report with both of its sides: it holds when they are equal."""

    name: str
    rows: Decimal
    lines: Decimal
    total: Decimal

    @property
    def holds(self) -> bool:
        return self.rows + self.lines == self.total


@dataclass(frozen=True)
class RoiReport:
    """
    The answer to a `RoiQuery`.

    `row_count` is how many rows there are before `limit` and `offset`. `is_behind` says that facts
    or settings have changed since these figures were computed, and `behind_reason` in what way.
    """

    query: RoiQuery
    currency: str
    rows: list[RoiRow]
    row_count: int
    lines: dict[str, RoiLine]
    not_converted: list[NotConverted]
    total: RoiRow
    is_behind: bool = False
    behind_reason: str | None = None
    note: str = field(default=NOT_PROOF)

    @property
    def sums(self) -> list[SumCheck]:
        """Rows + lines against the total: revenue for each model asked for, then cost."""
        nothing = from_minor(0, self.currency)
        revenue = [
            SumCheck(
                name=f"revenue, {model}",
                rows=sum((row.models[model].revenue_credited for row in self.rows), nothing),
                lines=sum((line.revenue[model] for line in self.lines.values()), nothing),
                total=nothing if self.total.revenue is None else self.total.revenue,
            )
            for model in self.query.models
        ]
        cost = SumCheck(
            name="cost",
            rows=sum((row.cost for row in self.rows), nothing),
            lines=sum((line.cost for line in self.lines.values()), nothing),
            total=self.total.cost,
        )
        return [*revenue, cost]
