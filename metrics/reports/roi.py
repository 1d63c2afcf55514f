"""
`roi_report`: the one function behind every ROI and social ROI that people read.

It asks each source once for all rows together, joins the answers by key, and applies the formulas of
`figures`. The number of queries depends on the scope alone, never on the number of rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings

from community.models import Community
from crm.money import in_reporting_currency
from crm.periods import local_day
from gateway.screen import trimmed
from metrics.reports import figures
from metrics.reports.conversions import ConversionCounts, conversions_in_total, conversions_of_rows
from metrics.reports.dimensions import dimension_of
from metrics.reports.earned import NOTHING, Amounts, Earned, Revenue, earned, revenue_in_total
from metrics.reports.freshness import behind_reason
from metrics.reports.names import Name, accounts_of, every_key, names_of
from metrics.reports.query import MODELS, RoiQuery
from metrics.reports.report import Account, ModelFigures, PurposeFigure, RoiLine, RoiReport, RoiRow, SocialFigures
from metrics.reports.snapshot import one_snapshot
from metrics.reports.social import Social, SocialCounts, social_counts
from metrics.reports.spent import Spent, spent, spent_on_few, whole_minor
from metrics.reports.unconverted import not_converted

Key = int | date

LINE_LABELS = {
    "no_campaign": "No campaign",
    "no_channel": "No channel",
    "no_person": "Guest orders",
    "self": "The buyers themselves",
    "staff": "Staff",
    "unknown": "Somebody unknown",
    "unattributed": "Unattributed",
    "staff_purchases": "Staff purchases",
    "not_assigned": "Not assigned",
    "unallocated": "Unallocated",
    "rounding": "Rounding",
    "other_rows": "Other rows",
}

# What an ordering needs the ledger for: without it, only the rows shown are looked up there.
_ORDERED_BY_LEDGER = ("assisted_revenue", "conversions_touched")


@dataclass(frozen=True)
class _Sources:
    """What the sources say about all rows together, before anything is laid out."""

    earned: Earned
    spent: Spent
    social: Social

    def keys(self) -> set[Key]:
        return {*self.earned.rows, *self.spent.rows, *self.social.rows}


def roi_report(query: RoiQuery) -> RoiReport:
    """
    Answer `query`: revenue credited, cost and what was done for people, row by row, with lines and total.

    A fixed number of queries for each scope (at most 18), in one snapshot of the database. Campaigns,
    channels and communities that are not archived have a row even without figures; people and months
    only with some. Without any facts every amount is 0 and every ratio undefined, with its reason.
    """
    with one_snapshot():
        return _report(query)


def rows_of(query: RoiQuery) -> dict[int, RoiRow]:
    """
    Return the rows that `roi_report` has of the `ids` of `query`, by id: for a page about one or two of them.

    Without lines and total, so that only what belongs to these rows is read. Whatever has no row in the report
    has none here; order, limit and offset say nothing. At most nine queries. People bear direct cost here: loaded cost
    takes everybody's touches, as the whole report does.
    """
    if query.ids is None or query.scope == "summary" or query.cost == "loaded":
        raise ValueError("Name the ids of campaigns, channels, communities or people, and ask for direct cost.")
    ids = list(query.ids)
    with one_snapshot():
        dimension = dimension_of(query)
        parameters = {**parameters_of(query), "only": ids}
        earnings = earned(dimension, parameters, few=True).ask()
        if query.scope == "members":
            costs = spent_on_few(parameters, persons=ids, view=query.view).ask()
        else:
            booked = spent(dimension, parameters, view=query.view, cost=query.cost).rows
            costs = {key: booked[key] for key in ids if key in booked}
        social = social_counts(dimension, parameters, few=True).ask()
        known = {*earnings.rows, *costs, *social.rows, *every_key(query.scope)}
        keys = [key for key in ids if key in known]
        conversions = conversions_of_rows(dimension, parameters, keys=keys, models=query.models).ask()
        names = names_of(query.scope, keys)
        accounts = accounts_of(keys) if query.scope == "members" else {}
    return {
        key: _row(
            key,
            name=names.get(key, Name("", str(key))),
            amounts=earnings.rows.get(key, NOTHING),
            revenue=earnings.revenue.get(key, 0) if query.scope == "members" else None,
            cost=costs.get(key, Decimal(0)),
            conversions=conversions.get(key, ConversionCounts()),
            social=social.rows.get(key, SocialCounts()),
            accounts=accounts.get(key, ()),
            query=query,
        )
        for key in keys
    }


def _report(query: RoiQuery) -> RoiReport:
    dimension = dimension_of(query)
    parameters = parameters_of(query)
    sources = _Sources(
        earned=earned(dimension, parameters).ask(),
        spent=spent(dimension, parameters, view=query.view, cost=query.cost),
        social=social_counts(dimension, parameters).ask(),
    )
    keys = sources.keys() | set(every_key(query.scope))
    if query.ids is not None:
        keys &= set(query.ids)
    by_ledger = query.ordering.removeprefix("-") in _ORDERED_BY_LEDGER
    by_name = query.ordering.removeprefix("-") == "name"
    conversions = (
        conversions_of_rows(dimension, parameters, keys=query.ids, models=query.models).ask() if by_ledger else {}
    )
    names = names_of(query.scope, list(keys)) if by_name else {}
    ordered = _ordered(keys, query=query, sources=sources, conversions=conversions, names=names)
    shown = ordered[query.offset :] if query.limit is None else ordered[query.offset : query.offset + query.limit]
    ids = [key for key in shown if isinstance(key, int)]
    if not by_ledger:
        shown_alone = None if query.scope == "summary" else ids
        conversions = conversions_of_rows(dimension, parameters, keys=shown_alone, models=query.models).ask()
    names = names or names_of(query.scope, shown)
    accounts = accounts_of(ids) if query.scope == "members" else {}
    rows = [
        _row(
            key,
            name=names.get(key, Name("", str(key))),
            amounts=sources.earned.rows.get(key, NOTHING),
            revenue=sources.earned.revenue.get(key, 0) if query.scope in ("members", "summary") else None,
            cost=sources.spent.rows.get(key, Decimal(0)),
            conversions=conversions.get(key, ConversionCounts()),
            social=sources.social.rows.get(key, SocialCounts()),
            accounts=accounts.get(key, ()) if isinstance(key, int) else (),
            query=query,
        )
        for key in shown
    ]
    revenue = revenue_in_total(parameters)
    behind = behind_reason()
    return RoiReport(
        query=query,
        currency=settings.KITH_CURRENCY,
        rows=rows,
        row_count=len(keys),
        lines=_lines(query, sources=sources, revenue=revenue, hidden=sources.keys() - set(shown)),
        not_converted=not_converted(parameters),
        total=_total(query, sources=sources, revenue=revenue, conversions=conversions_in_total(parameters)),
        is_behind=behind is not None,
        behind_reason=behind,
    )


def parameters_of(query: RoiQuery) -> dict[str, object]:
    """Return what every statement may name. An open side of the period is infinite."""
    period = query.period
    tomorrow = local_day(query.now, period.zone) + timedelta(days=1)
    return {
        "start": period.start or "-infinity",
        "end": period.end or "infinity",
        "starts_at": period.starts_at or "-infinity",
        "ends_at": period.ends_at or "infinity",
        "cost_end": min(period.end or tomorrow, tomorrow),
        "zone": period.zone.key,
        "currency": settings.KITH_CURRENCY,
    }


def _ordered(
    keys: Iterable[Key],
    *,
    query: RoiQuery,
    sources: _Sources,
    conversions: Mapping[Key, ConversionCounts],
    names: Mapping[Key, Name],
) -> list[Key]:
    """Sort by what was asked for, undefined last, ties by key. Months stand in their own order."""
    if query.scope == "summary":
        return sorted(keys)
    ordering = query.ordering.removeprefix("-")
    is_descending = query.ordering.startswith("-")

    def amount(key: Key) -> int:
        return sources.earned.rows.get(key, NOTHING)[query.lead_model]

    def value(key: Key) -> Decimal | int | str | None:
        cost = sources.spent.rows.get(key, Decimal(0))
        match ordering:
            case "revenue_credited":
                return amount(key)
            case "revenue":
                return sources.earned.revenue.get(key, 0)
            case "cost":
                return cost
            case "roi":
                return figures.roi(revenue=Decimal(amount(key)), cost=cost, n=0).value
            case "people_helped":
                return sources.social.rows.get(key, SocialCounts()).people_helped
            case "questions_answered":
                return sources.social.rows.get(key, SocialCounts()).questions_answered
            case "assisted_revenue":
                return conversions.get(key, ConversionCounts()).assisted
            case "conversions_touched":
                return conversions.get(key, ConversionCounts()).touched
            case _:
                return names[key].name.casefold() if key in names else None

    values = {key: value(key) for key in keys}
    defined = sorted(key for key, found in values.items() if found is not None)
    defined.sort(key=values.__getitem__, reverse=is_descending)  # type: ignore[arg-type]
    return defined + sorted(key for key, found in values.items() if found is None)


def _row(
    key: Key | None,
    *,
    name: Name,
    amounts: Amounts,
    revenue: int | None,
    cost: Decimal,
    conversions: ConversionCounts,
    social: SocialCounts,
    query: RoiQuery,
    accounts: tuple[Account, ...] = (),
) -> RoiRow:
    exact_cost = in_reporting_currency(cost)
    n = conversions.touched
    by_model = {
        model: ModelFigures(
            revenue_credited=in_reporting_currency(amounts[model]),
            conversions_credited=conversions.credited[model],
            roi=figures.roi(revenue=in_reporting_currency(amounts[model]), cost=exact_cost, n=n),
            roas=figures.roas(revenue=in_reporting_currency(amounts[model]), cost=exact_cost, n=n),
            cost_per_conversion=figures.cost_per_conversion(
                cost=exact_cost, conversions=conversions.credited[model], n=n
            ),
        )
        for model in query.models
    }
    did = SocialFigures(
        people_helped=social.people_helped,
        questions_answered=social.questions_answered,
        mean_rating=figures.mean_rating(stars=social.stars, ratings=social.ratings),
        cost_per_person_helped=figures.cost_per_person_helped(cost=exact_cost, people_helped=social.people_helped),
    )
    return RoiRow(
        key=key,
        code=name.code,
        name=name.name,
        lead_model=query.lead_model,
        models=by_model,
        revenue=None if revenue is None else in_reporting_currency(revenue),
        assisted_revenue=in_reporting_currency(conversions.assisted),
        conversions_touched=conversions.touched,
        conversions_fully_refunded=conversions.fully_refunded,
        cost=in_reporting_currency(whole_minor(cost)),
        social=did,
        purpose=_purpose(name, did) if name.measure else None,
        accounts=accounts,
    )


def _purpose(name: Name, did: SocialFigures) -> PurposeFigure:
    measured = {
        Community.PurposeMeasure.PEOPLE_HELPED: figures.count(did.people_helped),
        Community.PurposeMeasure.QUESTIONS_ANSWERED: figures.count(did.questions_answered),
        Community.PurposeMeasure.MEAN_RATING: did.mean_rating,
        Community.PurposeMeasure.COST_PER_PERSON_HELPED: did.cost_per_person_helped,
    }[Community.PurposeMeasure(name.measure)]
    target = None if name.target is None else trimmed(name.target)
    return PurposeFigure(
        purpose=name.purpose,
        measure=name.measure,
        measured=measured,
        target=target,
        attainment=figures.attainment(measured=measured, target=target),
    )


def _lines(query: RoiQuery, *, sources: _Sources, revenue: Revenue, hidden: Iterable[Key]) -> dict[str, RoiLine]:
    """Lay out what belongs to no row. `hidden` are the rows with figures that are not shown."""
    earned_by = {
        **sources.earned.lines,
        "unattributed": dict.fromkeys(MODELS, revenue.unattributed),
        "staff_purchases": dict.fromkeys(MODELS, revenue.staff_purchases),
    }
    spent_by = dict(sources.spent.lines)
    if hidden := set(hidden):
        earned_by["other_rows"] = {
            model: sum(sources.earned.rows.get(key, NOTHING)[model] for key in hidden) for model in MODELS
        }
        spent_by["other_rows"] = sum(whole_minor(sources.spent.rows.get(key, Decimal(0))) for key in hidden)
    return {
        key: RoiLine(
            key=key,
            label=label,
            revenue={model: in_reporting_currency(earned_by.get(key, NOTHING)[model]) for model in query.models},
            cost=in_reporting_currency(spent_by.get(key, 0)),
        )
        for key, label in LINE_LABELS.items()
        if key in earned_by or key in spent_by
    }


def _total(query: RoiQuery, *, sources: _Sources, revenue: Revenue, conversions: ConversionCounts) -> RoiRow:
    return _row(
        None,
        name=Name("total", "Total"),
        amounts=dict.fromkeys(MODELS, revenue.credited),
        revenue=revenue.whole,
        cost=Decimal(sources.spent.total),
        conversions=conversions,
        social=sources.social.total,
        query=query,
    )
