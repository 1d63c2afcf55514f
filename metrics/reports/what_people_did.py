"""
What members of the community did in a period, counted once and read in several ways.

By kind on each channel; who they are, as far as they say; how many persons looked at help pages and raised questions;
how many of the customers with most revenue take part. Left out: what was retracted, what staff and bots did (by their
role at that moment) and what we said. What unknown people did is counted, but not how many they
were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from community.interaction_kinds import engagement_kinds, help_page_kinds
from community.replies import OWNER, PERSON, ROLE_AT
from metrics.reports.demographics import BREAKDOWNS, counted_groups
from metrics.reports.figures import Ratio, engaged_in_top_tenth, self_service_score
from metrics.reports.snapshot import select


@dataclass
class Activity:
    """
    Counts of a period: interactions by channel and kind, and persons.

    `persons`: those who are told apart by `groups`, breakdown by breakdown (see `metrics.reports.demographics`).

    `readers` looked at help pages, `askers` raised questions. `customers` had revenue above zero, net of refunds and
    without staff purchases; `top` are the tenth of them with most, with everybody who had as much as the last of these;
    `engaged` are those of the top with at least `METRICS_ENGAGED_INTERACTIONS` interactions.
    """

    kinds: dict[int, dict[str, int]] = field(default_factory=dict)
    persons: int = 0
    groups: dict[str, dict[str, int]] = field(default_factory=dict)
    readers: int = 0
    askers: int = 0
    customers: int = 0
    top: int = 0
    engaged: int = 0

    @property
    def self_service_score(self) -> Ratio:
        """Readers of help pages for each person who raised a question."""
        return self_service_score(readers=self.readers, askers=self.askers)

    @property
    def engaged_in_top_tenth(self) -> Ratio:
        """The engaged among the tenth of customers with most revenue."""
        return engaged_in_top_tenth(engaged=self.engaged, top=self.top, customers=self.customers)


# Read once and summed up twice: by channel and kind, and by member.
_ACTED = f"""
    acted AS MATERIALIZED (
        SELECT i.channel_id, i.kind, i.member_id, count(*) AS times,
               count(*) FILTER (WHERE i.kind = ANY(%(engagement_kinds)s::text[])) AS engagements,
               bool_or(i.kind = ANY(%(help_page_kinds)s::text[])) AS has_read,
               bool_or(i.kind = 'question') AS has_asked
        FROM community_interaction i
        WHERE i.occurred_at <= %(now)s
          AND i.occurred_at >= %(starts_at)s::timestamptz AND i.occurred_at < %(ends_at)s::timestamptz
          AND i.retracted_at IS NULL AND i.user_id IS NULL AND i.kind IS NOT NULL
          AND (i.member_id IS NOT NULL OR i.direction <> 'outbound')
          AND {ROLE_AT.format(member="i.member_id", instant="i.occurred_at")} NOT IN ('staff', 'bot')
        GROUP BY GROUPING SETS ((i.channel_id, i.kind), (i.member_id))
    ),
    person AS MATERIALIZED (
        SELECT {PERSON.format(who="actor")} AS id, sum(engagements) AS engagements,
               bool_or(has_read) AS has_read, bool_or(has_asked) AS has_asked
        FROM acted
        {OWNER.format(who="actor", member="acted.member_id")}
        WHERE acted.member_id IS NOT NULL
        GROUP BY 1
    )"""
# Of customers with the same revenue as the last of the tenth nobody is left out: who is in does not hang on chance.
_COUNTS = f"""
    WITH {_ACTED},
    customer AS MATERIALIZED (
        SELECT person_id, sum(credited_minor + unattributed_minor) AS revenue
        FROM metrics_personday
        WHERE day >= %(start)s::date AND day < %(end)s::date AND person_id <> 0
        GROUP BY 1
        HAVING sum(credited_minor + unattributed_minor) > 0
    ),
    top AS MATERIALIZED (
        SELECT person_id FROM customer
        WHERE revenue >= (
            SELECT revenue FROM customer ORDER BY revenue DESC
            LIMIT 1 OFFSET (SELECT greatest(count(*) / 10 - 1, 0) FROM customer)
        )
    )
    SELECT 'kinds', channel_id, kind, times FROM acted WHERE channel_id IS NOT NULL
    UNION ALL SELECT 'readers', NULL, NULL, count(*) FROM person WHERE has_read
    UNION ALL SELECT 'askers', NULL, NULL, count(*) FROM person WHERE has_asked
    UNION ALL SELECT 'customers', NULL, NULL, count(*) FROM customer
    UNION ALL SELECT 'top', NULL, NULL, count(*) FROM top
    UNION ALL SELECT 'engaged', NULL, NULL, count(*) FROM top JOIN person ON person.id = top.person_id
              WHERE person.engagements >= %(engaged_from)s
    UNION ALL SELECT what, NULL, of_them, number FROM ({counted_groups("person")}) grouped
"""


def count_activity(parameters: Mapping[str, Any]) -> Activity:
    """Return what was done in the period, in one query."""
    counted = Activity()
    for what, channel, kind, number in select(
        _COUNTS,
        {
            **parameters,
            "engagement_kinds": engagement_kinds(),
            "help_page_kinds": help_page_kinds(),
            "engaged_from": settings.METRICS_ENGAGED_INTERACTIONS,
        },
    ):
        if what == "kinds":
            counted.kinds.setdefault(channel, {})[kind] = number
        elif what in BREAKDOWNS:
            counted.groups.setdefault(what, {})[kind] = number
        else:
            setattr(counted, what, number)
    return counted
