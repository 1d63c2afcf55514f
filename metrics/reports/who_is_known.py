"""How many of a channel's people we know: its size as the platform counts it, and the members identified there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from community.replies import ROLE_AT
from crm.stages import has_bought_sql
from metrics.reports.figures import Ratio, identified_coverage
from metrics.reports.snapshot import select


@dataclass(frozen=True, kw_only=True)
class ChannelPeople:
    """
    A channel, its latest size at or before the last day asked for (None: none is known), and whom we know there.

    `identified`: distinct persons with an account on the channel, of the role *community* and joined by then,
    of whom we know more than the account.
    """

    key: int
    code: str
    name: str
    community: int
    community_code: str
    community_name: str
    is_archived: bool
    size: int | None
    size_day: date | None
    identified: int

    @property
    def identified_coverage(self) -> Ratio:
        """Identified members, of the channel's size."""
        return identified_coverage(identified=self.identified, size=self.size)


# Of a member without a time of joining it is not known that they joined later. Whom we know stands in the person's
# stage: *audience* says that an account is all that is known; who bought something is past it.
_CHANNELS = f"""
    WITH identified AS (
        SELECT m.channel_id, count(DISTINCT own.person_id) AS people
        FROM community_member m
        JOIN crm_contact own ON own.id = m.contact_id
        JOIN crm_contact person ON person.id = own.person_id
        WHERE (person.stage <> 'audience' OR {has_bought_sql("person")}) AND person.erased_at IS NULL
          AND (m.joined_at IS NULL OR m.joined_at < %(at)s)
          AND {ROLE_AT.format(member="m.id", instant="%(at)s")} NOT IN ('staff', 'bot')
          AND (%(only)s::bigint[] IS NULL OR m.channel_id = ANY(%(only)s::bigint[]))
        GROUP BY m.channel_id
    )
    SELECT c.id AS key, c.slug AS code, c.name, c.community_id, place.slug, place.name,
           c.archived_at IS NOT NULL, size.people, size.day, COALESCE(identified.people, 0)
    FROM community_channel c
    JOIN community_community place ON place.id = c.community_id
    LEFT JOIN LATERAL (
        SELECT s.people, s.day FROM community_channelsize s
        WHERE s.channel_id = c.id AND s.day <= %(last_day)s
        ORDER BY s.day DESC LIMIT 1
    ) size ON true
    LEFT JOIN identified ON identified.channel_id = c.id
    WHERE %(only)s::bigint[] IS NULL OR c.id = ANY(%(only)s::bigint[])
    ORDER BY c.name, c.id
"""


def channels_known(parameters: Mapping[str, object]) -> list[ChannelPeople]:
    """
    Return every channel by name, in one query, or those of the parameter `only`, where it is not None.

    `at` is the instant whose roles and accounts count, `last_day` the day whose size does.
    """
    names = ChannelPeople.__dataclass_fields__
    return [ChannelPeople(**dict(zip(names, row, strict=True))) for row in select(_CHANNELS, parameters)]
