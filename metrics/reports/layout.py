"""
A report as JSON and as a table: what the API answers and what the `roi` command prints and writes.

Amounts and ratios become texts here and are rounded here, once, half up: ratios that are fractions
to four decimals, money to the currency's places. What is undefined becomes null (an empty cell).
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from crm.money import quantise
from crm.periods import first_of_month
from metrics.reports.figures import Ratio
from metrics.reports.query import ALL_MODELS, RoiQuery
from metrics.reports.report import ModelFigures, NotConverted, RoiLine, RoiReport, RoiRow

Json = dict[str, Any]

FRACTION = Decimal("0.0001")


def fraction_text(ratio: Ratio) -> str | None:
    """Return a ratio's value with four decimals ("1.0000" is 100 %), or None where it is undefined."""
    return None if ratio.value is None else format(ratio.value.quantize(FRACTION, rounding=ROUND_HALF_UP), "f")


def money_text(ratio: Ratio, currency: str) -> str | None:
    """Return a ratio that is an amount with the currency's decimals, or None where it is undefined."""
    return None if ratio.value is None else format(quantise(ratio.value, currency), "f")


def report_as_json(report: RoiReport) -> Json:
    """
    Return the whole report: `rows`, `lines` and `total`, with what was asked for beside them.

    The figures of a row that depend on the model are those of the leading one; with `model=all`,
    `models` holds them for each.
    """
    query = report.query
    return {
        "model": query.model,
        "lead_model": query.lead_model,
        "from": query.start,
        "to": query.end,
        "as": query.view if query.scope == "members" else None,
        "cost_basis": query.cost if query.scope == "members" else "direct",
        "currency": report.currency,
        "note": report.note,
        "is_behind": report.is_behind,
        "behind_reason": report.behind_reason,
        "count": report.row_count,
        "rows": [_row(row, report) for row in report.rows],
        "lines": {
            **{key: _line(line, report) for key, line in report.lines.items()},
            "not_converted": [_not_converted(entry) for entry in report.not_converted],
        },
        "total": _row(report.total, report),
    }


def _row(row: RoiRow, report: RoiReport) -> Json:
    currency = report.currency
    social = row.social
    laid_out: Json = {
        "id": None if isinstance(row.key, date) else row.key,
        "code": row.code,
        "name": row.name,
        **_model_figures(row.lead, currency),
        "revenue": row.revenue,
        "assisted_revenue": row.assisted_revenue,
        "conversions_touched": row.conversions_touched,
        "conversions_fully_refunded": row.conversions_fully_refunded,
        "cost": row.cost,
        "people_helped": social.people_helped,
        "questions_answered": social.questions_answered,
        "mean_rating": fraction_text(social.mean_rating),
        "cost_per_person_helped": money_text(social.cost_per_person_helped, currency),
        "ratios": {
            **_model_ratios(row.lead),
            "mean_rating": ratio_parts(social.mean_rating),
            "cost_per_person_helped": ratio_parts(social.cost_per_person_helped),
        },
    }
    if row.key is not None:
        laid_out["credits"] = credits_address(row, report.query)
    if report.query.model == ALL_MODELS:
        laid_out["models"] = {
            model: {**_model_figures(figures, currency), "ratios": _model_ratios(figures)}
            for model, figures in row.models.items()
        }
    if row.purpose is not None:
        laid_out["purpose"] = {
            "purpose": row.purpose.purpose,
            "measure": row.purpose.measure,
            "measured": fraction_text(row.purpose.measured),
            "target": row.purpose.target,
            "attainment": fraction_text(row.purpose.attainment),
            "ratios": {
                "measured": ratio_parts(row.purpose.measured),
                "attainment": ratio_parts(row.purpose.attainment),
            },
        }
    if report.query.scope == "members" and row.key is not None:
        laid_out["accounts"] = [asdict(account) for account in row.accounts]
    return laid_out


def credits_address(row: RoiRow, query: RoiQuery) -> str:
    """Return the address, in the API, of the credits behind a row."""
    start, end = query.start, query.end
    match query.scope:
        case "members":
            chosen: Json = {"contact" if query.view == "customer" else "helper": row.key}
        case "summary":
            month = row.key
            assert isinstance(month, date)  # as every key of a summary
            start = month if start is None else max(month, start)
            end = min(first_of_month(month, months_later=1), end or date.max)
            chosen = {}
        case scope:
            chosen = {{"campaigns": "campaign", "channels": "channel", "communities": "community"}[scope]: row.code}
    period = {name: day for name, day in (("from", start), ("to", end)) if day is not None}
    return f"{reverse('credits-list')}?{urlencode({**chosen, **period})}"


def _model_figures(figures: ModelFigures, currency: str) -> Json:
    return {
        "revenue_credited": figures.revenue_credited,
        "conversions_credited": figures.conversions_credited.quantize(Decimal("0.000001")),
        "roi": fraction_text(figures.roi),
        "roas": fraction_text(figures.roas),
        "cost_per_conversion": money_text(figures.cost_per_conversion, currency),
    }


def _model_ratios(figures: ModelFigures) -> Json:
    return {
        "roi": ratio_parts(figures.roi),
        "roas": ratio_parts(figures.roas),
        "cost_per_conversion": ratio_parts(figures.cost_per_conversion),
    }


def ratio_parts(ratio: Ratio) -> Json:
    """Return what a ratio was made of. Its rounded value stands beside, under its own name."""
    return {
        "numerator": ratio.numerator,
        "denominator": ratio.denominator,
        "n": ratio.n,
        "reason": ratio.reason,
    }


def _line(line: RoiLine, report: RoiReport) -> Json:
    laid_out: Json = {"label": line.label, "revenue": line.revenue[report.query.lead_model], "cost": line.cost}
    if report.query.model == ALL_MODELS:
        laid_out["models"] = dict(line.revenue)
    return laid_out


def _not_converted(entry: NotConverted) -> Json:
    return {
        "currency": entry.currency,
        "conversions": entry.conversions,
        "revenue": entry.revenue,
        "costs": entry.costs,
        "cost": entry.cost,
        "from": entry.first_day,
        "until": entry.last_day,
    }


TABLE_HEADER = (
    "section",
    "id",
    "code",
    "name",
    "model",
    "revenue_credited",
    "conversions_credited",
    "roi",
    "roas",
    "cost_per_conversion",
    "revenue",
    "assisted_revenue",
    "conversions_touched",
    "conversions_fully_refunded",
    "cost",
    "people_helped",
    "questions_answered",
    "mean_rating",
    "cost_per_person_helped",
    "currency",
)


def report_as_table(report: RoiReport) -> Iterator[tuple[str, ...]]:
    """
    Yield the cells under `TABLE_HEADER`: one row for each row, line and total and each model.

    With several models, what does not depend on the model is repeated: filter by `model` before summing.
    """
    currency = report.currency
    for section, rows in (("row", report.rows), ("total", [report.total])):
        for row in rows:
            for model, figures in row.models.items():
                laid_out = {
                    "section": section,
                    "model": model,
                    "currency": currency,
                    **_row(row, report),
                    **_model_figures(figures, currency),
                }
                yield tuple(_cell(laid_out.get(column)) for column in TABLE_HEADER)
        if section == "row":
            for line in report.lines.values():
                for model, revenue in line.revenue.items():
                    laid_out = {
                        "section": "line",
                        "code": line.key,
                        "name": line.label,
                        "model": model,
                        "revenue_credited": revenue,
                        "cost": line.cost,
                        "currency": currency,
                    }
                    yield tuple(_cell(laid_out.get(column)) for column in TABLE_HEADER)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
