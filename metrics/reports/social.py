"""
Social figures: people helped, questions answered, ratings.

People are counted after identity resolution, distinct in the row and in the total. Help to oneself
counts nowhere, and what a bot does helps nobody in these figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from metrics.reports.dimensions import Dimension
from metrics.reports.snapshot import select

# The role of a member at an instant; a member without one is community.
ROLE_AT = """
    COALESCE((
        SELECT span.role FROM metrics_rolespan span
        WHERE span.member_id = {member} AND span.since <= {instant} AND span.until > {instant}
    ), 'community')
"""

# Whether a member was a bot at an instant: asked by the spans of bots, which are few, not once for every row.
IS_BOT_AT = """EXISTS (
    SELECT FROM metrics_rolespan span
    WHERE span.role = 'bot' AND span.member_id = {member}
      AND span.since <= {instant} AND span.until > {instant}
)"""

# Whether a person was staff at an instant: with any account. Few members ever were, so their spans come first.
IS_STAFF_AT = """EXISTS (
    SELECT FROM metrics_rolespan span
    JOIN community_member staff ON staff.id = span.member_id
    JOIN crm_contact staff_contact ON staff_contact.id = staff.contact_id
    WHERE span.role = 'staff' AND staff_contact.person_id = {person}
      AND span.since <= {instant} AND span.until > {instant}
)"""

_PLACE = """
    (i.occurred_at AT TIME ZONE %(zone)s)::date AS day,
    COALESCE(i.campaign_id, named.id) AS campaign_id,
    i.channel_id,
    ch.community_id
"""
_PLACE_FROM = """
    JOIN community_channel ch ON ch.id = i.channel_id
    LEFT JOIN crm_campaign named ON i.campaign_id IS NULL AND lower(named.code) = lower(i.utm_campaign)
"""
_IN_PERIOD = """
    i.retracted_at IS NULL
    AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
"""

# One row per help record that counts: by somebody else, not withdrawn, its interaction not retracted.
# `customer_id` is the person helped unless staff, `helper_id` the person who helped unless staff:
# staff get no row of their own.
HELP = f"""
    SELECT
        {_PLACE},
        asker.person_id AS person_id,
        CASE WHEN NOT {IS_STAFF_AT.format(person="asker.person_id", instant="i.occurred_at")}
             THEN asker.person_id END AS customer_id,
        CASE WHEN {ROLE_AT.format(member="m.id", instant="i.occurred_at")} = 'community'
             THEN helper.person_id END AS helper_id,
        hr.outcome IN ('solved', 'helped') AS is_helped,
        hr.rating,
        hr.minutes
    FROM community_helprecord hr
    JOIN community_interaction i ON i.id = hr.interaction_id
    {_PLACE_FROM}
    JOIN crm_contact asker ON asker.id = hr.contact_id
    LEFT JOIN community_member m ON m.id = hr.helper_member_id
    LEFT JOIN crm_contact helper ON helper.id = m.contact_id
    WHERE hr.withdrawn_at IS NULL
      AND {_IN_PERIOD}
      AND helper.person_id IS DISTINCT FROM asker.person_id
      AND NOT {IS_BOT_AT.format(member="m.id", instant="i.occurred_at")}
"""

# One row per answer that its asker accepted or staff confirmed, given by another person. An author or
# an opener whose account is gone counts as a person other than anyone known.
ANSWERS = f"""
    SELECT
        t.id AS thread_id,
        {_PLACE},
        CASE WHEN NOT {IS_STAFF_AT.format(person="asker.person_id", instant="i.occurred_at")}
             THEN asker.person_id END AS customer_id,
        CASE WHEN {ROLE_AT.format(member="m.id", instant="i.occurred_at")} = 'community'
             THEN helper.person_id END AS helper_id
    FROM community_thread t
    CROSS JOIN LATERAL (VALUES (t.accepted_answer_id), (t.confirmed_answer_id)) AS answer(id)
    JOIN community_interaction i ON i.id = answer.id
    {_PLACE_FROM}
    LEFT JOIN community_member opener ON opener.id = t.opened_by_id
    LEFT JOIN crm_contact asker ON asker.id = opener.contact_id
    LEFT JOIN community_member m ON m.id = i.member_id
    LEFT JOIN crm_contact helper ON helper.id = m.contact_id
    WHERE (t.accepted_answer_id IS NOT NULL OR t.confirmed_answer_id IS NOT NULL)
      AND {_IN_PERIOD}
      AND (asker.person_id IS NULL OR helper.person_id IS NULL OR helper.person_id <> asker.person_id)
      AND NOT {IS_BOT_AT.format(member="m.id", instant="i.occurred_at")}
"""


@dataclass(frozen=True)
class SocialCounts:
    """Distinct persons helped, distinct questions answered, the sum of ratings and their number."""

    people_helped: int = 0
    questions_answered: int = 0
    stars: int = 0
    ratings: int = 0


@dataclass(frozen=True)
class Social:
    """The counts of each row and, counted anew and not summed, those of the whole."""

    rows: Mapping[int | date, SocialCounts]
    total: SocialCounts


def social_counts(dimension: Dimension, parameters: Mapping[str, object], *, few: bool = False) -> Social:
    """
    Return the social figures of every row with any, and of the whole, in two queries.

    With `few`, only those of the rows that `parameters` names as `only`, which are the whole then.
    """
    only = f"AND {dimension.social_only}" if few else ""
    helped = select(
        f"""
        SELECT GROUPING(key), key, count(DISTINCT person_id) FILTER (WHERE is_helped),
               COALESCE(sum(rating), 0)::bigint, count(rating)
        FROM (SELECT {dimension.social_key} AS key, h.person_id, h.is_helped, h.rating FROM ({HELP} {only}) h) h
        GROUP BY GROUPING SETS ((key), ())
        """,
        parameters,
    )
    answered = select(
        f"""
        SELECT GROUPING(key), key, count(DISTINCT thread_id)
        FROM (SELECT {dimension.social_key} AS key, h.thread_id FROM ({ANSWERS} {only}) h) h
        GROUP BY GROUPING SETS ((key), ())
        """,
        parameters,
    )
    threads = {(whole, key): number for whole, key, number in answered}
    people = {(whole, key): figures for whole, key, *figures in helped}
    counts = {
        place: SocialCounts(
            people_helped=people.get(place, (0, 0, 0))[0],
            questions_answered=threads.get(place, 0),
            stars=people.get(place, (0, 0, 0))[1],
            ratings=people.get(place, (0, 0, 0))[2],
        )
        for place in people.keys() | threads.keys()
    }
    return Social(
        rows={key: figures for (whole, key), figures in counts.items() if not whole and key is not None},
        total=counts[(1, None)],
    )
