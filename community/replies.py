"""
What expects a reply, and what replied to it: the one rule behind the queue and every response figure.

An **ask** is inbound and of a kind that expects a reply; a comment expects one only where it addresses
staff, by name or by replying to what staff replied. A question stands open to everybody, whoever put it
there; anything else asks only from a community member or somebody unknown.

A **reply** is by a human being other than who asked, not earlier than the ask, and one of:

- it answers the ask in so many words (`reply_to`);
- it stands in the ask's thread, unless it is talk about another answer there (and below a comment only if
  staff say it, for others talk on);
- the ask was said to us alone, and it is help for that person, or a message from us to that person alone:
  on the ask's channel, and for a lead on any.

Accounts of one person are one person. A deleted author is somebody other than anyone known. What was
retracted never happened; what was deleted did. Roles are those of the moment.
"""

from typing import Any

from community.interaction_kinds import asking_kinds, asking_staff_kinds, help_kinds, personal_kinds, reply_kinds

# The role of a member at an instant. A member without one is community, and so is no member at all. Most have
# none: they are told apart by a set that is read once, and only the others are looked up one by one.
ROLE_AT = """CASE WHEN {member} IN (SELECT member_id FROM community_memberrole) THEN COALESCE((
        SELECT role.role FROM community_memberrole role
        WHERE role.member_id = {member} AND (role.since IS NULL OR role.since <= {instant})
        ORDER BY role.since DESC NULLS LAST LIMIT 1
    ), 'community') ELSE 'community' END"""


def _by_staff(alias: str) -> str:
    role = ROLE_AT.format(member=f"{alias}.member_id", instant=f"{alias}.occurred_at")
    return f"({alias}.user_id IS NOT NULL OR {role} = 'staff')"


# One row per ask among the interactions `i` that {where} keeps. What is neither staff's nor a bot's is the
# community's: said the other way round, the planner would take that for a rare thing. What a comment replies to is
# looked up, not joined, for few reply to anything.
_ASKS = f"""
    SELECT i.id, i.channel_id, i.kind, i.occurred_at, i.thread_id, i.member_id, asker.person_id
    FROM community_interaction i
    LEFT JOIN community_member account ON account.id = i.member_id
    LEFT JOIN crm_contact asker ON asker.id = account.contact_id
    WHERE i.direction = 'inbound' AND i.retracted_at IS NULL AND i.user_id IS NULL
      AND i.kind = ANY(%(asking_kinds)s::text[] || %(asking_staff_kinds)s::text[])
      AND {{where}}
      AND (
          i.kind = ANY(%(asking_kinds)s::text[])
          OR {ROLE_AT.format(member="i.to_member_id", instant="i.occurred_at")} = 'staff'
          OR (
              SELECT parent.kind = ANY(%(reply_kinds)s::text[]) AND {_by_staff("parent")}
              FROM community_interaction parent WHERE parent.id = i.reply_to_id
          )
      )
      AND (
          i.kind = ANY(%(asking_kinds)s::text[]) AND i.kind <> ALL(%(personal_kinds)s::text[])
          OR {ROLE_AT.format(member="i.member_id", instant="i.occurred_at")} NOT IN ('staff', 'bot')
      )
"""

# One row per ask and reply to it, with what the ask was: whoever reads this need not join the asks again,
# for which the planner, who cannot know how many there are, would choose to compare each with each.
# Reads a table expression `ask` with the columns of `_ASKS`. A reply may be found in more than one way: each way
# leaves out what those before it find, so that nothing need be sorted to find what is there twice.
_FOUND = """SELECT ask.id AS ask_id, ask.occurred_at AS asked_at, ask.kind AS ask_kind, ask.channel_id,
               ask.person_id AS asker_id, r.id AS reply_id, r.kind, r.occurred_at, r.member_id, r.user_id"""
_CAN_REPLY = """r.id <> ask.id AND r.occurred_at >= ask.occurred_at AND r.retracted_at IS NULL
          AND r.kind = ANY(%(reply_kinds)s::text[])"""
_IN_SO_MANY_WORDS = "r.reply_to_id = ask.id"
_IN_THE_THREAD = f"""(
              r.thread_id = ask.thread_id
              AND (
                  r.kind = ANY(%(help_kinds)s::text[])
                  OR COALESCE(
                      (SELECT said.kind FROM community_interaction said WHERE said.id = r.reply_to_id), ''
                  ) <> ALL(%(help_kinds)s::text[])
              )
              AND (ask.kind = ANY(%(asking_kinds)s::text[]) OR {_by_staff("r")})
          )"""
_TO_THE_PERSON = """ask.kind = ANY(%(personal_kinds)s::text[])
          AND (r.kind = 'help' OR r.direction = 'outbound' AND r.kind = ANY(%(personal_kinds)s::text[]))
          AND (ask.kind = 'lead' OR r.kind = 'help' OR r.channel_id = ask.channel_id)"""
REPLIES = f"""
    SELECT found.ask_id, found.asked_at, found.ask_kind, found.channel_id, found.reply_id,
           found.occurred_at AS replied_at, found.kind = ANY(%(help_kinds)s::text[]) AS is_answer,
           {_by_staff("found")} AS is_staff,
           replier.person_id, found.user_id
    FROM (
        {_FOUND}
        FROM ask JOIN community_interaction r ON {_IN_SO_MANY_WORDS}
        WHERE {_CAN_REPLY}
        UNION ALL
        {_FOUND}
        FROM ask JOIN community_interaction r ON r.thread_id = ask.thread_id
        WHERE {_CAN_REPLY} AND {_IN_THE_THREAD} AND ({_IN_SO_MANY_WORDS}) IS NOT TRUE
        UNION ALL
        {_FOUND}
        FROM ask
        JOIN crm_contact own ON own.person_id = ask.person_id
        JOIN community_member addressee ON addressee.contact_id = own.id
        JOIN community_interaction r ON r.to_member_id = addressee.id
        WHERE {_CAN_REPLY} AND {_TO_THE_PERSON} AND ({_IN_SO_MANY_WORDS} OR {_IN_THE_THREAD}) IS NOT TRUE
        UNION ALL
        {_FOUND}
        FROM ask
        JOIN crm_contact own ON own.person_id = ask.person_id
        JOIN community_interaction r ON r.to_contact_id = own.id
        WHERE {_CAN_REPLY} AND {_TO_THE_PERSON} AND ({_IN_SO_MANY_WORDS} OR {_IN_THE_THREAD}) IS NOT TRUE
    ) found
    LEFT JOIN community_member account ON account.id = found.member_id
    LEFT JOIN crm_contact replier ON replier.id = account.contact_id
    WHERE (replier.person_id IS NULL OR found.asker_id IS NULL OR replier.person_id <> found.asker_id)
      AND {ROLE_AT.format(member="found.member_id", instant="found.occurred_at")} <> 'bot'
"""


def asks(where: str) -> str:
    """Return the SELECT of all asks among the interactions `i` for which the condition `where` holds."""
    return _ASKS.format(where=where)


def reply_parameters() -> dict[str, Any]:
    """Return the parameters that `asks` and `REPLIES` name."""
    return {
        "asking_kinds": asking_kinds(),
        "asking_staff_kinds": asking_staff_kinds(),
        "personal_kinds": personal_kinds(),
        "reply_kinds": reply_kinds(),
        "help_kinds": help_kinds(),
    }
