"""
People's shares of costs that are to be shared.

A cost is first spread over its days. What falls on one day, for one sharing rule and one scope
(campaign, channel, community, each as booked), is a pool; it is shared by that day's bases within
that scope: minutes of help to the person helped, touches of the person, or evenly among the persons
touched. A pool without a base stays unallocated. Bases are computed here when read, so that a new
invoice rewrites nothing, and the shares are not rounded.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from community.addressee import IS_A_MAILING
from community.interaction_kinds import touch_kinds
from metrics.reports.snapshot import Question, Rows
from metrics.reports.social import HELP, IS_STAFF_AT

_MINUTES = f"""
    SELECT 'minutes' AS rule, h.day, h.customer_id AS person_id, h.campaign_id, h.channel_id, h.community_id,
           sum(h.minutes) AS weight
    FROM ({HELP} {{only}}) h
    WHERE h.minutes > 0 AND h.customer_id IS NOT NULL
    GROUP BY 2, 3, 4, 5, 6
"""

# A person is touched by what the person did, and by what addressed the person, as `community.addressee` says.
TOUCHES = f"""
    SELECT 'touches', t.day, t.person_id, t.campaign_id, t.channel_id, t.community_id, count(*)
    FROM (
        SELECT DISTINCT ON (i.id, who.person_id)
            (i.occurred_at AT TIME ZONE %(zone)s)::date AS day,
            i.occurred_at,
            who.person_id,
            COALESCE(i.campaign_id, named.id) AS campaign_id,
            i.channel_id,
            ch.community_id
        FROM community_interaction i
        JOIN community_channel ch ON ch.id = i.channel_id
        LEFT JOIN crm_campaign named ON i.campaign_id IS NULL AND lower(named.code) = lower(i.utm_campaign)
        LEFT JOIN community_interaction parent ON parent.id = i.reply_to_id
        LEFT JOIN community_thread t ON t.id = i.thread_id AND i.kind = 'answer'
        LEFT JOIN community_member addressee ON addressee.id = COALESCE(
            i.to_member_id,
            CASE WHEN i.to_contact_id IS NOT NULL OR parent.user_id IS NOT NULL THEN NULL
                 ELSE COALESCE(parent.member_id, t.opened_by_id) END
        )
        LEFT JOIN community_member actor ON actor.id = i.member_id
        CROSS JOIN LATERAL (
            VALUES (actor.contact_id), (COALESCE(i.to_contact_id, addressee.contact_id))
        ) AS side(contact_id)
        JOIN crm_contact who ON who.id = side.contact_id
        WHERE i.kind = ANY(%(touch_kinds)s)
          AND i.retracted_at IS NULL
          AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
          AND NOT ({IS_A_MAILING})
          AND NOT EXISTS (
              SELECT FROM metrics_rolespan span
              WHERE span.role = 'bot' AND span.member_id = i.member_id
                AND span.since <= i.occurred_at AND span.until > i.occurred_at
          )
    ) t
    WHERE NOT {IS_STAFF_AT.format(person="t.person_id", instant="t.occurred_at")}
    GROUP BY 2, 3, 4, 5, 6
"""


# The days on which some persons were helped: on no other day do minutes give them a share.
_ON_THEIR_DAYS = """
    AND d.day IN (
        SELECT (i.occurred_at AT TIME ZONE %(zone)s)::date
        FROM crm_contact c
        JOIN community_helprecord help ON help.contact_id = c.id AND help.minutes > 0
        JOIN community_interaction i ON i.id = help.interaction_id
        WHERE c.person_id = ANY (%(only_persons)s)
    )
"""

# Whose help counts on those days: nobody's is looked up where nothing is to be shared, which is so for most people.
_ON_DAYS_OF_THE_POOL = """
    AND EXISTS (SELECT FROM pool)
    AND (i.occurred_at AT TIME ZONE %(zone)s)::date IN (SELECT day FROM pool)
"""


def shared_among_people(
    parameters: Mapping[str, object], *, shared: str, by_touches: bool, days_of: Sequence[int] | None = None
) -> Question[tuple[dict[int, Decimal], int]]:
    """
    Ask for each person's unrounded share in minor units, and for how much was given out in all.

    `shared` is the condition on `community_cost c` that says which costs are pooled; `by_touches`
    whether any of them may need touches as a base (reading them costs more). With `days_of`, only the
    days on which these persons were helped are looked at: their shares by minutes are whole, all
    others' are not. One SELECT.
    """
    minutes = _MINUTES.format(only=_ON_DAYS_OF_THE_POOL if days_of is not None else "")
    sql = f"""
        WITH pool AS MATERIALIZED (
            SELECT row_number() OVER () AS id, d.day, c.sharing, c.campaign_id, c.channel_id, c.community_id,
                   sum(d.amount_minor) AS minor
            FROM metrics_costday d
            JOIN community_cost c ON c.id = d.cost_id
            WHERE d.day >= %(start)s::date AND d.day < %(cost_end)s::date AND c.contact_id IS NULL AND {shared}
            {_ON_THEIR_DAYS if days_of is not None else ""}
            GROUP BY d.day, c.sharing, c.campaign_id, c.channel_id, c.community_id
        ),
        base AS MATERIALIZED ({minutes} {f"UNION ALL {TOUCHES}" if by_touches else ""}),
        entitled AS (
            SELECT p.id, p.minor, b.person_id,
                   CASE WHEN p.sharing = 'even' THEN 1 ELSE sum(b.weight) END AS weight
            FROM pool p
            JOIN base b ON b.day = p.day
                AND b.rule = CASE WHEN p.sharing = 'minutes' THEN 'minutes' ELSE 'touches' END
                AND (p.campaign_id IS NULL OR p.campaign_id = b.campaign_id)
                AND (p.channel_id IS NULL OR p.channel_id = b.channel_id)
                AND (p.community_id IS NULL OR p.community_id = b.community_id)
            GROUP BY p.id, p.minor, p.sharing, b.person_id
        ),
        share AS (
            SELECT person_id, minor::numeric(40, 20) * weight / sum(weight) OVER (PARTITION BY id) AS minor
            FROM entitled
        )
        SELECT GROUPING(person_id), person_id, round(sum(minor), 12)
        FROM share GROUP BY GROUPING SETS ((person_id), ())
    """

    def read(rows: Rows) -> tuple[dict[int, Decimal], int]:
        given = Decimal(next((minor for is_whole, _, minor in rows if is_whole), None) or 0)
        shares = {person: Decimal(minor) for is_whole, person, minor in rows if not is_whole}
        return shares, int(given.to_integral_value())

    return Question([(sql, {**parameters, "touch_kinds": touch_kinds(), "only_persons": list(days_of or ())})], read)
