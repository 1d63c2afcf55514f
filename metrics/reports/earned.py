"""Credited revenue from the daily roll-ups, in minor units of the reporting currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from metrics.reports.dimensions import CUSTOMERS, HELPERS, MONTHS, Dimension
from metrics.reports.query import MODELS
from metrics.reports.snapshot import Question, Rows, select

Amounts = Mapping[str, int]  # minor units per model

NOTHING: Amounts = dict.fromkeys(MODELS, 0)


# On a day on which staff bought, something that they had bought before they were staff may have been given back.
_OF_THEIR_OWN = """bool_or(
    d.credited_minor <> 0 OR d.unattributed_minor <> 0 OR d.revenue_minor = d.credited_minor + d.unattributed_minor
)"""


@dataclass(frozen=True)
class Earned:
    """
    Credited revenue of every row with any.

    `lines` holds what was credited but has no row: touches without a campaign, helpers by kind.
    `revenue` is the whole revenue of a buyer or a month, credited or not; empty for other scopes.
    """

    rows: Mapping[int | date, Amounts]
    lines: Mapping[str, Amounts]
    revenue: Mapping[int | date, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Revenue:
    """All revenue of the period: `whole` = `credited` + `unattributed` + `staff_purchases`, for every model."""

    whole: int
    credited: int
    unattributed: int
    staff_purchases: int


def revenue_in_total(parameters: Mapping[str, object]) -> Revenue:
    """Return all revenue of the period and what became of it, in one query."""
    [amounts] = select(
        """
        SELECT COALESCE(sum(revenue_minor), 0)::bigint, COALESCE(sum(credited_minor), 0)::bigint,
               COALESCE(sum(unattributed_minor), 0)::bigint, COALESCE(sum(staff_minor), 0)::bigint
        FROM metrics_totalday d
        WHERE d.day >= %(start)s::date AND d.day < %(end)s::date
        """,
        parameters,
    )
    return Revenue(*amounts)


def staff_purchases_of(parameters: Mapping[str, object]) -> Question[dict[int, int]]:
    """Ask what each of the persons `only` bought as staff, which no report has a row for; by one SELECT."""
    sql = """
        SELECT d.person_id, sum(d.revenue_minor - d.credited_minor - d.unattributed_minor)::bigint
        FROM metrics_personday d
        WHERE d.person_id = ANY(%(only)s::bigint[]) AND d.day >= %(start)s::date AND d.day < %(end)s::date
        GROUP BY 1
    """
    return Question([(sql, parameters)], dict)


def earned(dimension: Dimension, parameters: Mapping[str, object], *, few: bool = False) -> Question[Earned]:
    """
    Ask for the credited revenue of each row and of the lines beside them, by one SELECT.

    With `few`, only that of the rows that `parameters` names as `only`, without the lines.
    """
    only = f"AND {dimension.earned_only}" if few else ""
    if dimension is HELPERS:
        return _earned_by_helpers(parameters, only=only)
    if dimension in (CUSTOMERS, MONTHS):
        return _earned_whole(dimension, parameters, only=only)
    sql = f"""
        SELECT {dimension.earned_key}, {_sums()}
        FROM {dimension.earned_from}
        WHERE d.day >= %(start)s::date AND d.day < %(end)s::date {only}
        GROUP BY 1
    """

    def read(rows: Rows) -> Earned:
        amounts = {key: dict(zip(MODELS, minor, strict=True)) for key, *minor in rows}
        without = amounts.pop(None, NOTHING)
        return Earned(rows=amounts, lines={dimension.line: without})

    return Question([(sql, parameters)], read)


def _sums() -> str:
    return ", ".join(f"COALESCE(sum(d.{model}_minor), 0)::bigint" for model in MODELS)


def _earned_by_helpers(parameters: Mapping[str, object], *, only: str) -> Question[Earned]:
    sql = f"""
        SELECT CASE WHEN d.actor_kind = 'member' AND p.person_id IS NULL THEN 'unknown' ELSE d.actor_kind END,
               p.person_id, {_sums()}
        FROM {HELPERS.earned_from}
        WHERE d.day >= %(start)s::date AND d.day < %(end)s::date {only}
        GROUP BY 1, 2
    """

    def read(found: Rows) -> Earned:
        rows: dict[int | date, Amounts] = {}
        lines: dict[str, Amounts] = {"self": NOTHING, "staff": NOTHING, "unknown": NOTHING}
        for kind, person, *minor in found:
            amounts = dict(zip(MODELS, minor, strict=True))
            if kind == "member":
                rows[person] = amounts
            else:
                lines[kind] = {model: lines[kind][model] + amounts[model] for model in MODELS}
        return Earned(rows=rows, lines=lines)

    return Question([(sql, parameters)], read)


def _earned_whole(dimension: Dimension, parameters: Mapping[str, object], *, only: str) -> Question[Earned]:
    """
    As customer and by month the whole credited value counts, so it is the same for every model.

    Staff purchases are no customer's revenue: a person with nothing else has no row.
    """
    sql = f"""
        SELECT {dimension.earned_key}, sum(d.credited_minor)::bigint, sum(d.unattributed_minor)::bigint,
               sum(d.revenue_minor - d.credited_minor - d.unattributed_minor)::bigint
        FROM {dimension.earned_from}
        WHERE d.day >= %(start)s::date AND d.day < %(end)s::date {only}
        GROUP BY 1
        HAVING {"TRUE" if dimension is MONTHS else _OF_THEIR_OWN}
    """

    def read(found: Rows) -> Earned:
        rows: dict[int | date, Amounts] = {}
        revenue: dict[int | date, int] = {}
        without = NOTHING
        for key, credited, unattributed, staff in found:
            if key is None:
                without = dict.fromkeys(MODELS, int(credited))
                continue
            rows[key] = dict.fromkeys(MODELS, int(credited))
            revenue[key] = credited + unattributed + (staff if dimension is MONTHS else 0)
        return Earned(rows=rows, lines={dimension.line: without} if dimension.line else {}, revenue=revenue)

    return Question([(sql, parameters)], read)
