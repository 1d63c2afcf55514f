"""
What marks what: triggers on the tables of facts that append stale marks in the transaction of the change.

They stand on proxy models, so that crm and community know nothing of metrics, and fire once per
statement over its rows (transition tables), so that a bulk load costs one INSERT more. No write path can
forget them: not the API, not the admin, not SQL by hand.

Two rules keep them safe under concurrency:

- What a row says *now* is looked up when the mark is claimed; a mark names only what the row said *before*
  (old actor, old addressee, old time), which nobody could find out later.
- Where a reference that others are resolved through changes (the author of what is replied to, the opener
  of a thread, the owner of an account, a merge), the person it led to before is stale for all time: what
  led there may be changing in another transaction at this very moment.

docs/recompute.md shows the same as a table, and a contract test holds every kind of change to its marks.
"""

from functools import partial

from community.models import Cost, HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Campaign, Contact, Conversion, ExchangeRate
from gateway.statement_triggers import statement_triggers

_INSERT_INTERACTION = """
    INSERT INTO metrics_stalemark (interaction_id)
    SELECT id FROM new_rows WHERE occurred_at IS NOT NULL;
"""

# Whom an interaction touched as it stood: its actor, and its addressee by whatever way it was found.
_MARK_FORMERLY_TOUCHED = """
    INSERT INTO metrics_stalemark (member_id, contact_id, author_of_id, thread_id, since, until)
    SELECT member_id, to_contact_id, author_of_id, thread_id, occurred_at, occurred_at
    FROM former
    WHERE coalesce(member_id, to_contact_id, author_of_id, thread_id) IS NOT NULL
    UNION ALL
    SELECT to_member_id, NULL, NULL, NULL, occurred_at, occurred_at
    FROM former
    WHERE to_member_id IS NOT NULL;
"""
_FORMER_COLUMNS = """
        member_id,
        to_member_id,
        to_contact_id,
        CASE WHEN to_member_id IS NULL AND to_contact_id IS NULL THEN reply_to_id END AS author_of_id,
        CASE WHEN to_member_id IS NULL AND to_contact_id IS NULL AND kind = 'answer' THEN thread_id END AS thread_id,
        occurred_at
"""

_UPDATE_INTERACTION = f"""
    INSERT INTO metrics_stalemark (interaction_id)
    SELECT n.id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE n.occurred_at IS NOT NULL
        AND (
            n.kind, n.direction, n.occurred_at, n.channel_id, n.member_id, n.user_id IS NULL, n.to_member_id,
            n.to_contact_id, n.reply_to_id, n.thread_id, n.campaign_id, lower(n.utm_campaign), n.retracted_at IS NULL
        ) IS DISTINCT FROM (
            o.kind, o.direction, o.occurred_at, o.channel_id, o.member_id, o.user_id IS NULL, o.to_member_id,
            o.to_contact_id, o.reply_to_id, o.thread_id, o.campaign_id, lower(o.utm_campaign), o.retracted_at IS NULL
        );

    WITH former AS (
        SELECT {_FORMER_COLUMNS}
        FROM old_rows o
        WHERE occurred_at IS NOT NULL
            AND EXISTS (
                SELECT
                FROM new_rows n
                WHERE n.id = o.id
                    AND (
                        n.kind, n.occurred_at, n.member_id, n.to_member_id, n.to_contact_id, n.reply_to_id, n.thread_id
                    ) IS DISTINCT FROM (
                        o.kind, o.occurred_at, o.member_id, o.to_member_id, o.to_contact_id, o.reply_to_id, o.thread_id
                    )
            )
    )
    {_MARK_FORMERLY_TOUCHED}

    INSERT INTO metrics_stalemark (replies_of_id, member_id)
    SELECT n.id, o.member_id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.member_id, n.user_id IS NULL) IS DISTINCT FROM (o.member_id, o.user_id IS NULL);
"""

_DELETE_INTERACTION = f"""
    WITH former AS (
        SELECT {_FORMER_COLUMNS}
        FROM old_rows
        WHERE occurred_at IS NOT NULL
    )
    {_MARK_FORMERLY_TOUCHED}
"""

_UPDATE_MEMBER = """
    INSERT INTO metrics_stalemark (contact_id)
    SELECT moved.contact_id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES (o.contact_id), (n.contact_id)) moved (contact_id)
    WHERE n.contact_id <> o.contact_id;
"""
_DELETE_MEMBER = """
    INSERT INTO metrics_stalemark (contact_id) SELECT contact_id FROM old_rows;
"""

# Everybody is community from the beginning: saying so changes nothing.
_INSERT_ROLE = """
    INSERT INTO metrics_stalemark (actor_id, since)
    SELECT member_id, since FROM new_rows WHERE role <> 'community' OR since IS NOT NULL;
"""
_UPDATE_ROLE = """
    INSERT INTO metrics_stalemark (actor_id, since)
    SELECT role.member_id, role.since
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (
        VALUES (o.member_id, o.role, o.since), (n.member_id, n.role, n.since)
    ) role (member_id, role, since)
    WHERE (n.member_id, n.role, n.since) IS DISTINCT FROM (o.member_id, o.role, o.since)
        AND (role.role <> 'community' OR role.since IS NOT NULL);
"""
_DELETE_ROLE = _INSERT_ROLE.replace("new_rows", "old_rows")

_UPDATE_THREAD = """
    INSERT INTO metrics_stalemark (thread_id, member_id)
    SELECT n.id, o.opened_by_id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE n.opened_by_id IS DISTINCT FROM o.opened_by_id;
"""

_UPDATE_CONTACT = """
    INSERT INTO metrics_stalemark (contact_id)
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.person_id <> o.person_id
    UNION
    SELECT o.person_id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.person_id <> o.person_id
    UNION
    SELECT n.person_id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.person_id <> o.person_id;
"""

_INSERT_CONVERSION = """
    INSERT INTO metrics_stalemark (conversion_id)
    SELECT id FROM new_rows WHERE voided_at IS NULL;
"""
_UPDATE_CONVERSION = """
    WITH former AS (
        SELECT o.*
        FROM new_rows n
        JOIN old_rows o ON o.id = n.id
        WHERE (
            n.contact_id, n.kind_id, n.occurred_at, n.amount, n.currency, n.source, n.external_id,
            n.refund_of_source, n.refund_of_external_id, lower(n.utm_campaign), n.voided_at IS NULL
        ) IS DISTINCT FROM (
            o.contact_id, o.kind_id, o.occurred_at, o.amount, o.currency, o.source, o.external_id,
            o.refund_of_source, o.refund_of_external_id, lower(o.utm_campaign), o.voided_at IS NULL
        )
    )
    INSERT INTO metrics_stalemark (conversion_id, contact_id, ref_source, ref_external_id)
    SELECT id, contact_id, source, external_id FROM former
    UNION ALL
    SELECT NULL, NULL, refund_of_source, refund_of_external_id FROM former WHERE refund_of_source IS NOT NULL;
"""
_DELETE_CONVERSION = """
    INSERT INTO metrics_stalemark (conversion_id, contact_id, ref_source, ref_external_id)
    SELECT id, contact_id, source, external_id FROM old_rows
    UNION ALL
    SELECT NULL, NULL, refund_of_source, refund_of_external_id FROM old_rows WHERE refund_of_source IS NOT NULL;
"""

_INSERT_CAMPAIGN = """
    INSERT INTO metrics_stalemark (campaign_code) SELECT lower(code) FROM new_rows;
"""
_UPDATE_CAMPAIGN = """
    INSERT INTO metrics_stalemark (campaign_code)
    SELECT coded.code
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES (lower(o.code)), (lower(n.code))) coded (code)
    WHERE lower(n.code) <> lower(o.code);
"""
_DELETE_CAMPAIGN = _INSERT_CAMPAIGN.replace("new_rows", "old_rows")

_INSERT_RATE = """
    INSERT INTO metrics_stalemark (currency, rate_date) SELECT currency, date FROM new_rows;
"""
_UPDATE_RATE = """
    INSERT INTO metrics_stalemark (currency, rate_date)
    SELECT o.currency, o.date
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.currency, n.date, n.rate) IS DISTINCT FROM (o.currency, o.date, o.rate)
    UNION
    SELECT n.currency, n.date
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.currency, n.date, n.rate) IS DISTINCT FROM (o.currency, o.date, o.rate);
"""
_DELETE_RATE = _INSERT_RATE.replace("new_rows", "old_rows")

_INSERT_HELP = """
    INSERT INTO metrics_stalemark (interaction_id)
    SELECT interaction_id FROM new_rows WHERE withdrawn_at IS NULL;
"""
_UPDATE_HELP = """
    INSERT INTO metrics_stalemark (interaction_id)
    SELECT o.interaction_id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.interaction_id, n.contact_id, n.withdrawn_at IS NULL)
        IS DISTINCT FROM (o.interaction_id, o.contact_id, o.withdrawn_at IS NULL)
    UNION
    SELECT n.interaction_id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.interaction_id, n.contact_id, n.withdrawn_at IS NULL)
        IS DISTINCT FROM (o.interaction_id, o.contact_id, o.withdrawn_at IS NULL);
"""
_DELETE_HELP = _INSERT_HELP.replace("new_rows", "old_rows")

_INSERT_COST = """
    INSERT INTO metrics_stalemark (cost_id) SELECT id FROM new_rows WHERE voided_at IS NULL;
"""
_UPDATE_COST = """
    INSERT INTO metrics_stalemark (cost_id)
    SELECT n.id
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    WHERE (n.amount, n.currency, n.days, n.voided_at IS NULL)
        IS DISTINCT FROM (o.amount, o.currency, o.days, o.voided_at IS NULL);
"""
_DELETE_COST = _INSERT_COST.replace("new_rows", "old_rows")


_marks = partial(statement_triggers, "mark")


class MarkedInteraction(Interaction):
    """Interactions mark whom they touch, and whom they touched before."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_INTERACTION, update=_UPDATE_INTERACTION, delete=_DELETE_INTERACTION)


class MarkedMember(Member):
    """An account that moves to another contact marks both, for all time."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(update=_UPDATE_MEMBER, delete=_DELETE_MEMBER)


class MarkedMemberRole(MemberRole):
    """A role marks the account and whom it touched, from the role's beginning on."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_ROLE, update=_UPDATE_ROLE, delete=_DELETE_ROLE)


class MarkedThread(Thread):
    """A thread whose opener changes marks both openers."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(update=_UPDATE_THREAD)


class MarkedContact(Contact):
    """A merge or its undoing marks the contact and both persons, for all time."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(update=_UPDATE_CONTACT)


class MarkedConversion(Conversion):
    """A conversion marks itself; what it was refund of, and what named it before, goes along."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_CONVERSION, update=_UPDATE_CONVERSION, delete=_DELETE_CONVERSION)


class MarkedCampaign(Campaign):
    """A campaign marks its code: whatever carries it as `utm_campaign`."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_CAMPAIGN, update=_UPDATE_CAMPAIGN, delete=_DELETE_CAMPAIGN)


class MarkedExchangeRate(ExchangeRate):
    """A rate marks its currency from its day on."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_RATE, update=_UPDATE_RATE, delete=_DELETE_RATE)


class MarkedHelpRecord(HelpRecord):
    """Help marks whom its interaction touches."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_HELP, update=_UPDATE_HELP, delete=_DELETE_HELP)


class MarkedCost(Cost):
    """A cost marks itself."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _marks(insert=_INSERT_COST, update=_UPDATE_COST, delete=_DELETE_COST)
