"""
The one statement that counts response figures for all rows of a report, and how its rows are read.

Each ask becomes one fact: when it was first replied to, answered and resolved. So does what each person replied
to an ask, and each resolution by somebody. A fact names the rows of the report that it counts in; the times are
worked out once per fact, and each row counted from its facts. What a user did is the person's that the user is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from community.business_time import OPENED, business_seconds
from community.replies import OWNER, PERSON, REPLIES, RESOLVES, ROLE_AT, asks, reply_parameters
from metrics.reports.snapshot import select

WHOLE = "whole"  # the row of everything
PLACES = ("channel", "community")  # ways to group what was asked; the others group by who replied
ONE = "one"  # before the name of a row, what one member of staff did of that row

# A place's id, "u7" for a user and "p7" for a person who replied, None for everything.
Key = int | str | None
# The figures by the way to group and the row's key, each by its name.
Counted = dict[str, dict[Key, dict[str, Any]]]


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


# What is counted in each row, and how.
_COUNTS = {
    "asked": "count(*) FILTER (WHERE what = 'ask')",
    "dismissed": "count(*) FILTER (WHERE what = 'dismissed')",
    "replied": "count(first_reply_seconds)",
    "answered": "count(first_answer_seconds)",
    "replied_by_staff": "count(first_staff_reply_seconds)",
    "leads": "count(*) FILTER (WHERE kind = 'lead')",
    "leads_replied": "count(first_reply_seconds) FILTER (WHERE kind = 'lead')",
    "first_replies": "count(*) FILTER (WHERE is_first)",
    "raised": "count(*) FILTER (WHERE is_raised)",
    "resolved": "count(resolution_seconds)",
    "resolved_by_asker": "count(*) FILTER (WHERE resolved_by = 'asker')",
    "resolved_by_member": "count(*) FILTER (WHERE resolved_by = 'member')",
    "resolved_by_staff": "count(*) FILTER (WHERE resolved_by = 'staff')",
}
# How much was given: at a place each reply once, however much it answered; by a person once for each ask.
_GIVEN = ("replies", "answers", "repliers", "answerers")
# What each time is called, and what ends it. All begin when somebody asked.
_TIMES = {
    "first_reply": "replied_at",
    "first_answer": "answered_at",
    "first_staff_reply": "staff_replied_at",
    "resolution": "resolved_at",
    "resolution_by_others": "CASE WHEN resolved_by <> 'asker' THEN resolved_at END",
}


def _seconds_of(name: str) -> tuple[str, str]:
    """Return what the two columns of a time are called: by the calendar, and in business hours."""
    return f"{name}_seconds", f"{name}_business_seconds"


def _timed() -> str:
    """Return the columns with every time of a fact."""
    parts = []
    for name, until in _TIMES.items():
        calendar, business = _seconds_of(name)
        spent = business_seconds("fact.asked_at", until, hours="place.hours_id", opened="place")
        parts += [
            f"extract(epoch FROM {until} - fact.asked_at)::double precision AS {calendar}",
            f"{spent} AS {business}",
        ]
    return ",\n               ".join(parts)


def _counts() -> str:
    return ",\n               ".join(_COUNTS.values())


def _spreads() -> str:
    """Return the columns that `_read_times` reads."""
    parts = []
    for name in _TIMES:
        calendar, business = _seconds_of(name)
        parts.append(f"count({calendar})")
        for seconds in (calendar, business):
            # Of whole microseconds, so that the order of rows moves no last digit.
            mean = f"(avg(({seconds} * 1000000)::bigint) / 1000000)::double precision"
            parts.append(f"{mean}, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {seconds})")
        parts += [f"count(*) FILTER (WHERE {calendar} <= {limit})" for limit in (3600, 86400, 604800)]
    return ",\n               ".join(parts)


def _row_name(way: str, person: str) -> str:
    """Return the expression for what the row of somebody is called; users have numbers below zero."""
    return f"{way} || CASE WHEN {person} < 0 THEN ' u' ELSE ' p' END || abs({person})"


_RESOLVER = PERSON.format(who="resolver")
# The rows in which a fact counts: those of its place, of its place for one member of staff, or its own.
_ROWS = f"""CASE
                   WHEN row_name IS NULL THEN place.row_names
                   WHEN starts_with(row_name, '{ONE} ') THEN place.row_names_of_one
                   ELSE ARRAY[row_name]
               END"""

# Who replied: a person, or a user who is nobody else.
_WHO = """CASE
            WHEN {user} IS NULL THEN {person}
            ELSE COALESCE((SELECT colleague.person_id FROM colleague WHERE colleague.user_id = {user}), -{user})
        END"""

# Asks, replies and resolutions are laid under each other and folded, not joined: see `community.replies`. Of a
# thread its first question is raised; a reopened one is not resolved. What staff dismissed is asked
# all the same once somebody replied to it.
_FIGURES = f"""
    WITH ask AS MATERIALIZED ({
    asks('''i.occurred_at <= %(now)s
      AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
      AND (%(topic)s = '' OR i.thread_id IN (SELECT t.id FROM community_thread t WHERE t.topic = %(topic)s))
      AND (%(channel)s = '' OR i.channel_id IN (SELECT id FROM community_channel WHERE slug = %(channel)s))''')
}),
    colleague AS MATERIALIZED (
        SELECT login.user_id, is_one.person_id
        FROM community_colleague login
        JOIN crm_contact is_one ON is_one.id = login.contact_id
    ),
    reply AS MATERIALIZED (
        SELECT found.*, {_WHO.format(user="found.user_id", person="found.person_id")} AS replier
        FROM ({REPLIES}) found
        WHERE found.replied_at <= %(now)s
    ),
    raised AS MATERIALIZED (
        SELECT DISTINCT ON (COALESCE(thread_id, -id)) *
        FROM ask WHERE kind = 'question'
        ORDER BY COALESCE(thread_id, -id), occurred_at, id
    ),
    resolved AS MATERIALIZED (
        SELECT DISTINCT ON (said.id)
               said.id AS ask_id, said.channel_id, said.occurred_at AS asked_at, given.occurred_at AS resolved_at,
               {_WHO.format(user="given.user_id", person=_RESOLVER)} AS resolver,
               CASE
                   WHEN {_RESOLVER} = said.person_id THEN 'asker'
                   WHEN given.user_id IS NOT NULL OR role.role = 'staff' THEN 'staff'
                   ELSE 'member'
               END AS resolved_by
        FROM raised said
        JOIN community_thread thread ON thread.id = said.thread_id
        CROSS JOIN LATERAL (VALUES (thread.accepted_answer_id), (thread.confirmed_answer_id)) answer (id)
        JOIN community_interaction given ON given.id = answer.id
        {OWNER.format(who="resolver", member="given.member_id")}
        CROSS JOIN LATERAL (SELECT {ROLE_AT.format(member="given.member_id", instant="given.occurred_at")}) role (role)
        WHERE {RESOLVES.format(ask="said")}
          AND (role.role <> 'bot' OR {_RESOLVER} = said.person_id)
        ORDER BY said.id, given.occurred_at, given.id
    ),
    opened AS MATERIALIZED ({OPENED.format(since="(SELECT min(occurred_at) FROM ask)", until="%(now)s::timestamptz")}),
    place AS MATERIALIZED (
        SELECT channel.*, ARRAY(SELECT '{ONE} ' || name FROM unnest(row_names) AS name) AS row_names_of_one,
               opened.opens, opened.closes, opened.before
        FROM (
            SELECT id AS channel_id,
                   COALESCE(
                       business_hours_id, (SELECT id FROM community_businesshours WHERE is_default)
                   ) AS hours_id,
                   ARRAY['{WHOLE}'] || array_remove(ARRAY[
                       CASE WHEN 'channel' = ANY(%(places)s::text[]) THEN 'channel ' || id END,
                       CASE WHEN 'community' = ANY(%(places)s::text[]) THEN 'community ' || community_id END
                   ], NULL) AS row_names
            FROM community_channel
        ) channel
        LEFT JOIN opened ON opened.hours_id = channel.hours_id
    ),
    dismissed AS (
        SELECT ask.id FROM ask
        JOIN community_handling handling ON handling.interaction_id = ask.id
        WHERE handling.dismissed_at <= %(now)s
    ),
    asked AS (
        SELECT id, max(channel_id) AS channel_id, max(kind) AS kind, max(asked_at) AS asked_at,
               min(replied_at) AS replied_at,
               min(replied_at) FILTER (WHERE is_answer) AS answered_at,
               min(replied_at) FILTER (WHERE is_staff) AS staff_replied_at,
               bool_or(is_raised) AS is_raised,
               bool_or(is_dismissed) AND min(replied_at) IS NULL AS is_dismissed,
               max(resolved_at) AS resolved_at, max(resolved_by) AS resolved_by
        FROM (
            SELECT id, channel_id, kind, occurred_at AS asked_at, NULL::timestamptz AS replied_at,
                   false AS is_answer, false AS is_staff, false AS is_raised, false AS is_dismissed,
                   NULL::timestamptz AS resolved_at, NULL AS resolved_by
            FROM ask
            UNION ALL
            SELECT ask_id, NULL, NULL, NULL, replied_at, is_answer, is_staff, false, false, NULL, NULL FROM reply
            UNION ALL
            SELECT id, NULL, NULL, NULL, NULL, false, false, true, false, NULL, NULL FROM raised
            UNION ALL
            SELECT id, NULL, NULL, NULL, NULL, false, false, false, true, NULL, NULL FROM dismissed
            UNION ALL
            SELECT ask_id, NULL, NULL, NULL, NULL, false, false, false, false, resolved_at, resolved_by FROM resolved
        ) told
        GROUP BY id
    ),
    own AS (
        SELECT {_row_name("way", "replier")} AS row_name, replier, ask_id, max(channel_id) AS channel_id,
               max(ask_kind) AS kind,
               max(asked_at) AS asked_at, min(replied_at) AS replied_at,
               min(replied_at) FILTER (WHERE is_answer) AS answered_at,
               min(replied_at) FILTER (WHERE is_staff) AS staff_replied_at,
               bool_or(is_first) AS is_first, count(*) AS replies, count(*) FILTER (WHERE is_answer) AS answers
        FROM (
            SELECT *, row_number() OVER (PARTITION BY ask_id ORDER BY replied_at, reply_id) = 1 AS is_first FROM reply
        ) reply
        JOIN unnest(%(repliers)s::text[]) AS way
            ON way = 'replier' OR is_staff AND (way <> '{ONE}' OR replier = %(staff)s)
        WHERE replier IS NOT NULL
        GROUP BY way, replier, ask_id
    ),
    fact AS (
        SELECT CASE WHEN is_dismissed THEN 'dismissed' ELSE 'ask' END AS what, NULL::text AS row_name, channel_id, kind,
               asked_at, replied_at, answered_at, staff_replied_at, replied_at IS NOT NULL AS is_first, is_raised,
               resolved_at, resolved_by
        FROM asked
        UNION ALL
        SELECT 'reply', row_name, channel_id, kind, asked_at, replied_at, answered_at, staff_replied_at, is_first,
               false, NULL, NULL
        FROM own
        UNION ALL
        SELECT 'resolution', row_name, channel_id, NULL, asked_at, NULL, NULL, NULL, false,
               false, resolved_at, resolved_by
        FROM (
            SELECT *, {_row_name("way", "resolver")} AS row_name
            FROM resolved
            CROSS JOIN unnest(%(repliers)s::text[]) AS way
            WHERE resolved_by <> 'asker'
        ) resolved
        WHERE row_name IN (SELECT row_name FROM own)
    ),
    timed AS MATERIALIZED (
        SELECT {_ROWS} AS row_names,
               what, kind, is_first, is_raised, resolved_by,
               {_timed()}
        FROM fact
        JOIN place ON place.channel_id = fact.channel_id
    ),
    counted AS (
        SELECT named.row_name,
               {_counts()},
               {_spreads()}
        FROM timed
        CROSS JOIN unnest(timed.row_names) AS named (row_name)
        GROUP BY named.row_name
    ),
    given AS (
        SELECT row_name, sum(replies)::bigint AS replies, sum(answers)::bigint AS answers,
               count(replier) AS repliers, count(replier) FILTER (WHERE answers > 0) AS answerers
        FROM (
            SELECT row_name, replier, count(*) AS replies, count(*) FILTER (WHERE is_answer) AS answers
            FROM (
                SELECT DISTINCT named.row_name, reply_id, replier, is_answer
                FROM reply
                JOIN place ON place.channel_id = reply.channel_id
                CROSS JOIN unnest(place.row_names) AS named (row_name)
            ) once
            GROUP BY row_name, replier
            UNION ALL
            SELECT named.row_name, replier, sum(replies), sum(answers)
            FROM own
            JOIN place ON place.channel_id = own.channel_id
            CROSS JOIN unnest({_ROWS}) AS named (row_name)
            GROUP BY named.row_name, replier
        ) by_replier
        GROUP BY row_name
    )
    SELECT counted.*, given.replies, given.answers, given.repliers, given.answerers
    FROM counted
    LEFT JOIN given ON given.row_name = counted.row_name
"""


def count_responses(
    *,
    by: Collection[str],
    starts_at: datetime | None,
    ends_at: datetime | None,
    topic: str,
    channel: str,
    staff: int | None,
    now: datetime,
) -> Counted:
    """
    Return the figures of each row of a report, for every way to group in `by`.

    One statement. Under `WHOLE` and None stand the figures of everything, nothing where nothing was asked. With
    `staff`, the number of one who replied (below zero: a user), what they did as staff stands beside: under `ONE` and
    the way, by the same keys, nothing where they replied to nothing.
    """
    parameters = {
        **reply_parameters(),
        "starts_at": starts_at or "-infinity",
        "ends_at": ends_at or "infinity",
        "topic": topic,
        "channel": channel,
        "staff": staff,
        "now": now,
        "places": [way for way in by if way in PLACES],
        "repliers": [*(way for way in by if way not in PLACES), *([] if staff is None else [ONE])],
    }
    found: Counted = {f"{one}{way}": {} for way in (WHOLE, *by) for one in ("", f"{ONE} ")}
    for row_name, *row in select(_FIGURES, parameters):
        values = iter(row)
        counts = {name: next(values) for name in _COUNTS}
        times = {name: _read_times(values) for name in _TIMES}
        given = {name: next(values) or 0 for name in _GIVEN}
        is_of_one = row_name.startswith(f"{ONE} ")
        way, _, key = row_name.removeprefix(f"{ONE} ").partition(" ")
        found[f"{ONE} {way}" if is_of_one else way][int(key) if way in PLACES else key or None] = {
            **counts,
            **times,
            **given,
        }
    return found


def _read_times(values: Iterator[Any]) -> Times:
    n, mean, percentiles, business_mean, business_percentiles, *within = islice(values, 8)
    if not n:
        return Times()
    return Times(n, Spread(mean, *percentiles), Spread(business_mean, *business_percentiles), *within)
