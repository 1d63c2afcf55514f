"""
Exchanges: interactions that a person did, and those that addressed them, over all accounts and records.

Whom an interaction addresses is the rule of `community.addressee`. Of a few persons each account is looked up by
itself, from an index by time, so that asking for the newest few costs the same however much happened; of many persons
what costs more by the account than all at once is joined.
"""

_NAMES_NOBODY = "i.to_member_id IS NULL AND i.to_contact_id IS NULL"
_REPLIES_TO_NOBODY = """NOT EXISTS (
    SELECT FROM community_interaction answered
    WHERE answered.id = i.reply_to_id AND (answered.member_id IS NOT NULL OR answered.user_id IS NOT NULL)
)"""


def exchanges(records: str, *, condition: str = "TRUE", newest_first: bool = True, only_addressed: bool = False) -> str:
    """
    Return a SELECT of `person_id`, `at` and `id`: of each account, at most `limit` interactions in each way.

    `records` is a SELECT of `person_id` and the id of each contact of that person, as `id`. `condition`
    narrows the interactions, which it calls `i`. What answers something of the person's is among them also where
    it addresses somebody else, by name or as the author of what it replies to; with `only_addressed` it is not.
    The statement takes the parameter `limit`.
    """
    direction = "DESC" if newest_first else "ASC"
    few = f"ORDER BY i.occurred_at {direction}, i.id {direction} LIMIT %(limit)s"
    stands = f"i.occurred_at IS NOT NULL AND {condition}"
    replies = f"{stands} AND {_NAMES_NOBODY}" if only_addressed else stands
    answers = f"{replies} AND {_REPLIES_TO_NOBODY}" if only_addressed else stands
    return f"""
        WITH record AS MATERIALIZED ({records}),
        account AS MATERIALIZED (
            SELECT record.person_id, member.id
            FROM record JOIN community_member member ON member.contact_id = record.id
        )
        SELECT account.person_id, found.occurred_at AS at, found.id
        FROM account
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id FROM community_interaction i
            WHERE i.member_id = account.id AND {stands} {few}
        ) found
        UNION
        SELECT account.person_id, found.occurred_at, found.id
        FROM account
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id FROM community_interaction i
            WHERE i.to_member_id = account.id AND {stands} {few}
        ) found
        UNION
        SELECT record.person_id, found.occurred_at, found.id
        FROM record
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id FROM community_interaction i
            WHERE i.to_contact_id = record.id AND {stands} {few}
        ) found
        UNION
        SELECT account.person_id, found.occurred_at, found.id
        FROM account
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id
            FROM community_interaction said JOIN community_interaction i ON i.reply_to_id = said.id
            WHERE said.member_id = account.id AND {replies} {few}
        ) found
        UNION
        SELECT account.person_id, found.occurred_at, found.id
        FROM account
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id
            FROM community_thread thread JOIN community_interaction i ON i.thread_id = thread.id
            WHERE thread.opened_by_id = account.id AND i.kind = 'answer' AND {answers} {few}
        ) found
    """


def oldest_exchanges(records: str, *, condition: str = "TRUE") -> str:
    """
    Return a SELECT of `person_id` and `at`: when the oldest exchange of each of many persons was, up to a time.

    `records` is as `exchanges` takes it, with that time as `until`, which may be each person's own; `condition` too.
    What addressed somebody else is left out. Without any exchange by then there is no row.
    """
    return f"""
        WITH record AS MATERIALIZED ({records}),
        account AS MATERIALIZED (
            SELECT record.person_id, record.until, member.id
            FROM record JOIN community_member member ON member.contact_id = record.id
        )
        SELECT person_id, min(at) AS at
        FROM (
            {_oldest_of_each("account", "member_id", condition)}
            UNION ALL
            {_oldest_of_each("account", "to_member_id", condition)}
            UNION ALL
            {_oldest_of_each("record", "to_contact_id", condition)}
            UNION ALL
            SELECT account.person_id, i.occurred_at
            FROM community_interaction i
            JOIN community_interaction said ON said.id = i.reply_to_id
            JOIN account ON account.id = said.member_id
            WHERE i.reply_to_id IS NOT NULL AND i.occurred_at <= account.until AND {condition} AND {_NAMES_NOBODY}
            UNION ALL
            SELECT account.person_id, i.occurred_at
            FROM community_interaction i
            JOIN community_thread thread ON thread.id = i.thread_id
            JOIN account ON account.id = thread.opened_by_id
            WHERE i.thread_id IS NOT NULL AND i.kind = 'answer' AND i.occurred_at <= account.until AND {condition}
              AND {_NAMES_NOBODY} AND {_REPLIES_TO_NOBODY}
        ) found
        GROUP BY person_id
    """


def _oldest_of_each(whose: str, column: str, condition: str) -> str:
    """Return a SELECT of the oldest interaction that names each row of `whose`, an account or record, in `column`."""
    return f"""
            SELECT {whose}.person_id, found.at
            FROM {whose}
            CROSS JOIN LATERAL (
                SELECT i.occurred_at AS at FROM community_interaction i
                WHERE i.{column} = {whose}.id AND i.occurred_at <= {whose}.until AND {condition}
                ORDER BY i.occurred_at LIMIT 1
            ) found"""
