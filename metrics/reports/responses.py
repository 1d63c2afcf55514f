"""
Response figures: whether people who asked something were replied to, how soon, and whether it was resolved.

What expects a reply and what is one is `community.replies`: the queue follows the same rule. The figures are
in cohort form: what was asked in the period, replied to and resolved by `now`. What has no reply yet is
counted beside the times, for it drops out of them and flatters them. Times are in seconds, by the calendar
and by the business hours of the channel; percentiles interpolate linearly between closest ranks.

Sources: R6, R12, R59 to R63. A first reply and a first answer are two figures: "I will look into it" is a
reply and no answer. An accepted answer and any reply are two figures too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from django.contrib.auth import get_user_model

from community.business_time import OPENED, business_seconds
from community.models import BusinessHours, Channel, Community
from community.replies import REPLIES, ROLE_AT, asks, reply_parameters
from crm.periods import Period, organisation_zone
from metrics.reports.figures import Ratio, lead_answer_rate, resolution_rate, response_rate
from metrics.reports.names import accounts_of, names_of
from metrics.reports.query import InvalidQuery
from metrics.reports.snapshot import one_snapshot, select

By = Literal["channel", "community", "staff", "replier"]

NO_BUSINESS_HOURS = "No business hours are defined, so every hour counts."


@dataclass(frozen=True, kw_only=True)
class ResponsesQuery:
    """
    One question to `responses_report`.

    `by` says what a row is: a channel, a community, a member of staff who replied, or anybody who replied.
    `start` and `end` are local days of the organisation, half-open, None is open: what was asked in them
    counts. `topic` keeps the asks of threads with exactly this topic. Replies count up to `now`.
    """

    by: By
    now: datetime
    start: date | None = None
    end: date | None = None
    topic: str = ""

    def __post_init__(self) -> None:
        if self.by not in get_args(By):
            raise InvalidQuery(f"'{self.by}' is no way to group. Use one of: {', '.join(get_args(By))}.")
        if self.now.tzinfo is None:
            raise ValueError("`now` must be an aware time.")

    @property
    def period(self) -> Period:
        """The period in the organisation's zone. Raises `PeriodEndsBeforeStart`."""
        return Period(self.start, self.end, organisation_zone())


@dataclass(frozen=True)
class Spread:
    """Mean, median and 90th percentile of some times in seconds; all None without any."""

    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Times:
    """How long `n` things took: by the calendar, in business hours, and how many within an hour, a day, a week."""

    n: int = 0
    calendar: Spread = Spread()
    business: Spread = Spread()
    within_1h: int = 0
    within_24h: int = 0
    within_7d: int = 0


@dataclass(frozen=True, kw_only=True)
class ResponseRow:
    """
    The figures of a channel, a community, somebody who replied, or the whole.

    `asked`: asks of the period. `replied` and `answered`: those with a first reply and a first answer, and
    `unreplied` those without any reply. `replies` and `answers`: how many were given. In the row of somebody
    who replied, `replied` counts the asks that they replied to, `first_replies` those where they were the
    first, the times are those of their own first reply or answer to each ask, and the rates are shares of
    everything that was asked or raised.

    `raised`: questions, one for each thread. `resolved`: those with an accepted or confirmed answer, by the
    asker, by a member or by staff. `repliers` and `answerers` are distinct known people.
    """

    key: int | str | None
    name: str
    asked: int
    replied: int
    answered: int
    replied_by_staff: int
    leads: int
    leads_replied: int
    replies: int
    answers: int
    first_replies: int
    repliers: int
    answerers: int
    first_reply: Times
    first_answer: Times
    first_staff_reply: Times
    raised: int
    resolved: int
    resolved_by_asker: int
    resolved_by_member: int
    resolved_by_staff: int
    resolution: Times
    resolution_by_others: Times

    @property
    def unreplied(self) -> int:
        """Asks without any reply."""
        return self.asked - self.replied

    @property
    def unanswered(self) -> int:
        """Asks without an answer."""
        return self.asked - self.answered

    @property
    def response_rate(self) -> Ratio:
        """Asks replied to, of all asks."""
        return response_rate(replied=self.replied, asked=self.asked)

    @property
    def lead_answer_rate(self) -> Ratio:
        """Leads replied to, of all leads."""
        return lead_answer_rate(replied=self.leads_replied, leads=self.leads)

    @property
    def resolution_rate(self) -> Ratio:
        """Questions resolved, of all questions raised."""
        return resolution_rate(resolved=self.resolved, raised=self.raised)


@dataclass(frozen=True)
class ResponsesReport:
    """The rows, most asked first, and the whole, counted anew and not summed. `note` explains the hours."""

    query: ResponsesQuery
    rows: list[ResponseRow]
    total: ResponseRow
    note: str


def responses_report(query: ResponsesQuery) -> ResponsesReport:
    """Answer `query` in a fixed number of queries (at most eight), in one snapshot of the database."""
    (report,) = responses_reports(query)
    return report


def responses_reports(*queries: ResponsesQuery) -> list[ResponsesReport]:
    """Answer several queries in one snapshot. What is the same for all of them is computed once."""
    wholes: dict[ResponsesQuery, ResponseRow] = {}
    reports = []
    with one_snapshot():
        for query in queries:
            asked = replace(query, by="channel")
            report = _report(query, total=wholes.get(asked))
            wholes[asked] = report.total
            reports.append(report)
    return reports


# What each time is called, its two columns, and the rows that it is taken over.
_TIMES = {
    "first_reply": ("reply_seconds", "reply_business_seconds"),
    "first_answer": ("answer_seconds", "answer_business_seconds"),
    "first_staff_reply": ("staff_seconds", "staff_business_seconds"),
    "resolution": ("resolution_seconds", "resolution_business_seconds"),
    "resolution_by_others": ("others_seconds", "others_business_seconds"),
}


def _aggregates(names: Mapping[str, tuple[str, str]]) -> str:
    parts = []
    for calendar, business in names.values():
        parts.append(f"count({calendar})")
        for seconds in (calendar, business):
            parts.append(f"avg({seconds}), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {seconds})")
        parts += [f"count(*) FILTER (WHERE {calendar} <= {limit})" for limit in (3600, 86400, 604800)]
    return ", ".join(parts)


def _read_times(values: Iterator[Any], names: Mapping[str, tuple[str, str]]) -> dict[str, Times]:
    found = {}
    for name in names:
        n = next(values)
        spreads = []
        for _ in range(2):
            mean, percentiles = next(values), next(values)
            spreads.append(Spread(mean, *percentiles) if percentiles else Spread())
        calendar, business = spreads
        found[name] = Times(n, calendar, business, *(next(values) for _ in range(3)))
    return found


_REPLY_TIMES = {name: _TIMES[name] for name in ("first_reply", "first_answer", "first_staff_reply")}
_RESOLUTION_TIMES = {name: _TIMES[name] for name in ("resolution", "resolution_by_others")}

_ASK = f"""
    ask AS MATERIALIZED ({
    asks('''i.occurred_at <= %(now)s
      AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
      AND (%(topic)s = '' OR i.thread_id IN (SELECT t.id FROM community_thread t WHERE t.topic = %(topic)s))''')
}),
    opened AS MATERIALIZED ({OPENED.format(since="(SELECT min(occurred_at) FROM ask)", until="%(now)s::timestamptz")}),
    place AS MATERIALIZED (
        SELECT channel.channel_id, channel.community_id, channel.hours_id, opened.opens, opened.closes, opened.before
        FROM (
            SELECT id AS channel_id, community_id, COALESCE(
                business_hours_id, (SELECT id FROM community_businesshours WHERE is_default)
            ) AS hours_id
            FROM community_channel
        ) channel
        LEFT JOIN opened ON opened.hours_id = channel.hours_id
    )
"""
_REPLY = f"reply AS MATERIALIZED (SELECT * FROM ({REPLIES}) found WHERE found.replied_at <= %(now)s)"


def _seconds(until: str, name: str, since: str = "said.asked_at") -> str:
    return f"""
        extract(epoch FROM {until} - {since})::double precision AS {name}_seconds,
        {business_seconds(since, until, hours="place.hours_id", opened="place")} AS {name}_business_seconds
    """


# What is grouped by, of a row that knows its channel.
_PLACED = "JOIN place ON place.channel_id = said.channel_id"

# One row per ask: when it was first replied to, answered, and replied to by staff. Asks and replies are laid
# under each other and folded, not joined: see `community.replies`.
_REPLIED = f"""
    WITH {_ASK}, {_REPLY},
    ask_told AS (
        SELECT id, max(channel_id) AS channel_id, max(kind) AS kind, max(asked_at) AS asked_at,
               min(replied_at) AS replied_at,
               min(replied_at) FILTER (WHERE is_answer) AS answered_at,
               min(replied_at) FILTER (WHERE is_staff) AS staff_replied_at
        FROM (
            SELECT id, channel_id, kind, occurred_at AS asked_at, NULL::timestamptz AS replied_at,
                   false AS is_answer, false AS is_staff
            FROM ask
            UNION ALL
            SELECT ask_id, channel_id, ask_kind, asked_at, replied_at, is_answer, is_staff FROM reply
        ) told
        GROUP BY id
    ),
    timed AS MATERIALIZED (
        SELECT {{key}} AS key, said.kind, said.replied_at, said.answered_at, said.staff_replied_at,
               {_seconds("said.replied_at", "reply")},
               {_seconds("said.answered_at", "answer")},
               {_seconds("said.staff_replied_at", "staff")}
        FROM ask_told said {_PLACED}
    ),
    given AS (
        SELECT GROUPING({{key}}) AS whole, {{key}} AS key, count(DISTINCT said.reply_id) AS replies,
               count(DISTINCT said.reply_id) FILTER (WHERE said.is_answer) AS answers,
               count(DISTINCT COALESCE('u' || said.user_id, 'p' || said.person_id)) AS repliers,
               count(DISTINCT COALESCE('u' || said.user_id, 'p' || said.person_id))
                   FILTER (WHERE said.is_answer) AS answerers
        FROM reply said {_PLACED}
        GROUP BY GROUPING SETS (({{key}}), ())
    ),
    counted AS (
        SELECT GROUPING(key) AS whole, key, count(*) AS asked, count(replied_at), count(answered_at),
               count(staff_replied_at), count(*) FILTER (WHERE kind = 'lead'),
               count(replied_at) FILTER (WHERE kind = 'lead'), {_aggregates(_REPLY_TIMES)}
        FROM timed GROUP BY GROUPING SETS ((key), ())
    )
    SELECT COALESCE(given.replies, 0), COALESCE(given.answers, 0), COALESCE(given.repliers, 0),
           COALESCE(given.answerers, 0), counted.*
    FROM counted
    LEFT JOIN given ON given.whole = counted.whole AND given.key IS NOT DISTINCT FROM counted.key
"""

# One row per question raised, the first of its thread, and when and by whom it was resolved. One that its
# source calls reopened is open.
_RESOLVED = f"""
    WITH {_ASK},
    raised AS (
        SELECT DISTINCT ON (COALESCE(ask.thread_id, -ask.id)) ask.*, ask.occurred_at AS asked_at
        FROM ask WHERE ask.kind = 'question'
        ORDER BY COALESCE(ask.thread_id, -ask.id), ask.occurred_at, ask.id
    ),
    timed AS MATERIALIZED (
        SELECT {{key}} AS key, resolved.resolved_at, resolved.resolved_by,
               {_seconds("resolved.resolved_at", "resolution")},
               {_seconds("CASE WHEN resolved.resolved_by <> 'asker' THEN resolved.resolved_at END", "others")}
        FROM raised said
        {_PLACED}
        {{resolved}} JOIN LATERAL (
            SELECT a.occurred_at AS resolved_at, COALESCE('u' || a.user_id, 'p' || resolver.person_id) AS resolver,
                   CASE
                       WHEN resolver.person_id = said.person_id THEN 'asker'
                       WHEN a.user_id IS NOT NULL OR role.role = 'staff' THEN 'staff'
                       ELSE 'member'
                   END AS resolved_by
            FROM community_thread t
            CROSS JOIN LATERAL (VALUES (t.accepted_answer_id), (t.confirmed_answer_id)) answer (id)
            JOIN community_interaction a ON a.id = answer.id AND a.retracted_at IS NULL
            LEFT JOIN community_member account ON account.id = a.member_id
            LEFT JOIN crm_contact resolver ON resolver.id = account.contact_id
            CROSS JOIN LATERAL (SELECT {ROLE_AT.format(member="a.member_id", instant="a.occurred_at")}) role (role)
            WHERE t.id = said.thread_id AND lower(t.source_state) <> 'reopened'
              AND a.occurred_at >= said.asked_at AND a.occurred_at <= %(now)s
              AND (role.role <> 'bot' OR resolver.person_id = said.person_id)
            ORDER BY a.occurred_at, a.id
            LIMIT 1
        ) resolved ON true
    )
    SELECT GROUPING(key), key, count(*), count(resolved_at),
           count(*) FILTER (WHERE resolved_by = 'asker'), count(*) FILTER (WHERE resolved_by = 'member'),
           count(*) FILTER (WHERE resolved_by = 'staff'), {_aggregates(_RESOLUTION_TIMES)}
    FROM timed GROUP BY GROUPING SETS ((key), ())
"""

# One row per ask and person who replied to it: their own first reply and answer.
_BY_REPLIER = f"""
    WITH {_ASK}, {_REPLY},
    own AS (
        SELECT ask_id, COALESCE('u' || user_id, 'p' || person_id) AS key, max(channel_id) AS channel_id,
               max(ask_kind) AS kind, max(asked_at) AS asked_at, min(replied_at) AS replied_at,
               min(replied_at) FILTER (WHERE is_answer) AS answered_at,
               min(replied_at) FILTER (WHERE is_staff) AS staff_replied_at,
               count(*) AS replies, count(*) FILTER (WHERE is_answer) AS answers,
               bool_or(is_first) AS is_first
        FROM (
            SELECT reply.*, row_number() OVER (PARTITION BY ask_id ORDER BY replied_at, reply_id) = 1 AS is_first
            FROM reply
        ) reply
        WHERE COALESCE(user_id, person_id) IS NOT NULL {{only}}
        GROUP BY 1, 2
    ),
    timed AS MATERIALIZED (
        SELECT said.*,
               {_seconds("said.replied_at", "reply")},
               {_seconds("said.answered_at", "answer")},
               {_seconds("said.staff_replied_at", "staff")}
        FROM own said {_PLACED}
    )
    SELECT key, sum(replies), sum(answers), count(*) FILTER (WHERE is_first), count(*), count(answered_at),
           count(staff_replied_at), count(*) FILTER (WHERE kind = 'lead'), {_aggregates(_REPLY_TIMES)}
    FROM timed GROUP BY key
"""

_KEYS = {"channel": "said.channel_id", "community": "place.community_id"}


def _report(query: ResponsesQuery, *, total: ResponseRow | None) -> ResponsesReport:
    """Answer `query`. `total` is the whole, where another report of the same period had it already."""
    period = query.period
    parameters = {
        **reply_parameters(),
        "starts_at": period.starts_at or "-infinity",
        "ends_at": period.ends_at or "infinity",
        "topic": query.topic,
        "now": query.now,
    }
    rows: list[ResponseRow] = []
    if total is None or query.by in _KEYS:
        key = _KEYS.get(query.by, "NULL::bigint")
        replied, resolved = _replied(key, parameters), _resolved(key, parameters)
        total = ResponseRow(key=None, name="All", **replied[None], **resolved.get(None, _NOTHING_RAISED))
        names = _place_names(query.by) if query.by in _KEYS else {}
        rows = [
            ResponseRow(key=pk, name=names.get(pk, str(pk)), **figures, **resolved.get(pk, _NOTHING_RAISED))
            for pk, figures in replied.items()
            if pk is not None
        ]
    if query.by not in _KEYS:
        rows = _repliers(query, parameters, total)
    rows.sort(key=lambda row: (-row.asked, -row.replied, -row.replies, row.name, str(row.key)))
    return ResponsesReport(query, rows, total, _note())


_NOTHING_RAISED: dict[str, Any] = {
    "raised": 0,
    "resolved": 0,
    "resolved_by_asker": 0,
    "resolved_by_member": 0,
    "resolved_by_staff": 0,
    "resolution": Times(),
    "resolution_by_others": Times(),
}


def _replied(key: str, parameters: Mapping[str, Any]) -> dict[int | None, dict[str, Any]]:
    """Return the figures of replies for each key, and under None those of the whole."""
    found = {}
    for replies, answers, repliers, answerers, is_whole, row_key, *rest in select(_REPLIED.format(key=key), parameters):
        if row_key is None and not is_whole:
            continue  # nothing to group by: the whole stands beside
        values = iter(rest)
        asked, replied, answered, by_staff, leads, leads_replied = (next(values) for _ in range(6))
        found[None if is_whole else row_key] = {
            "asked": asked,
            "replied": replied,
            "answered": answered,
            "replied_by_staff": by_staff,
            "leads": leads,
            "leads_replied": leads_replied,
            "replies": replies,
            "answers": answers,
            "first_replies": replied,
            "repliers": repliers,
            "answerers": answerers,
            **_read_times(values, _REPLY_TIMES),
        }
    return found


def _resolved(
    key: str, parameters: Mapping[str, Any], *, only_resolved: bool = False
) -> dict[int | str | None, dict[str, Any]]:
    """Return the figures of resolution for each key, and under None those of the whole."""
    statement = _RESOLVED.format(key=key, resolved="" if only_resolved else "LEFT")
    found = {}
    for is_whole, row_key, raised, resolved, by_asker, by_member, by_staff, *rest in select(statement, parameters):
        if row_key is None and not is_whole:
            continue
        found[None if is_whole else row_key] = {
            "raised": raised,
            "resolved": resolved,
            "resolved_by_asker": by_asker,
            "resolved_by_member": by_member,
            "resolved_by_staff": by_staff,
            **_read_times(iter(rest), _RESOLUTION_TIMES),
        }
    return found


def _repliers(query: ResponsesQuery, parameters: Mapping[str, Any], total: ResponseRow) -> list[ResponseRow]:
    only = "AND is_staff" if query.by == "staff" else ""
    # What askers found themselves is resolved, but nobody's help.
    own = "CASE WHEN resolved.resolved_by <> 'asker' THEN resolved.resolver END"
    resolved = _resolved(own, parameters, only_resolved=True)
    found = {}
    for key, replies, answers, first_replies, replied, answered, by_staff, leads, *rest in select(
        _BY_REPLIER.format(only=only), parameters
    ):
        figures = resolved.get(key, _NOTHING_RAISED)
        found[key] = {
            "asked": total.asked,
            "replied": replied,
            "answered": answered,
            "replied_by_staff": by_staff,
            "leads": total.leads,
            "leads_replied": leads,
            "replies": int(replies),
            "answers": int(answers),
            "first_replies": first_replies,
            "repliers": 1,
            "answerers": int(answered > 0),
            **_read_times(iter(rest), _REPLY_TIMES),
            **figures,
            "raised": total.raised,
        }
    names = _replier_names(list(found))
    return [ResponseRow(key=key, name=names[key], **figures) for key, figures in found.items()]


def _place_names(by: By) -> dict[int, str]:
    return dict((Channel if by == "channel" else Community)._default_manager.values_list("pk", "name"))


def _replier_names(keys: list[str]) -> dict[str, str]:
    """
    Return what to call each replier: a user by name, a person by name or handle.

    Kith does not know that a colleague's login and account are one person. Where both replied and are
    called the same, the login says so.
    """
    users = {int(key[1:]): key for key in keys if key[0] == "u"}
    people = {int(key[1:]): key for key in keys if key[0] == "p"}
    called = names_of("members", list(people))
    names = {key: called[pk].name for pk, key in people.items()}
    taken = set(names.values())
    for user in get_user_model().objects.filter(pk__in=users):
        name = user.get_full_name() or user.get_username()
        names[users[user.pk]] = f"{name} (login)" if name in taken else name
    return names


def _note() -> str:
    return "" if BusinessHours.objects.filter(openings__isnull=False).exists() else NO_BUSINESS_HOURS


def replier_accounts(rows: list[ResponseRow]) -> dict[int | str | None, list[str]]:
    """Return the external ids of the accounts of each person among the rows."""
    people = {int(str(row.key)[1:]): row.key for row in rows if str(row.key).startswith("p")}
    return {
        people[pk]: [account.external_id for account in accounts] for pk, accounts in accounts_of(list(people)).items()
    }


def hours_of(seconds: float | None) -> Decimal | None:
    """Return seconds as hours, unrounded; None stays None."""
    return None if seconds is None else Decimal(repr(seconds)) / 3600
