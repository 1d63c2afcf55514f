"""
The page People: how many of each channel we know, who they are, what they do, how soon they convert.

Its heading and its period are there at once. The figures read all that happened in the period, so they load
themselves once the page is there.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from community.interaction_kinds import label_of
from config.admin.period import Choice, chosen_period, in_words, period_chooser
from config.admin.start_page import PERMISSION
from crm.countries import country_name, language_name
from gateway.admin.later import LaterPart, later_answer
from gateway.panels import Chart, Column, Figure, Link, Row, Series, Table
from metrics.panels.parts import behind_notes, why_undefined
from metrics.reports.about_people import PeopleQuery, PeopleReport, PlaceActivity, people_report
from metrics.reports.demographics import BREAKDOWNS, FEWEST, UNKNOWN, Group
from metrics.reports.figures import REASONS

VIEW_CONTACTS = "crm.view_contact"
SIZES = "admin:community_channelsize_changelist"
CHANNELS_DRAWN = 12


def people(request: HttpRequest) -> HttpResponse:
    """Show the period; its figures follow."""
    choice, query = _choice(request), request.GET.urlencode()
    context = {
        **admin.site.each_context(request),
        "title": "People",
        **period_chooser("about-people", choice),
        "later": LaterPart(title="Who they are and what they do", url=f"{reverse('about-people-figures')}?{query}"),
    }
    return TemplateResponse(request, "admin/people.html", context)


def people_figures(request: HttpRequest) -> HttpResponse:
    """Return the figures of the period of the address."""
    choice = _choice(request)
    back = f"{reverse('about-people')}?{request.GET.urlencode()}"
    title = f"People: {in_words(choice.period)}"
    report = people_report(PeopleQuery(now=timezone.now(), start=choice.period.start, end=choice.period.end))
    shown = _shown(report, with_small=request.user.has_perm(VIEW_CONTACTS))
    return later_answer(request, "admin/people_figures.html", shown, title=title, back=back)


def _choice(request: HttpRequest) -> Choice:
    """Return the period of the address, to whoever may see figures."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    return chosen_period(request, now=timezone.now())


def _shown(report: PeopleReport, *, with_small: bool) -> dict[str, Any]:
    return {
        "figures": _figures(report),
        "charts": [chart for chart in (_coverage_chart(report), _age_chart(report, with_small)) if chart],
        "tables": [
            _coverage_table(report),
            *(_groups_table(what, report, with_small=with_small) for what in BREAKDOWNS),
            _kinds_table("What members do, by channel", "Channel", report.channels),
            _kinds_table("What members do, by community", "Community", report.communities),
        ],
        "notes": behind_notes(),
    }


def _figures(report: PeopleReport) -> list[Figure]:
    took, did = report.time_to_convert, report.activity
    without = f"; {took.without_touch:,} more without a touch before" if took.without_touch else ""
    why = f"{REASONS[took.reason].capitalize()}{without}" if took.reason else ""
    return [
        Figure(
            label="Time to convert, days",
            value=took.median,
            unit="decimal",
            note=why or f"median of {took.n:,}{without}",
            is_main=True,
        ),
        Figure(label="90 % converted within, days", value=took.p90, unit="decimal", note=why),
        Figure(
            label="Engaged among the best customers",
            value=did.engaged_in_top_tenth.value,
            unit="percent",
            note=why_undefined(did.engaged_in_top_tenth)
            or f"{did.engaged:,} of the {did.top:,} with most revenue did {report.engaged_from:,} things or more",
        ),
        Figure(
            label="Self-service score",
            value=did.self_service_score.value,
            unit="decimal",
            note=why_undefined(did.self_service_score)
            or f"{did.readers:,} looked at help pages, {did.askers:,} raised a question",
        ),
    ]


def _coverage_chart(report: PeopleReport) -> Chart | None:
    drawn = [channel for channel in report.known if channel.size][:CHANNELS_DRAWN]
    if not drawn:
        return None
    return Chart(
        title="How many of each channel's people we know",
        labels=[channel.name for channel in drawn],
        series=[
            Series(label="Followers or members", values=[channel.size for channel in drawn]),
            Series(label="Identified", values=[channel.identified for channel in drawn]),
        ],
        unit="count",
    )


def _coverage_table(report: PeopleReport) -> Table:
    return Table(
        title="Whom we know, by channel",
        columns=(
            Column(label="Channel"),
            Column(label="Followers or members", unit="count"),
            Column(label="As of", unit="day"),
            Column(label="Identified", unit="count"),
            Column(label="Identified coverage", unit="percent"),
        ),
        rows=[
            Row(
                values=(
                    channel.name,
                    channel.size,
                    channel.size_day,
                    channel.identified,
                    channel.identified_coverage.value,
                ),
                notes={4: why_undefined(channel.identified_coverage)},
                links={0: Link(page="admin:community_channel_change", args=(channel.key,))},
            )
            for channel in report.known
        ],
        empty="There is no channel yet.",
        more=Link(page=SIZES),
        more_label="Sizes of channels",
        note="Somebody may follow several channels, so nothing here is added up.",
    )


_HEADINGS = {"country": "Country", "age_group": "Age", "language": "Language"}
_NAMES = {"country": country_name, "language": language_name}


def _age_chart(report: PeopleReport, with_small: bool) -> Chart | None:
    """Return who says how old they are; those who do not are many, would hide the rest, and stand in the table."""
    drawn = [group for group in report.groups("age_group", with_small=with_small) if group.key != UNKNOWN]
    if not drawn:
        return None
    return Chart(
        title="Active people by age, of those who say",
        labels=[_called("age_group", group) for group in drawn],
        series=[Series(label="People", values=[group.people for group in drawn])],
        unit="count",
    )


def _groups_table(what: str, report: PeopleReport, *, with_small: bool) -> Table:
    whole = Decimal(report.activity.persons)
    few = "" if with_small else f" Groups of fewer than {FEWEST} stand together as “other”."
    return Table(
        title=f"Active people by {_HEADINGS[what].lower()}",
        columns=(
            Column(label=_HEADINGS[what]),
            Column(label="People", unit="count"),
            Column(label="Share", unit="percent"),
        ),
        rows=[
            Row(
                values=(_called(what, group), group.people, group.people / whole),
            )
            for group in report.groups(what, with_small=with_small)
        ],
        empty="Nobody whom we can tell apart did anything in this period.",
        note=f"As they say of themselves.{few}",
    )


def _called(what: str, group: Group) -> str:
    """Return a group as people read it: Ireland, Danish, under 18, 25–34, 65 and over, unknown."""
    if what in _NAMES:
        return _NAMES[what](group.key)
    first, _, last = group.key.partition("_")
    return f"{first}–{last}" if first.isdecimal() and last.isdecimal() else group.key.replace("_", " ")


def _kinds_table(title: str, heading: str, places: Sequence[PlaceActivity]) -> Table:
    """Return a row for each place with the share of each kind that occurred, the most usual kind first."""
    usual: Counter[str] = Counter()
    for place in places:
        usual.update({one.kind: one.interactions for one in place.kinds})
    kinds = sorted(usual, key=lambda kind: (-usual[kind], kind))
    rows = []
    for place in places:
        shares = {one.kind: one.share.value for one in place.kinds}
        values = (place.name, place.interactions, place.share.value, *(shares.get(kind) for kind in kinds))
        rows.append(Row(values=values))
    return Table(
        title=title,
        columns=(
            Column(label=heading),
            Column(label="Interactions", unit="count"),
            Column(label="Share", unit="percent", note="Of what members did everywhere"),
            *(Column(label=label_of(kind), unit="percent") for kind in kinds),
        ),
        rows=rows if kinds else [],
        empty="No member of the community did anything in this period.",
    )
