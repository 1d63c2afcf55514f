"""What channels and communities cost, earned and did for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.utils.formats import date_format

from community.models import Community
from gateway.panels import Figure, Link, PanelContent, PermissionCheck
from gateway.screen import DASH, grouped
from metrics.panels.parts import (
    LEDGER,
    behind_notes,
    business_figures,
    ledger_link,
    models_table,
    social_figures,
    why_undefined,
)
from metrics.reports import ALL_MODELS, RoiQuery, RoiRow, rows_of
from metrics.reports.about_people import channel_people
from metrics.reports.report import PurposeFigure
from metrics.reports.who_is_known import ChannelPeople


def _load(
    scope: Literal["channels", "communities"], ids: Sequence[int], *, now: datetime, credits: Callable[[int], Link]
) -> Mapping[int, PanelContent]:
    rows = rows_of(RoiQuery(scope=scope, ids=ids, model=ALL_MODELS, now=now))
    notes = behind_notes()
    return {
        pk: PanelContent(
            figures=(*_purpose_figures(row), *social_figures(row), *business_figures(row, credits=credits(pk))),
            tables=(models_table(row, credits=credits(pk)),),
            notes=notes,
        )
        if (row := rows.get(pk))
        else PanelContent(notes=("It has cost nothing and earned nothing so far.", *notes))
        for pk in ids
    }


def _purpose_figures(row: RoiRow) -> list[Figure]:
    """Return how far a community's purpose was reached: social ROI stands first on its page."""
    if row.purpose is None:
        return []
    purpose = row.purpose
    return [
        Figure(
            label="Purpose reached",
            value=purpose.attainment.value,
            unit="percent",
            note=why_undefined(purpose.attainment)
            or f"{_measured(purpose, purpose.measured.value)} of {_measured(purpose, purpose.target)}"
            f" {purpose.measure.replace('_', ' ')}"
            + (", of which less is better" if purpose.is_less_better else ""),
            is_main=True,
        )
    ]


def _measured(purpose: PurposeFigure, value: Decimal | None) -> str:
    """Return a measure or a target as people write it."""
    return DASH if value is None else grouped(Community.PurposeMeasure(purpose.measure).in_its_unit(value))


@dataclass(frozen=True)
class ChannelFigures:
    key: str = "figures"
    title: str = "Cost and return"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "Cost, credited revenue under each model, ROI, and what was done for people; all time."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        return _load("channels", ids, now=now, credits=lambda pk: ledger_link(channel=pk))


@dataclass(frozen=True)
class CommunityFigures:
    key: str = "figures"
    title: str = "Social and business return"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "The purpose and how far it is reached; cost, credited revenue and ROI; all time."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        return _load(
            "communities",
            ids,
            now=now,
            credits=lambda pk: Link(page=LEDGER, query={"channel__community__id__exact": pk}),
        )


@dataclass(frozen=True)
class KnownPeople:
    key: str = "people"
    title: str = "People"
    order: int = 20
    permission: str = "metrics.view_credit"
    description: str = "How many of the channel's followers or members we know; its latest size."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        known = channel_people(ids, now=now)
        return {pk: _known_people(known[pk]) if pk in known else PanelContent() for pk in ids}


def _known_people(channel: ChannelPeople) -> PanelContent:
    coverage = channel.identified_coverage
    sizes = Link(page="admin:community_channelsize_changelist", query={"channel__id__exact": channel.key})
    return PanelContent(
        figures=(
            Figure(
                label="Identified coverage",
                value=coverage.value,
                unit="percent",
                note=why_undefined(coverage),
                is_main=True,
            ),
            Figure(label="Identified", value=channel.identified, unit="count"),
            Figure(
                label="Followers or members",
                value=channel.size,
                unit="count",
                note=_as_of(channel.size_day),
                link=sizes,
            ),
        )
    )


def _as_of(day: date | None) -> str:
    return f"on {date_format(day, 'j M Y')}" if day else "No size is known"
