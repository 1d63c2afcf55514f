"""
Figures about people: how many we know, who they are, what they do, how soon they convert, how far the best take part.

Persons are counted after merges, staff and bots left out. Days are local days of the organisation, half-open. What
each figure means stands in docs/metrics.md.

Sources: R1, R5, R7, R8, R9, R62. The size of a channel is a denominator and no success (G9), and is never added up over
channels, for somebody may follow several.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from django.conf import settings

from community.interaction_kinds import label_of
from crm.periods import Period, local_day, organisation_zone
from metrics.reports.demographics import Group, told
from metrics.reports.figures import Ratio, share_of_interactions
from metrics.reports.first_conversions import TimeToConvert, time_to_convert
from metrics.reports.query import InvalidQuery
from metrics.reports.snapshot import one_snapshot
from metrics.reports.what_people_did import Activity, count_activity
from metrics.reports.who_is_known import ChannelPeople, channels_known

Whose = Literal["active", "all"]


@dataclass(frozen=True, kw_only=True)
class PeopleQuery:
    """
    One question to `people_report`.

    `start` and `end` are local days of the organisation, half-open, None is open. What happened up to `now` counts.
    `people` says who is told apart by country, age and language: who did something in the period, or everybody.
    """

    now: datetime
    start: date | None = None
    end: date | None = None
    people: Whose = "active"

    def __post_init__(self) -> None:
        if self.people not in get_args(Whose):
            raise InvalidQuery(f"'{self.people}' are no people. Use one of: {', '.join(get_args(Whose))}.")
        if self.now.tzinfo is None:
            raise ValueError("`now` must be an aware time.")

    @property
    def period(self) -> Period:
        """The period in the organisation's zone. Raises `PeriodEndsBeforeStart`."""
        return Period(self.start, self.end, organisation_zone())

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements of the report take."""
        period = self.period
        today = local_day(self.now, period.zone)
        last_day = min(self.end - timedelta(days=1), today) if self.end else today
        return {
            "now": self.now,
            "start": self.start or "-infinity",
            "end": self.end or "infinity",
            "starts_at": period.starts_at or "-infinity",
            "ends_at": period.ends_at or "infinity",
            "at": min(period.ends_at or self.now, self.now),
            "last_day": last_day,
            "last_year": last_day.year,
            "only": None,
            "everybody": self.people == "all",
        }


@dataclass(frozen=True)
class KindShare:
    """How many interactions of a place are of one kind."""

    kind: str
    label: str
    interactions: int
    share: Ratio


@dataclass(frozen=True, kw_only=True)
class PlaceActivity:
    """
    What members did on a channel or in a community: the kinds that occurred, the most usual first.

    `share` is that of the place in what they did everywhere.
    """

    key: int
    code: str
    name: str
    interactions: int
    share: Ratio
    kinds: Sequence[KindShare]


@dataclass(frozen=True)
class PeopleReport:
    """
    The answer: channels by name with whom we know there, channels and communities with what was done, and the rest.

    Archived channels stand in it where something was done there. `engaged_from` is from how many interactions on
    somebody is engaged.
    """

    query: PeopleQuery
    known: Sequence[ChannelPeople]
    channels: Sequence[PlaceActivity]
    communities: Sequence[PlaceActivity]
    activity: Activity
    time_to_convert: TimeToConvert
    engaged_from: int

    def groups(self, what: str, *, with_small: bool) -> list[Group]:
        """Return a breakdown of the people, one of `BREAKDOWNS`; small groups by themselves only `with_small`."""
        return told(what, self.activity.groups.get(what, {}), with_small=with_small)


def people_report(query: PeopleQuery) -> PeopleReport:
    """Answer `query` in a fixed number of queries, in one snapshot of the database."""
    with one_snapshot():
        parameters = query.parameters
        known = channels_known(parameters)
        activity = count_activity(parameters)
        converted = time_to_convert(parameters)
    shown = [channel for channel in known if not channel.is_archived or channel.key in activity.kinds]
    communities: dict[int, Counter[str]] = {}
    names: dict[int, tuple[str, str]] = {}
    for channel in shown:
        names[channel.community] = channel.community_code, channel.community_name
        communities.setdefault(channel.community, Counter()).update(activity.kinds.get(channel.key, {}))
    everywhere = sum(kinds.total() for kinds in communities.values())
    return PeopleReport(
        query=query,
        known=shown,
        channels=[_place(one.key, one.code, one.name, activity.kinds.get(one.key, {}), everywhere) for one in shown],
        communities=sorted(
            (_place(key, *names[key], kinds, everywhere) for key, kinds in communities.items()),
            key=lambda place: place.name,
        ),
        activity=activity,
        time_to_convert=converted,
        engaged_from=settings.METRICS_ENGAGED_INTERACTIONS,
    )


def channel_people(ids: Sequence[int], *, now: datetime) -> dict[int, ChannelPeople]:
    """Return whom we know on each of these channels today; one query."""
    parameters = {**PeopleQuery(now=now).parameters, "only": list(ids)}
    return {channel.key: channel for channel in channels_known(parameters)}


def _place(key: int, code: str, name: str, kinds: Mapping[str, int], everywhere: int) -> PlaceActivity:
    total = sum(kinds.values())
    return PlaceActivity(
        key=key,
        code=code,
        name=name,
        interactions=total,
        share=share_of_interactions(part=total, interactions=everywhere),
        kinds=[
            KindShare(kind, label_of(kind), number, share_of_interactions(part=number, interactions=total))
            for kind, number in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    )
