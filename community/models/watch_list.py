"""
The watch list: every interaction that may wait for a reply, so that the queue never looks through all of them.

It is an index that the database cannot express itself: whatever waits stands in it, and what stands in it
need not wait. Statement triggers append to it in the transaction of whatever could make something wait;
`community.waiting` asks of the few that stand here whether they do, and `prune_watch_list` takes away what
was answered. Rows are appended without a unique key and removed by their own id, so that pruning can never
take away what somebody else has just put back: the pattern of the stale marks.
"""

from functools import partial

from django.db import models

from community.interaction_kinds import asking_kinds, asking_staff_kinds
from community.models.interaction import Interaction
from community.models.member import Member, MemberRole
from crm.models import Contact
from gateway.statement_triggers import statement_triggers


class WatchListEntry(models.Model):
    """An interaction that may wait for a reply. Without constraint: one that is gone is pruned."""

    interaction_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "watch list entries"

    def __str__(self) -> str:
        return f"Interaction {self.interaction_id}"


def _listed(kinds: list[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


_ASKS = _listed([*asking_kinds(), *asking_staff_kinds()])
# Most comments are said between members; only what is inbound can ask.
_MAY_ASK = f"i.direction = 'inbound' AND i.kind IN ({_ASKS})"

_INSERT_INTERACTION = f"""
    INSERT INTO community_watchlistentry (interaction_id)
    SELECT i.id FROM new_rows i WHERE {_MAY_ASK};
"""

_CHANGED = """
    (n.kind, n.direction, n.occurred_at, n.channel_id, n.member_id, n.user_id IS NULL, n.to_member_id,
     n.to_contact_id, n.reply_to_id, n.thread_id, n.retracted_at IS NULL, n.deleted_at IS NULL)
    IS DISTINCT FROM
    (o.kind, o.direction, o.occurred_at, o.channel_id, o.member_id, o.user_id IS NULL, o.to_member_id,
     o.to_contact_id, o.reply_to_id, o.thread_id, o.retracted_at IS NULL, o.deleted_at IS NULL)
"""

# A trigger's plans are kept by the session. Made while the tables were empty, a join would begin with all
# interactions ever after. So no statement joins a table with anything: what one finds goes into an array, and the
# next looks it up by its index.
_ACCOUNTS_OF_PERSONS = """
    persons := ARRAY(SELECT c.person_id FROM crm_contact c WHERE c.id = ANY(contacts));
    contacts := ARRAY(SELECT c.id FROM crm_contact c WHERE c.person_id = ANY(persons));
    accounts := ARRAY(SELECT m.id FROM community_member m WHERE m.contact_id = ANY(contacts));
"""

# What interactions answered before they changed may wait again, and a comment on them may have begun or ceased to ask.
_FORMERLY_ANSWERED = f"""
    contacts := contacts || ARRAY(SELECT m.contact_id FROM community_member m WHERE m.id = ANY(addressees));
    {_ACCOUNTS_OF_PERSONS}
    INSERT INTO community_watchlistentry (interaction_id)
    SELECT i.id FROM community_interaction i WHERE i.id = ANY(replied_to) AND {_MAY_ASK}
    UNION
    SELECT i.id FROM community_interaction i WHERE i.reply_to_id = ANY(former) AND {_MAY_ASK}
    UNION
    SELECT i.id FROM community_interaction i WHERE i.thread_id = ANY(threads) AND {_MAY_ASK}
    UNION
    SELECT i.id FROM community_interaction i WHERE i.member_id = ANY(accounts) AND {_MAY_ASK};
"""
_FORMER = """
    SELECT array_agg(o.id), array_agg(DISTINCT o.reply_to_id), array_agg(DISTINCT o.thread_id),
        array_agg(DISTINCT o.to_member_id), array_agg(DISTINCT o.to_contact_id)
    INTO former, replied_to, threads, addressees, contacts
"""
_UPDATE_INTERACTION = f"""
    INSERT INTO community_watchlistentry (interaction_id)
    SELECT i.id FROM new_rows i JOIN old_rows o ON o.id = i.id
    WHERE {_MAY_ASK} AND {_CHANGED.replace("n.", "i.")};

    {_FORMER}
    FROM old_rows o JOIN new_rows n ON n.id = o.id
    WHERE o.occurred_at IS NOT NULL AND {_CHANGED};
    IF former IS NOT NULL THEN
        {_FORMERLY_ANSWERED}
    END IF;
"""
_DELETE_INTERACTION = f"""
    {_FORMER}
    FROM old_rows o
    WHERE o.occurred_at IS NOT NULL;
    IF former IS NOT NULL THEN
        {_FORMERLY_ANSWERED}
    END IF;
"""

# An account that becomes a bot's has answered nothing; one that ceases to be staff's asks.
_CHANGED_ROLE = f"""
    accounts := ARRAY(SELECT DISTINCT member_id FROM {{rows}});
    INSERT INTO community_watchlistentry (interaction_id)
    SELECT i.id FROM community_interaction i
    WHERE i.member_id = ANY(accounts) AND i.occurred_at IS NOT NULL AND {_MAY_ASK}
    UNION
    SELECT i.id FROM community_interaction i WHERE i.to_member_id = ANY(accounts) AND {_MAY_ASK};

    {_FORMER}
    FROM community_interaction o
    WHERE o.member_id = ANY(accounts) AND o.occurred_at IS NOT NULL;
    IF former IS NOT NULL THEN
        {_FORMERLY_ANSWERED}
    END IF;
"""

# Two records that become one person: what one answered the other was said to oneself.
_WHAT_THEY_ASKED = f"""
    IF contacts IS NOT NULL THEN
        {_ACCOUNTS_OF_PERSONS}
        INSERT INTO community_watchlistentry (interaction_id)
        SELECT i.id FROM community_interaction i WHERE i.member_id = ANY(accounts) AND {_MAY_ASK};
    END IF;
"""
_UPDATE_MEMBER = f"""
    SELECT array_agg(contact.id) INTO contacts
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES (o.contact_id), (n.contact_id)) contact (id)
    WHERE n.contact_id <> o.contact_id;
    {_WHAT_THEY_ASKED}
"""
_UPDATE_CONTACT = f"""
    SELECT array_agg(contact.id) INTO contacts
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES (n.id), (o.person_id)) contact (id)
    WHERE n.person_id <> o.person_id;
    {_WHAT_THEY_ASKED}
"""

_FOUND = ["former", "replied_to", "threads", "addressees", "contacts", "persons", "accounts"]


_watch = partial(statement_triggers, "watch", declare=[(array, "bigint[]") for array in _FOUND])


class WatchedInteraction(Interaction):
    """Interactions put themselves on the list, and what they no longer answer."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _watch(insert=_INSERT_INTERACTION, update=_UPDATE_INTERACTION, delete=_DELETE_INTERACTION)


class WatchedMemberRole(MemberRole):
    """A role puts on the list what the account asked, was asked and answered."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _watch(
            insert=_CHANGED_ROLE.format(rows="new_rows"),
            update=_CHANGED_ROLE.format(rows="new_rows"),
            delete=_CHANGED_ROLE.format(rows="old_rows"),
        )


class WatchedMember(Member):
    """An account that moves to another contact puts on the list what both persons asked."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _watch(update=_UPDATE_MEMBER)


class WatchedContact(Contact):
    """A merge or its undoing puts on the list what both persons asked."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = _watch(update=_UPDATE_CONTACT)
