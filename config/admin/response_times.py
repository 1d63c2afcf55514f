"""
The page Response times: how soon people are replied to, answered and helped, by channel and by colleague.

It can be asked for one channel and for one colleague, or for both. Its heading and its period are there at once. The
figures read every ask of the period, so they load themselves once the page is there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from community.models import Channel
from config.admin.period import Choice, Filter, chosen_filter, chosen_period, in_words, period_chooser
from config.admin.start_page import PERMISSION
from gateway.admin.later import LaterPart, later_answer
from gateway.panels import Chart, Column, Figure, Row, Series, Table
from metrics.panels.parts import why_undefined
from metrics.reports.response_figures import Times
from metrics.reports.responses import (
    ResponseRow,
    ResponsesQuery,
    ResponsesReport,
    hours_of,
    responses_reports,
    staff_choices,
)

NOTHING = "Nothing was asked in this period that expects a reply."
NOBODY = "No member of staff replied to what was asked in this period."


def response_times(request: HttpRequest) -> HttpResponse:
    """Show the period; its figures follow."""
    choice, query = _choice(request), request.GET.urlencode()
    context = {
        **admin.site.each_context(request),
        "title": "Response times",
        **period_chooser("response-times", choice, filters=_filters(request)),
        "later": LaterPart(title="How soon we replied", url=f"{reverse('response-times-figures')}?{query}"),
    }
    return TemplateResponse(request, "admin/response_times.html", context)


def response_times_figures(request: HttpRequest) -> HttpResponse:
    """Return the figures of the period of the address."""
    choice = _choice(request)
    back = f"{reverse('response-times')}?{request.GET.urlencode()}"
    title = f"Response times: {in_words(choice.period)}"
    context = _shown(choice, {one.name: one.value for one in _filters(request)}, timezone.now())
    return later_answer(request, "admin/response_times_figures.html", context, title=title, back=back)


def _choice(request: HttpRequest) -> Choice:
    """Return the period of the address, to whoever may see figures."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    return chosen_period(request, now=timezone.now())


def _filters(request: HttpRequest) -> list[Filter]:
    """Return what the figures can be narrowed to, and to what they are."""
    channels = dict(Channel.objects.order_by("name", "pk").values_list("slug", "name"))
    return [
        chosen_filter(request, "channel", "Channel", channels),
        chosen_filter(request, "staff", "Staff", staff_choices()),
    ]


def _shown(choice: Choice, narrowed: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the figures of a period: in total, by channel, by member of staff."""
    asked: dict[str, Any] = {"now": now, "start": choice.period.start, "end": choice.period.end, **narrowed}
    channels, staff = responses_reports(ResponsesQuery(by="channel", **asked), ResponsesQuery(by="staff", **asked))
    return {
        "figures": _figures(channels.total, of_one=bool(channels.query.staff)),
        "chart": _chart(channels),
        "tables": [
            _table("By channel", channels, NOBODY if narrowed["staff"] else NOTHING),
            _table("By member of staff", staff, NOBODY),
            _times_table("Times by channel, in hours", channels, NOBODY if narrowed["staff"] else NOTHING),
            _times_table("Times by member of staff, in hours", staff, NOBODY),
        ],
        "note": channels.note,
    }


def _figures(total: ResponseRow, *, of_one: bool) -> list[Figure]:
    """Return the figures of the total; `of_one` member of staff they say nothing of what was left to others."""
    reply, answer, resolution = total.first_reply, total.first_answer, total.resolution
    return [
        Figure(
            label="Replied to",
            value=total.response_rate.value,
            unit="percent",
            note=_of_how_many(total, of_one=of_one),
            is_main=True,
        ),
        Figure(label="First reply, hours", value=hours_of(reply.calendar.median), unit="decimal", note="median"),
        Figure(
            label="First reply, business hours", value=hours_of(reply.business.median), unit="decimal", note="median"
        ),
        Figure(
            label="First answer, hours",
            value=hours_of(answer.calendar.median),
            unit="decimal",
            note=f"median of {answer.n:,}" + ("" if of_one else f"; {total.unanswered:,} unanswered"),
        ),
        Figure(
            label="Resolved",
            value=total.resolution_rate.value,
            unit="percent",
            note=why_undefined(total.resolution_rate)
            or f"{total.resolved:,} of {total.raised:,}; by askers {total.resolved_by_asker:,}, members "
            f"{total.resolved_by_member:,}, staff {total.resolved_by_staff:,}",
        ),
        Figure(
            label="Answered by others",
            value=total.answer_rate.value,
            unit="percent",
            note=why_undefined(total.answer_rate) or f"{total.questions_answered:,} of {total.raised:,} questions",
        ),
        Figure(label="Resolution, hours", value=hours_of(resolution.calendar.median), unit="decimal", note="median"),
        Figure(
            label="Leads replied to",
            value=total.lead_answer_rate.value,
            unit="percent",
            note=why_undefined(total.lead_answer_rate)
            or f"{total.leads_replied:,} of {total.leads:,}"
            + ("" if of_one else f"; {total.leads - total.leads_replied:,} without a reply"),
        ),
    ]


def _of_how_many(total: ResponseRow, *, of_one: bool) -> str:
    told = why_undefined(total.response_rate)
    if of_one:
        return told or f"{total.replied:,} of {total.asked:,}"
    told = told or f"{total.replied:,} of {total.asked:,}; {total.unreplied:,} without a reply"
    return f"{told}; {total.dismissed:,} dismissed" if total.dismissed else told


def _chart(report: ResponsesReport) -> Chart | None:
    shown = [row for row in report.rows if row.first_reply.n][:12]
    if not shown:
        return None
    return Chart(
        title="First reply by channel, median in hours",
        labels=[row.name for row in shown],
        series=[
            Series(label="By the calendar", values=[hours_of(row.first_reply.calendar.median) for row in shown]),
            Series(label="In business hours", values=[hours_of(row.first_reply.business.median) for row in shown]),
        ],
        unit="decimal",
    )


# What nobody replied to has no time and flatters the times of the rest, so it stands beside them, and so does what was
# dismissed. It is left by everybody: no member of staff has a number of their own.
_LEFT = ("Without reply", "Dismissed", "Unanswered")
_COLUMNS: tuple[tuple[Column, Callable[[ResponseRow], object]], ...] = (
    (Column(label="Asked", unit="count"), lambda row: row.asked),
    (Column(label="Replied to", unit="count"), lambda row: row.replied),
    (Column(label="Share", unit="percent"), lambda row: row.response_rate.value),
    (Column(label=_LEFT[0], unit="count"), lambda row: row.unreplied),
    (
        Column(label=_LEFT[1], unit="count", note="Needed no reply, and got none: not among those asked"),
        lambda row: row.dismissed,
    ),
    (Column(label="First reply, mean h", unit="decimal"), lambda row: hours_of(row.first_reply.calendar.mean)),
    (Column(label="median", unit="decimal"), lambda row: hours_of(row.first_reply.calendar.median)),
    (Column(label="90 % within", unit="decimal"), lambda row: hours_of(row.first_reply.calendar.p90)),
    (Column(label="median, business h", unit="decimal"), lambda row: hours_of(row.first_reply.business.median)),
    (Column(label="First answer, median h", unit="decimal"), lambda row: hours_of(row.first_answer.calendar.median)),
    (Column(label=_LEFT[2], unit="count"), lambda row: row.unanswered),
    (
        Column(label="Resolved", unit="percent", note="Of the questions raised, with an accepted or confirmed answer"),
        lambda row: row.resolution_rate.value,
    ),
    (
        Column(label="Answered", unit="percent", note="Of the questions raised, resolved by somebody else's answer"),
        lambda row: row.answer_rate.value,
    ),
    (Column(label="Resolution, median h", unit="decimal"), lambda row: hours_of(row.resolution.calendar.median)),
)


def _table(title: str, report: ResponsesReport, empty: str) -> Table:
    by_channel = report.query.by == "channel"
    says_what_is_left = by_channel and not report.query.staff
    columns = [(column, value) for column, value in _COLUMNS if says_what_is_left or column.label not in _LEFT]

    def laid_out(row: ResponseRow, *, is_total: bool = False) -> Row:
        values = (row.name, *(value(row) for _, value in columns))
        return Row(values=values, notes={3: why_undefined(row.response_rate)}, is_total=is_total)

    rows = [laid_out(row) for row in report.rows]
    if rows and by_channel:
        rows.append(laid_out(report.total, is_total=True))
    return Table(
        title=title,
        columns=(Column(label="Channel" if by_channel else "Who"), *(column for column, _ in columns)),
        rows=rows,
        empty=empty,
    )


# What a time is called, and what of a row it is.
_TIMES: tuple[tuple[str, Callable[[ResponseRow], Times]], ...] = (
    ("First reply", lambda row: row.first_reply),
    ("First answer", lambda row: row.first_answer),
    ("Resolution", lambda row: row.resolution),
)


def _times_table(title: str, report: ResponsesReport, empty: str) -> Table:
    """Return every time of each row by both clocks."""
    by_channel = report.query.by == "channel"
    rows = [
        Row(values=(row.name, name, *_laid_out(time(row))), is_total=row is report.total)
        for row in ([*report.rows, report.total] if report.rows and by_channel else report.rows)
        for name, time in _TIMES
    ]
    spread = ("mean", "median", "90 % within")
    return Table(
        title=title,
        columns=(
            Column(label="Channel" if by_channel else "Who"),
            Column(label="Until"),
            Column(label="Times", unit="count"),
            *(Column(label=capfirst(label), unit="decimal") for label in spread),
            *(Column(label=f"Business hours, {label}", unit="decimal") for label in spread),
        ),
        rows=rows,
        empty=empty,
        note="From what was asked. Nothing pauses a time: neither waiting for who asked, nor a snooze.",
    )


def _laid_out(times: Times) -> tuple[int | Decimal | None, ...]:
    spreads = (times.calendar, times.business)
    hours = (hours_of(seconds) for one in spreads for seconds in (one.mean, one.median, one.p90))
    return (times.n, *hours)
