"""Figures about people over HTTP."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, ClassVar, Literal

import pydantic
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.views import ApiView
from metrics.api.parameters import PERIOD
from metrics.api.records import RatioRecord, Shape
from metrics.reports.about_people import PeopleQuery, PeopleReport, PlaceActivity, people_report
from metrics.reports.demographics import BREAKDOWNS
from metrics.reports.figures import Ratio
from metrics.reports.freshness import behind_reason
from metrics.reports.layout import fraction_text, ratio_parts
from metrics.reports.who_is_known import ChannelPeople


class _PeopleParameters(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    people: Literal["active", "all"] = pydantic.Field(
        "active", description="Who is told apart by country, age and language: who did something, or everybody."
    )


PeopleParameters = pydantic.create_model("PeopleParameters", __base__=_PeopleParameters, **PERIOD)


VIEW_CONTACTS = "crm.view_contact"


class KindRecord(Shape):
    """How many interactions are of one kind, and their share of all: a fraction."""

    kind: str
    interactions: int
    share: str | None


class CoverageRatios(Shape):
    identified_coverage: RatioRecord


class PlacePeopleRecord(Shape):
    """A community, what its members did there, and the `share` of that in what members did everywhere: a fraction."""

    id: int
    code: str
    name: str
    interactions: int
    share: str | None
    by_kind: list[KindRecord]


class ChannelPeopleRecord(PlacePeopleRecord):
    """A channel: its latest size by the last day, whom we know there, and what its members did."""

    size: int | None
    size_day: date | None
    identified: int
    identified_coverage: str | None
    ratios: CoverageRatios


class TimeToConvertRecord(Shape):
    """Days from first touch to first conversion; null, with a reason, when nobody converted after a touch."""

    n: int
    without_touch: int
    median: str | None
    p90: str | None
    reason: str | None


class EngagedRecord(Shape):
    """The customers with most revenue, and how many of them take part: `engaged_from` interactions or more."""

    engaged_from: int
    customers: int
    top: int
    engaged: int
    engaged_in_top_tenth: str | None
    ratios: dict[str, RatioRecord]


class SelfServiceRecord(Shape):
    """Persons who looked at help pages, and who raised questions."""

    readers: int
    askers: int
    self_service_score: str | None
    ratios: dict[str, RatioRecord]


class GroupRecord(Shape):
    """A group and how many are in it; `other` are small groups together."""

    key: str
    people: int


class DemographicsRecord(Shape):
    """
    Persons by what they say of themselves, `unknown` last.

    Groups of fewer than five stand together as `other`, unless the key has the scope `contacts:read`.
    """

    people: Literal["active", "all"]
    persons: int
    country: list[GroupRecord]
    age_group: list[GroupRecord]
    language: list[GroupRecord]


class PeopleRecord(Shape):
    """Figures about people. Sizes of channels are never added up: there is no total over channels."""

    channels: list[ChannelPeopleRecord]
    communities: list[PlacePeopleRecord]
    demographics: DemographicsRecord
    time_to_convert: TimeToConvertRecord
    engaged: EngagedRecord
    self_service: SelfServiceRecord
    is_behind: bool
    behind_reason: str | None


class People(ApiView):
    """Who the people are, what they do and how soon they convert."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="people:read",
            summary="Figures about people: how many we know, what they do, when they convert",
            description="Persons are counted after merges, without staff and bots. The size of a channel is the "
            "latest by the period's last day; it is a denominator and never added up over channels.",
            query=PeopleParameters,
            answers={200: PeopleRecord},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        asked = dict(self.query(request, PeopleParameters))
        report = people_report(
            PeopleQuery(now=timezone.now(), start=asked["from"], end=asked["to"], people=asked["people"])
        )
        behind = behind_reason()
        return JsonAnswer(
            {**_report(report, with_small=self.may(VIEW_CONTACTS)), "is_behind": bool(behind), "behind_reason": behind}
        )


def _report(report: PeopleReport, *, with_small: bool) -> dict[str, Any]:
    took, did = report.time_to_convert, report.activity
    return {
        "channels": [_channel(known, place) for known, place in zip(report.known, report.channels, strict=True)],
        "communities": [_place(place) for place in report.communities],
        "demographics": {
            "people": report.query.people,
            "persons": did.persons,
            **{what: [asdict(group) for group in report.groups(what, with_small=with_small)] for what in BREAKDOWNS},
        },
        "time_to_convert": {
            "n": took.n,
            "without_touch": took.without_touch,
            "median": _days(took.median),
            "p90": _days(took.p90),
            "reason": took.reason,
        },
        "engaged": {
            "engaged_from": report.engaged_from,
            "customers": did.customers,
            "top": did.top,
            "engaged": did.engaged,
            **_figures(engaged_in_top_tenth=did.engaged_in_top_tenth),
        },
        "self_service": {
            "readers": did.readers,
            "askers": did.askers,
            **_figures(self_service_score=did.self_service_score),
        },
    }


def _channel(known: ChannelPeople, place: PlaceActivity) -> dict[str, Any]:
    return {
        **_place(place),
        "size": known.size,
        "size_day": known.size_day,
        "identified": known.identified,
        **_figures(identified_coverage=known.identified_coverage),
    }


def _place(place: PlaceActivity) -> dict[str, Any]:
    return {
        "id": place.key,
        "code": place.code,
        "name": place.name,
        "interactions": place.interactions,
        "share": fraction_text(place.share),
        "by_kind": [
            {"kind": one.kind, "interactions": one.interactions, "share": fraction_text(one.share)}
            for one in place.kinds
        ],
    }


def _figures(**ratios: Ratio) -> dict[str, Any]:
    """Return each ratio as a fraction, and what they were made of."""
    made_of = {name: ratio_parts(ratio) for name, ratio in ratios.items()}
    return {**{name: fraction_text(ratio) for name, ratio in ratios.items()}, "ratios": made_of}


def _days(days: float | None) -> str | None:
    return None if days is None else f"{days:.1f}"
