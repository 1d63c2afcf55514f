"""
Time to convert of many: the days from a person's first touch to their first conversion.

The same rule as on the person's own page: the oldest touch by or to the person over all their records, or what they
said to us alone, the oldest conversion that was not voided, whole days. Whoever converted before that, or without any,
has no time and is counted beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from community.interaction_kinds import in_touch_kinds
from community.replies import MERGED, PERSON, ROLE_AT
from community.tiles import first_touches
from metrics.reports.figures import NOBODY_CONVERTED
from metrics.reports.snapshot import select


@dataclass(frozen=True)
class TimeToConvert:
    """
    Days from first touch to first conversion, of `n` persons whose first conversion lies in the period.

    `without_touch`: persons who converted first without a touch before it. Without `n` there are no days, and
    `reason` says why.
    """

    n: int = 0
    without_touch: int = 0
    median: float | None = None
    p90: float | None = None

    @property
    def reason(self) -> str | None:
        """Why there are no days; None where there are."""
        return None if self.n else NOBODY_CONVERTED


# Whoever was staff at that instant is no customer: it stands in the line of staff purchases. First is what nothing was
# before: said so, the planner sees how many convert in the period.
_BOUGHT = f"""
    FROM crm_conversion v
    {MERGED.format(who="v")}
    WHERE v.voided_at IS NULL AND v.contact_id IS NOT NULL"""
_BUYER = PERSON.format(who="v")
_RECORDS = "SELECT c.person_id, c.id, first.at AS until FROM first JOIN crm_contact c ON c.person_id = first.person_id"
_TIMES = f"""
    WITH converted AS MATERIALIZED (
        SELECT {_BUYER} AS person_id, min(v.occurred_at) AS at
        {_BOUGHT}
          AND v.occurred_at <= %(now)s
          AND v.occurred_at >= %(starts_at)s::timestamptz AND v.occurred_at < %(ends_at)s::timestamptz
        GROUP BY 1
    ),
    first AS MATERIALIZED (
        SELECT * FROM converted
        WHERE NOT EXISTS (
            SELECT {_BOUGHT} AND v.occurred_at < %(starts_at)s::timestamptz AND {_BUYER} = converted.person_id
        ) AND NOT EXISTS (
            SELECT FROM community_memberrole dated
            JOIN community_member account ON account.id = dated.member_id
            JOIN crm_contact record ON record.id = account.contact_id
            WHERE record.person_id = converted.person_id
              AND {ROLE_AT.format(member="account.id", instant="converted.at")} = 'staff'
        )
    ),
    came AS MATERIALIZED ({first_touches(_RECORDS)}),
    taken AS (
        SELECT floor(extract(epoch FROM first.at - came.at) / 86400) AS days
        FROM first LEFT JOIN came ON came.person_id = first.person_id
    )
    SELECT count(days), count(*) - count(days),
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY days::double precision)
    FROM taken
"""


def time_to_convert(parameters: Mapping[str, Any]) -> TimeToConvert:
    """Return the time to convert of those whose first conversion lies in the period; one query."""
    [(n, without_touch, percentiles)] = select(_TIMES, {**parameters, "kinds": in_touch_kinds()})
    return TimeToConvert(n, without_touch, *percentiles) if n else TimeToConvert(0, without_touch)
