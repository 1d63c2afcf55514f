"""
Cost by row, from the costs' days, in minor units of the reporting currency.

Only cost rows are money. A campaign, channel or community bears what is booked on it; what is booked
elsewhere or nowhere is "not assigned" and is never spread silently. People bear their rewards and
their share of what is to be shared: see `shares`. What staff are rewarded with is nobody's row. Days
that have not come yet are not yet cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from metrics.reports.dimensions import Dimension
from metrics.reports.query import Cost, View
from metrics.reports.shares import shared_among_people
from metrics.reports.snapshot import Question, Rows, Select, select
from metrics.reports.social import IS_STAFF_AT

# A reward to somebody who was staff on its day, at the day's end as what has a date alone: staff have no row.
IS_TO_STAFF = IS_STAFF_AT.format(
    person="{person}", instant="((d.day + 1)::timestamp AT TIME ZONE %(zone)s - interval '1 microsecond')"
)
NOTHING_SHARED = "FALSE"
# Which pooled costs people bear a share of. Direct, as customer: what staffing cost while it helped
# them. That is no cost of the help they give to others: as helper, only rewards are direct.
SHARED = {
    ("customer", "direct"): "c.category = 'staffing' AND c.sharing = 'minutes'",
    ("helper", "direct"): NOTHING_SHARED,
    ("customer", "loaded"): "c.sharing IN ('minutes', 'touches', 'even')",
    ("helper", "loaded"): "c.sharing IN ('minutes', 'touches', 'even')",
}


@dataclass(frozen=True)
class Spent:
    """
    Cost of every row with any, of the lines, and of the whole.

    A person's cost may hold a fraction of a minor unit. Rows rounded half up + lines = total.
    """

    rows: Mapping[int | date, Decimal]
    lines: Mapping[str, int]
    total: int


def whole_minor(minor: Decimal) -> int:
    """Return an amount in minor units rounded half up to whole ones: what a row shows."""
    return int(minor.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def spent(dimension: Dimension, parameters: Mapping[str, object], *, view: View, cost: Cost) -> Spent:
    """Return the cost of each row and of the lines beside them: one query, two where rows are people."""
    if dimension.spent_key is None:
        return _spent_on_people(parameters, shared=SHARED[view, cost], by_touches=cost == "loaded")
    booked = {
        key: int(minor)
        for key, minor in select(
            f"""
            SELECT {dimension.spent_key}, sum(d.amount_minor)
            FROM metrics_costday d
            JOIN community_cost c ON c.id = d.cost_id
            LEFT JOIN community_channel ch ON ch.id = c.channel_id
            WHERE d.day >= %(start)s::date AND d.day < %(cost_end)s::date
            GROUP BY 1
            """,
            parameters,
        )
    }
    total = sum(booked.values())
    not_assigned = booked.pop(None, 0)
    return Spent({key: Decimal(minor) for key, minor in booked.items()}, {"not_assigned": not_assigned}, total)


def spent_on_few(
    parameters: Mapping[str, object], *, persons: Sequence[int], view: View
) -> Question[dict[int, Decimal]]:
    """Ask for the direct cost of these people, unrounded, as `spent` has it; at most two SELECTs."""
    rewards: Select = (
        f"""
        SELECT record.person_id, sum(d.amount_minor)
        FROM crm_contact record
        JOIN community_cost c ON c.contact_id = record.id
        JOIN metrics_costday d ON d.cost_id = c.id
        WHERE record.person_id = ANY(%(only_persons)s::bigint[])
            AND d.day >= %(start)s::date AND d.day < %(cost_end)s::date
            AND NOT {IS_TO_STAFF.format(person="record.person_id")}
        GROUP BY 1
        """,
        {**parameters, "only_persons": list(persons)},
    )
    shared = SHARED[view, "direct"]
    if shared == NOTHING_SHARED:
        return Question([rewards], _minor_by_person)
    shares = shared_among_people(parameters, shared=shared, by_touches=False, days_of=persons)

    def read(rewarded: Rows, *given: Rows) -> dict[int, Decimal]:
        costs = _minor_by_person(rewarded)
        for person, minor in shares.read(*given)[0].items():
            costs[person] = costs.get(person, Decimal(0)) + minor
        return {person: costs[person] for person in persons if person in costs}

    return Question([rewards, *shares.selects], read)


def _minor_by_person(rows: Rows) -> dict[int, Decimal]:
    return {person: Decimal(minor) for person, minor in rows}


def _spent_on_people(parameters: Mapping[str, object], *, shared: str, by_touches: bool) -> Spent:
    rewards: dict[int, int] = {}
    to_share = not_assigned = 0
    for person, is_shared, minor in select(
        f"""
        SELECT p.person_id, c.contact_id IS NULL AND {shared}, sum(d.amount_minor)
        FROM metrics_costday d
        JOIN community_cost c ON c.id = d.cost_id
        LEFT JOIN crm_contact p ON p.id = c.contact_id AND NOT {IS_TO_STAFF.format(person="p.person_id")}
        WHERE d.day >= %(start)s::date AND d.day < %(cost_end)s::date
        GROUP BY 1, 2
        """,
        parameters,
    ):
        if person is not None:
            rewards[person] = int(minor)
        elif is_shared:
            to_share = int(minor)
        else:
            not_assigned = int(minor)
    shares, given = shared_among_people(parameters, shared=shared, by_touches=by_touches).ask()
    rows = {
        person: rewards.get(person, 0) + shares.get(person, Decimal(0)) for person in rewards.keys() | shares.keys()
    }
    total = sum(rewards.values()) + to_share + not_assigned
    shown = sum(whole_minor(minor) for minor in rows.values())
    lines = {
        "not_assigned": not_assigned,
        "unallocated": to_share - given,
        "rounding": sum(rewards.values()) + given - shown,
    }
    return Spent({person: Decimal(minor) for person, minor in rows.items()}, lines, total)
