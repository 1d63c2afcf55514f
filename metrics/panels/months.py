"""Credited revenue against cost, month by month, for one scope."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from crm.periods import first_of_month
from gateway.panels import Chart, Series
from metrics.attribution.models import attribution_models
from metrics.models import CampaignDay, CostDay
from metrics.panels.parts import money

MONTHS_SHOWN = 36  # the newest; more would be a blur


def campaign_months(ids: Sequence[int]) -> dict[int, Chart]:
    """
    Return for each campaign its revenue under the default model against its cost, per month.

    Two queries. A campaign without either has no chart.
    """
    column = attribution_models[settings.METRICS_DEFAULT_MODEL].column
    earned = (
        CampaignDay.objects.filter(campaign_id__in=ids)
        .values_list("campaign_id", TruncMonth("day"))
        .annotate(total=Sum(column))
    )
    spent = (
        CostDay.objects.filter(cost__campaign__in=ids)
        .values_list("cost__campaign_id", TruncMonth("day"))
        .annotate(total=Sum("amount_minor"))
    )
    revenue, cost = _by_id(earned), _by_id(spent)
    return {
        pk: revenue_and_cost_chart(revenue.get(pk, {}), cost.get(pk, {})) for pk in ids if pk in revenue or pk in cost
    }


def _by_id(rows: Iterable[tuple[int, date, int]]) -> dict[int, dict[date, Decimal]]:
    found: dict[int, dict[date, Decimal]] = {}
    for pk, month, minor in rows:
        found.setdefault(pk, {})[month] = money(int(minor)) or Decimal(0)
    return found


def revenue_and_cost_chart(revenue: Mapping[date, Decimal], cost: Mapping[date, Decimal]) -> Chart:
    """Return a chart with a place for every month from the first to the last that has either."""
    known = sorted({*revenue, *cost})
    months = [known[0]]
    while months[-1] < known[-1]:
        months.append(first_of_month(months[-1], months_later=1))
    months = months[-MONTHS_SHOWN:]
    label = attribution_models[settings.METRICS_DEFAULT_MODEL].label.lower()
    return Chart(
        title="Credited revenue against cost, by month",
        labels=[f"{month:%b %Y}" for month in months],
        series=(
            Series(label=f"Credited revenue ({label})", values=[revenue.get(month, Decimal(0)) for month in months]),
            Series(label="Cost", values=[cost.get(month, Decimal(0)) for month in months], shape="line"),
        ),
    )
