"""
Social figures: people helped, questions answered, ratings.

People are counted after identity resolution, distinct in the row and in the total. Help to oneself
counts nowhere, be it by an account or by a login that is the person's, and what a bot does helps nobody in these
figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from community.replies import MERGED, OWNER, PERSON
from metrics.reports.dimensions import Dimension
from metrics.reports.snapshot import Question, Rows

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

# Whether a login is a person's own, as somebody has said on the page of the user. Few users are linked to anybody.
IS_LOGIN_OF = """EXISTS (
    SELECT FROM community_colleague login
    JOIN crm_contact login_contact ON login_contact.id = login.contact_id
    WHERE login.user_id = {user} AND login_contact.person_id = {person}
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
    COALESCE(i.campaign_id, CASE WHEN i.utm_campaign <> '' THEN (
        SELECT named.id FROM crm_campaign named WHERE lower(named.code) = lower(i.utm_campaign)
    ) END) AS campaign_id,
    i.channel_id,
    ch.community_id
"""
_PLACE_FROM = "JOIN community_channel ch ON ch.id = i.channel_id"
_ASKER, _HELPER = PERSON.format(who="asker"), PERSON.format(who="helper")
_IN_PERIOD = """
    i.retracted_at IS NULL
    AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
"""

# One row per help record that counts: by somebody else, not withdrawn, its interaction not retracted.
# `customer_id` is the person helped unless staff, `helper_id` the person who helped unless staff:
# staff get no row of their own. What narrows the rows names `said.id`, the interaction, and `asker` and `helper`,
# whose `contact_id` it is. Interactions are looked up one by one (OFFSET 0 keeps it so): the planner would read all
# there are, of which few are help.
HELP = f"""
    SELECT
        {_PLACE},
        {_ASKER} AS person_id,
        CASE WHEN NOT {IS_STAFF_AT.format(person=_ASKER, instant="i.occurred_at")}
             THEN {_ASKER} END AS customer_id,
        CASE WHEN {ROLE_AT.format(member="helper.id", instant="i.occurred_at")} = 'community'
             THEN {_HELPER} END AS helper_id,
        hr.outcome IN ('solved', 'helped') AS is_helped,
        hr.rating,
        hr.minutes
    FROM community_helprecord hr
    CROSS JOIN LATERAL (SELECT hr.interaction_id) said (id)
    CROSS JOIN LATERAL (SELECT hr.contact_id) asker
    CROSS JOIN LATERAL (SELECT * FROM community_interaction WHERE id = said.id OFFSET 0) i
    {_PLACE_FROM}
    {MERGED.format(who="asker")}
    {OWNER.format(who="helper", member="hr.helper_member_id")}
    WHERE hr.withdrawn_at IS NULL
      AND {_IN_PERIOD}
      AND {_HELPER} IS DISTINCT FROM {_ASKER}
      AND NOT {IS_LOGIN_OF.format(user="hr.helper_user_id", person=_ASKER)}
      AND NOT {IS_BOT_AT.format(member="helper.id", instant="i.occurred_at")}
"""

# One row per answer that its asker accepted or staff confirmed, given by another person. An author or
# an opener whose account is gone counts as a person other than anyone known.
ANSWERS = f"""
    SELECT
        t.id AS thread_id,
        {_PLACE},
        CASE WHEN NOT {IS_STAFF_AT.format(person=_ASKER, instant="i.occurred_at")}
             THEN {_ASKER} END AS customer_id,
        CASE WHEN {ROLE_AT.format(member="helper.id", instant="i.occurred_at")} = 'community'
             THEN {_HELPER} END AS helper_id
    FROM community_thread t
    JOIN LATERAL (VALUES (t.accepted_answer_id), (t.confirmed_answer_id)) answer (id) ON answer.id IS NOT NULL
    JOIN community_interaction i ON i.id = answer.id
    CROSS JOIN LATERAL (SELECT i.id) said
    {_PLACE_FROM}
    {OWNER.format(who="asker", member="t.opened_by_id")}
    {OWNER.format(who="helper", member="i.member_id")}
    WHERE (t.accepted_answer_id IS NOT NULL OR t.confirmed_answer_id IS NOT NULL)
      AND {_IN_PERIOD}
      AND ({_ASKER} IS NULL OR {_HELPER} IS NULL OR {_HELPER} <> {_ASKER})
      AND NOT {IS_LOGIN_OF.format(user="i.user_id", person=_ASKER)}
      AND NOT {IS_BOT_AT.format(member="helper.id", instant="i.occurred_at")}
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


def social_counts(dimension: Dimension, parameters: Mapping[str, object], *, few: bool = False) -> Question[Social]:
    """
    Ask for the social figures of every row with any, and of the whole, by two SELECTs.

    With `few`, only those of the rows that `parameters` names as `only`, which are the whole then.
    """
    only = f"AND {dimension.social_only}" if few else ""
    helped = f"""
        SELECT GROUPING(key), key, count(DISTINCT person_id) FILTER (WHERE is_helped),
               COALESCE(sum(rating), 0)::bigint, count(rating)
        FROM (SELECT {dimension.social_key} AS key, h.person_id, h.is_helped, h.rating FROM ({HELP} {only}) h) h
        GROUP BY GROUPING SETS ((key), ())
    """
    answered = f"""
        SELECT GROUPING(key), key, count(DISTINCT thread_id)
        FROM (SELECT {dimension.social_key} AS key, h.thread_id FROM ({ANSWERS} {only}) h) h
        GROUP BY GROUPING SETS ((key), ())
    """
    return Question([(helped, parameters), (answered, parameters)], _social)


def _social(helped: Rows, answered: Rows) -> Social:
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
