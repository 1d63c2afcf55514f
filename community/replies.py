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

A question that its asker **settled**, by an answer of their own that is accepted, waits for no reply any more, although
it got none.

Accounts of one person are one person. A deleted author is somebody other than anyone known. What was
retracted never happened; what was deleted did. Roles are those of the moment.
"""

from typing import Any

from community.interaction_kinds import asking_kinds, asking_staff_kinds, help_kinds, personal_kinds, reply_kinds

_LATEST_ROLE = """(
        SELECT role.role FROM community_memberrole role
        WHERE role.member_id = {member} AND (role.since IS NULL OR role.since <= {instant})
        ORDER BY role.since DESC NULLS LAST LIMIT 1
    )"""
# The role of a member at an instant. A member without one is community, and so is no member at all. Most have
# none: they are told apart by a set that is read once, and only the others are looked up one by one.
ROLE_AT = f"""CASE WHEN {{member}} IN (SELECT member_id FROM community_memberrole)
    THEN COALESCE({_LATEST_ROLE}, 'community') ELSE 'community' END"""
# Whether a member was a bot at an instant. Hardly any account ever was one: whether it was is seen first, in an index
# where few are asked about.
BOT_AT = f"""CASE WHEN EXISTS (
        SELECT FROM community_memberrole ever WHERE ever.member_id = {{member}} AND ever.role = 'bot'
    ) THEN COALESCE({_LATEST_ROLE} = 'bot', false) ELSE false END"""


def _by_staff(alias: str) -> str:
    role = ROLE_AT.format(member=f"{alias}.member_id", instant=f"{alias}.occurred_at")
    return f"({alias}.user_id IS NOT NULL OR {role} = 'staff')"


# Whose an account is: `OWNER` joins, `PERSON` is the column, {who} the alias; `MERGED` is for what has a contact of its
# own. An unmerged contact is its own person (a constraint keeps it so), so only of the few that were merged need be
# looked up who they are now.
MERGED = """LEFT JOIN crm_contact {who}_merged
        ON {who}_merged.id = {who}.contact_id AND {who}_merged.merged_into_id IS NOT NULL"""
OWNER = f"""LEFT JOIN community_member {{who}} ON {{who}}.id = {{member}}
    {MERGED}"""
PERSON = "COALESCE({who}_merged.person_id, {who}.contact_id)"
_REPLIER = PERSON.format(who="replier")

# One row per ask among the interactions `i` that {where} keeps. What is neither staff's nor a bot's is the
# community's: said the other way round, the planner would take that for a rare thing. What a comment replies to is
# looked up, not joined, for few reply to anything. Persons are joined to what was found, apart: the planner then
# sees how many there are.
_ASKS = f"""
    WITH said AS MATERIALIZED (
        SELECT i.id, i.channel_id, i.kind, i.occurred_at, i.thread_id, i.member_id
        FROM community_interaction i
        WHERE i.direction = 'inbound' AND i.retracted_at IS NULL AND i.user_id IS NULL
          AND i.kind = ANY(%(asking_kinds)s::text[] || %(asking_staff_kinds)s::text[])
          AND {{where}}
          AND (
              i.kind = ANY(%(asking_kinds)s::text[])
              OR {ROLE_AT.format(member="i.to_member_id", instant="i.occurred_at")} = 'staff'
              OR i.reply_to_id IS NOT NULL AND (
                  SELECT parent.kind = ANY(%(reply_kinds)s::text[]) AND {_by_staff("parent")}
                  FROM community_interaction parent WHERE parent.id = i.reply_to_id
              )
          )
          AND (
              i.kind = ANY(%(asking_kinds)s::text[]) AND i.kind <> ALL(%(personal_kinds)s::text[])
              OR {ROLE_AT.format(member="i.member_id", instant="i.occurred_at")} NOT IN ('staff', 'bot')
          )
    )
    SELECT said.*, {PERSON.format(who="asker")} AS person_id
    FROM said
    {OWNER.format(who="asker", member="said.member_id")}
"""

# One row per ask and reply to it, with what the ask was: whoever reads this need not join the asks again,
# for which the planner, who cannot know how many there are, would choose to compare each with each.
# Reads a table expression `ask` with the columns of `_ASKS`. A reply may be found in more than one way: each way
# leaves out what those before it find, so that nothing need be sorted to find what is there twice.
_FOUND = f"""SELECT ask.id AS ask_id, ask.occurred_at AS asked_at, ask.kind AS ask_kind, ask.channel_id,
               ask.person_id AS asker_id, r.id AS reply_id, r.occurred_at AS replied_at,
               r.kind = ANY(%(help_kinds)s::text[]) AS is_answer, r.member_id, r.user_id,
               {ROLE_AT.format(member="r.member_id", instant="r.occurred_at")} AS role"""
_CAN_REPLY = """r.id <> ask.id AND r.occurred_at >= ask.occurred_at AND r.retracted_at IS NULL
          AND r.kind = ANY(%(reply_kinds)s::text[])"""
_PARENT = "LEFT JOIN community_interaction parent ON parent.id = r.reply_to_id"
_IN_SO_MANY_WORDS = "r.reply_to_id = ask.id"
_IN_THE_THREAD = f"""(
              r.thread_id = ask.thread_id
              AND (
                  r.kind = ANY(%(help_kinds)s::text[])
                  OR parent.kind IS NULL OR parent.kind <> ALL(%(help_kinds)s::text[])
              )
              AND (ask.kind = ANY(%(asking_kinds)s::text[]) OR {_by_staff("r")})
          )"""
_TO_THE_PERSON = """ask.kind = ANY(%(personal_kinds)s::text[])
          AND (r.kind = 'help' OR r.direction = 'outbound' AND r.kind = ANY(%(personal_kinds)s::text[]))
          AND (ask.kind = 'lead' OR r.kind = 'help' OR r.channel_id = ask.channel_id)"""
REPLIES = f"""
    WITH found AS MATERIALIZED (
        {_FOUND}
        FROM ask
        JOIN community_interaction r ON {_IN_SO_MANY_WORDS}
        WHERE {_CAN_REPLY}
        UNION ALL
        {_FOUND}
        FROM ask
        JOIN community_interaction r ON r.thread_id = ask.thread_id
        {_PARENT}
        WHERE {_CAN_REPLY} AND {_IN_THE_THREAD} AND ({_IN_SO_MANY_WORDS}) IS NOT TRUE
        UNION ALL
        {_FOUND}
        FROM ask
        JOIN crm_contact own ON own.person_id = ask.person_id
        JOIN community_member addressee ON addressee.contact_id = own.id
        JOIN community_interaction r ON r.to_member_id = addressee.id
        {_PARENT}
        WHERE {_CAN_REPLY} AND {_TO_THE_PERSON} AND ({_IN_SO_MANY_WORDS} OR {_IN_THE_THREAD}) IS NOT TRUE
        UNION ALL
        {_FOUND}
        FROM ask
        JOIN crm_contact own ON own.person_id = ask.person_id
        JOIN community_interaction r ON r.to_contact_id = own.id
        {_PARENT}
        WHERE {_CAN_REPLY} AND {_TO_THE_PERSON} AND ({_IN_SO_MANY_WORDS} OR {_IN_THE_THREAD}) IS NOT TRUE
    )
    SELECT found.ask_id, found.asked_at, found.ask_kind, found.channel_id, found.reply_id, found.replied_at,
           found.is_answer, found.user_id IS NOT NULL OR found.role = 'staff' AS is_staff,
           {_REPLIER} AS person_id, found.user_id
    FROM found
    {OWNER.format(who="replier", member="found.member_id")}
    WHERE found.role <> 'bot'
      AND (replier.id IS NULL OR found.asker_id IS NULL OR {_REPLIER} <> found.asker_id)
"""

# That the answer `given` resolves the ask {ask} in its thread `thread`. One that its source calls reopened is open.
RESOLVES = (
    "thread.id = {ask}.thread_id AND lower(thread.source_state) <> 'reopened' AND given.retracted_at IS NULL"
    " AND given.occurred_at >= {ask}.occurred_at AND given.occurred_at <= %(now)s"
)

# The asks that were settled by who asked. Reads a table expression `ask` with the columns of `_ASKS`. Each is looked up
# by itself, for few are asked about.
SETTLED = f"""
    SELECT ask.id FROM ask
    WHERE ask.kind = 'question' AND ask.thread_id IS NOT NULL AND (
        SELECT bool_or({PERSON.format(who="giver")} = ask.person_id)
        FROM community_thread thread
        CROSS JOIN LATERAL (VALUES (thread.accepted_answer_id), (thread.confirmed_answer_id)) answer (id)
        JOIN community_interaction given ON given.id = answer.id
        {OWNER.format(who="giver", member="given.member_id")}
        WHERE {RESOLVES.format(ask="ask")}
    )
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
