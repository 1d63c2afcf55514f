"""
The start page: what its reader is to do today, then what the community earned and what good it did.

The period of the figures is the reader's choice. Panels of any app stand above them (`start_panels`). The figures and
the tables of communities and of campaigns load themselves once the page is there: each is a report of its own, and
nobody waits for three to see what is to do today.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from config.admin.period import chosen_period, days_in, in_words, period_chooser
from crm.extensions import start_panels
from crm.periods import Period
from gateway.admin.later import LaterPart, later_answer
from gateway.panels import Chart, Column, Figure, Link, Row, Table, panels_for
from metrics.attribution.models import attribution_models
from metrics.panels.months import revenue_and_cost_chart
from metrics.panels.parts import rounded_money, social_figures, why_undefined
from metrics.reports import RoiQuery, RoiReport, RoiRow, Scope, roi_report
from metrics.reports.report import NOT_PROOF, PurposeFigure

CAMPAIGNS_SHOWN = 8
ALL_CAMPAIGNS = "all-campaigns"
PERMISSION = "metrics.view_credit"
CREDITS, RESULTS, COSTS = "metrics_creditrow", "metrics_conversionresult", "community_cost"  # what is behind figures
FIGURES = "figures"  # the name of the part that all figures of the whole are
PANELS = "kith-start-panels"  # the part of the page that loads itself again when something was saved


@dataclass(frozen=True)
class LaterTable:
    """A table of the start page that loads itself: its heading, what its report is asked, and how it is laid out."""

    title: str
    scope: Scope
    build: Callable[[RoiReport], Table]
    options: Mapping[str, Any] = field(default_factory=dict)


def start_page(request: HttpRequest, context: dict[str, object]) -> dict[str, object]:
    """Add what the start page shows to the admin's context; nothing of figures for who may not see them."""
    may, now = request.user.has_perm, timezone.now()
    context["panels"] = panels_for(start_panels, instance_id=int(request.user.pk or 0), may=may, now=now)
    context["is_part"] = request.headers.get("HX-Target") == PANELS
    context["may_see_figures"] = may(PERMISSION)
    if context["is_part"] or not context["may_see_figures"]:
        return context
    context.update(
        title="What our community earned",
        **period_chooser("admin:index", chosen_period(request, now=now)),
        later_figures=_later(request, FIGURES, title="Business and social return"),
        later_tables={name: _later(request, name, title=table.title) for name, table in LATER_TABLES.items()},
        model=attribution_models[settings.METRICS_DEFAULT_MODEL],
        not_proof=NOT_PROOF,
        may_recompute=request.user.has_perm("jobs.add_job"),
    )
    return context


def _later(request: HttpRequest, name: str, *, title: str) -> LaterPart:
    return LaterPart(title=title, url=f"{reverse('start-part', args=[name])}?{request.GET.urlencode()}")


def start_part(request: HttpRequest, name: str) -> HttpResponse:
    """Return a part that the start page loads when it is there: the figures, or a table, for the address's period."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if name not in (FIGURES, *TABLES):
        raise Http404
    now = timezone.now()
    period = chosen_period(request, now=now).period
    if name == FIGURES:
        template, context = "admin/start_figures.html", _figures(_report("summary", period, now=now))
    else:
        table = TABLES[name]
        report = _report(table.scope, period, now=now, **table.options)
        template, context = "gateway/admin/table.html", {"table": table.build(report)}
    back = f"{reverse('admin:index')}?{request.GET.urlencode()}"
    return later_answer(request, template, context, title=in_words(period), back=back)


def _figures(months: RoiReport) -> dict[str, object]:
    return {
        "behind": months.behind_reason,
        "business": business(months),
        "social": social_figures(months.total),
        "chart": chart_of(months),
        "lines": lines_table(months),
        "not_converted": months.not_converted,
    }


def _report(scope: Scope, period: Period, *, now: datetime, **options: Any) -> RoiReport:
    return roi_report(RoiQuery(scope=scope, start=period.start, end=period.end, now=now, **options))


def _behind(report: RoiReport, page: str, column: str = "day", **query: str) -> Link:
    """Return the way to the rows behind a figure of the report: those of its period, by their filter for `column`."""
    days = days_in(report.query.start, report.query.end, column)
    return Link(page=f"admin:{page}_changelist", query={**query, **days})


def _period_of(report: RoiReport) -> Mapping[str, str]:
    """Return the period of a report as the address of the start page has it: both days inclusive."""
    start, end = report.query.start, report.query.end
    days = {"start": start, "end": end and end - timedelta(days=1)}
    return {name: day.isoformat() for name, day in days.items() if day} or {"period": "all_time"}


def business(report: RoiReport) -> list[Figure]:
    """Return the money: ROI first, then what it is made of, with the unattributed line always there."""
    total = report.total
    unattributed = report.lines["unattributed"].revenue[total.lead_model]
    return [
        Figure(
            label="Business ROI", value=total.roi.value, unit="percent", note=why_undefined(total.roi), is_main=True
        ),
        Figure(
            label="Revenue credited",
            value=total.revenue_credited,
            unit="money",
            link=_behind(report, CREDITS),
        ),
        Figure(
            label="Unattributed revenue",
            value=unattributed,
            unit="money",
            link=_behind(report, RESULTS, line__exact="unattributed"),
        ),
        Figure(label="All revenue", value=total.revenue, unit="money", link=_behind(report, RESULTS)),
        Figure(label="Cost", value=total.cost, unit="money", link=_behind(report, COSTS, "days")),
        Figure(label="ROAS", value=total.roas.value, unit="times", note=why_undefined(total.roas)),
    ]


def chart_of(report: RoiReport) -> Chart | None:
    """Return credited revenue against cost by month; None when there is neither."""
    if not report.rows:
        return None
    return revenue_and_cost_chart(
        {row.key: row.revenue_credited for row in report.rows}, {row.key: row.cost for row in report.rows}
    )


def best_campaigns_table(report: RoiReport) -> Table:
    """Return the campaigns with the highest ROI, with the way to all of them in the same period."""
    everything = Link(page="start-part", args=(ALL_CAMPAIGNS,), query=_period_of(report))
    return replace(campaigns_table(report), more=everything, more_label=f"All {report.row_count:,} campaigns")


def campaigns_table(report: RoiReport) -> Table:
    """Return campaigns by their ROI, the highest first: those that lose money come late, those without cost last."""
    return Table(
        title=TABLES["campaigns" if report.query.limit else ALL_CAMPAIGNS].title,
        columns=(
            Column(label="Campaign"),
            Column(label="ROI", unit="percent"),
            Column(label="Credited revenue", unit="money"),
            Column(label="Cost", unit="money"),
            Column(label="Conversions", unit="count", note="Distinct conversions touched"),
            Column(label="People helped", unit="count"),
        ),
        rows=[
            Row(
                values=(
                    row.name,
                    row.roi.value,
                    row.revenue_credited,
                    row.cost,
                    row.conversions_touched,
                    row.social.people_helped,
                ),
                links={
                    0: Link(page="admin:crm_campaign_change", args=(row.key,)),
                    2: _behind(report, CREDITS, campaign__id__exact=str(row.key)),
                    3: _behind(report, COSTS, "days", campaign__id__exact=str(row.key)),
                },
                notes={1: why_undefined(row.roi)},
            )
            for row in report.rows
        ],
        empty="No campaigns yet: add one, and book its costs on it.",
        more=Link(page="admin:crm_campaign_changelist"),
        more_label="Plan and change campaigns",
    )


def communities_table(report: RoiReport) -> Table:
    """Return the communities with their social and their business return side by side."""
    return Table(
        title=LATER_TABLES["communities"].title,
        columns=(
            Column(label="Community"),
            Column(label="Purpose reached", unit="percent"),
            Column(label="People helped", unit="count"),
            Column(label="Questions answered", unit="count"),
            Column(label="Mean rating", unit="rating"),
            Column(label="Cost per person helped", unit="money"),
            Column(label="Credited revenue", unit="money"),
            Column(label="Cost", unit="money"),
            Column(label="ROI", unit="percent"),
        ),
        rows=[_community_row(row) for row in report.rows],
        empty="No communities yet: add one and say what it is for.",
        more=Link(page="admin:community_community_changelist"),
        more_label="All communities",
    )


def _community_row(row: RoiRow) -> Row:
    did, purpose = row.social, row.purpose
    return Row(
        values=(
            row.name,
            purpose.attainment.value if purpose else None,
            did.people_helped,
            did.questions_answered,
            did.mean_rating.value,
            rounded_money(did.cost_per_person_helped.value),
            row.revenue_credited,
            row.cost,
            row.roi.value,
        ),
        links={0: Link(page="admin:community_community_change", args=(row.key,))},
        notes={
            1: _purpose_note(purpose) if purpose else "",
            4: why_undefined(did.mean_rating) or f"{did.mean_rating.n:,} ratings",
            5: why_undefined(did.cost_per_person_helped),
            8: why_undefined(row.roi),
        },
    )


def _purpose_note(purpose: PurposeFigure) -> str:
    is_above_bad = purpose.is_less_better and purpose.attainment.value is not None
    return "Of cost per person helped less is better" if is_above_bad else why_undefined(purpose.attainment)


def lines_table(report: RoiReport) -> Table:
    """Return how all revenue and all cost divide: the lines of the report, and that they sum."""
    lead = report.total.lead_model
    rows = [Row(values=("Credited to touches", report.total.revenue_credited))]
    rows += [
        Row(values=(line.label, line.revenue[lead]), links={1: _behind(report, RESULTS, line__exact=line.key)})
        for line in report.lines.values()
        if line.key in ("unattributed", "staff_purchases")
    ]
    rows.append(Row(values=("All revenue", report.total.revenue), is_total=True))
    return Table(
        title="Where the revenue stands",
        columns=(Column(label="Line"), Column(label="Revenue", unit="money")),
        rows=rows,
        empty="",
    )


LATER_TABLES = {
    "communities": LaterTable("Communities: social and business return", "communities", communities_table),
    "campaigns": LaterTable(
        "Campaigns by ROI", "campaigns", best_campaigns_table, {"ordering": "-roi", "limit": CAMPAIGNS_SHOWN}
    ),
}
# What the start page does not load but leads to.
TABLES = LATER_TABLES | {
    ALL_CAMPAIGNS: LaterTable("All campaigns by ROI", "campaigns", campaigns_table, {"ordering": "-roi"})
}
