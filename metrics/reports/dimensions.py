"""
What a row is: by which column each source of figures is grouped.

Every scope is one `Dimension`. Its fragments are SQL over fixed aliases, written here and nowhere
else, so a new scope is one entry:

- `earned`: a roll-up table as `d`; its key and the five amounts
- `ledger`: `metrics_credit c`
- `spent`: `metrics_costday d JOIN community_cost c`, and `ch` the cost's channel
- `help`: a row of help or of an answered question, with the columns of `social.HELP` and `social.ANSWERS`

`earned_only` and `social_only` narrow their sources to the rows `%(only)s`, by an index where there is one; a month
has none.
"""

from dataclasses import dataclass

from metrics.reports.query import RoiQuery


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """
    The SQL of one scope. A fragment of None means that the source has nothing to say by this scope.

    `line` is the key of the line that takes what has no row here.
    """

    earned_from: str
    earned_key: str
    ledger_from: str | None
    ledger_key: str
    spent_key: str | None
    social_key: str
    line: str
    earned_only: str = ""
    social_only: str = ""


CAMPAIGNS = Dimension(
    earned_from="metrics_campaignday d",
    earned_key="NULLIF(d.campaign_id, 0)",
    ledger_from="metrics_credit c",
    ledger_key="c.campaign_id",
    spent_key="c.campaign_id",
    social_key="h.campaign_id",
    line="no_campaign",
    earned_only="d.campaign_id = ANY(%(only)s::bigint[])",
    # An array, not a join: what happened in a campaign is little, and is looked up before anything is joined to it.
    social_only="""said.id = ANY(ARRAY(
        SELECT own.id FROM community_interaction own WHERE own.campaign_id = ANY(%(only)s::bigint[])
        UNION ALL
        SELECT own.id FROM crm_campaign c JOIN community_interaction own ON lower(own.utm_campaign) = lower(c.code)
        WHERE c.id = ANY(%(only)s::bigint[]) AND own.campaign_id IS NULL
    ))""",
)

CHANNELS = Dimension(
    earned_from="metrics_channelday d",
    earned_key="NULLIF(d.channel_id, 0)",
    ledger_from="metrics_credit c",
    ledger_key="c.channel_id",
    spent_key="c.channel_id",
    social_key="h.channel_id",
    line="no_channel",
    earned_only="d.channel_id = ANY(%(only)s::bigint[])",
    social_only="i.channel_id = ANY(%(only)s::bigint[])",
)

# Channels may move to another community: their past moves with them, because it is summed when read.
# A cost of a channel counts in the channel's community, whatever else it names.
COMMUNITIES = Dimension(
    earned_from="metrics_channelday d LEFT JOIN community_channel ch ON ch.id = d.channel_id",
    earned_key="ch.community_id",
    ledger_from="metrics_credit c LEFT JOIN community_channel ch ON ch.id = c.channel_id",
    ledger_key="ch.community_id",
    spent_key="COALESCE(ch.community_id, c.community_id)",
    social_key="h.community_id",
    line="no_channel",
    earned_only="ch.community_id = ANY(%(only)s::bigint[])",
    social_only="ch.community_id = ANY(%(only)s::bigint[])",
)

# The contacts of the persons asked about: their own and those merged into them. An array, not a join, as above.
_RECORDS = "ARRAY(SELECT record.id FROM crm_contact record WHERE record.person_id = ANY(%(only)s::bigint[]))"

CUSTOMERS = Dimension(
    earned_from="metrics_personday d",
    earned_key="NULLIF(d.person_id, 0)",
    ledger_from=None,
    ledger_key="r.person_id",
    spent_key=None,
    social_key="h.customer_id",
    line="no_person",
    earned_only="d.person_id = ANY(%(only)s::bigint[])",
    social_only=f"asker.contact_id = ANY({_RECORDS})",
)

# Accounts and merges are followed when read: relinking an account rewrites no roll-up.
HELPERS = Dimension(
    earned_from="""
        metrics_helperday d
        LEFT JOIN community_member m ON m.id = d.member_id AND d.actor_kind = 'member'
        LEFT JOIN crm_contact p ON p.id = m.contact_id
    """,
    earned_key="p.person_id",
    ledger_from="""
        metrics_credit c
        JOIN community_member m ON m.id = c.actor_member_id AND c.actor_kind = 'member'
        JOIN crm_contact p ON p.id = m.contact_id
    """,
    ledger_key="p.person_id",
    spent_key=None,
    social_key="h.helper_id",
    line="unknown",
    earned_only="""d.actor_kind = 'member' AND d.member_id IN (
        SELECT own.id FROM community_member own JOIN crm_contact record ON record.id = own.contact_id
        WHERE record.person_id = ANY(%(only)s::bigint[])
    )""",
    social_only=f"helper.contact_id = ANY({_RECORDS})",
)

MONTHS = Dimension(
    earned_from="metrics_totalday d",
    earned_key="date_trunc('month', d.day)::date",
    ledger_from=None,
    ledger_key="date_trunc('month', r.day)::date",
    spent_key="date_trunc('month', d.day)::date",
    social_key="date_trunc('month', h.day)::date",
    line="",
)


def dimension_of(query: RoiQuery) -> Dimension:
    """Return what a row of `query` is."""
    if query.scope == "members":
        return CUSTOMERS if query.view == "customer" else HELPERS
    return {"campaigns": CAMPAIGNS, "channels": CHANNELS, "communities": COMMUNITIES, "summary": MONTHS}[query.scope]
