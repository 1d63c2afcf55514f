"""
Exchanges: interactions that a person did, and those that addressed them, over all accounts and records.

An interaction addresses a person by name (`to`), as the author of what it replies to, and, being an
answer, as the opener of its thread. Each account is looked up by itself, from an index by time, so
that asking for the newest few costs the same however much happened.
"""


def exchanges(records: str, *, condition: str = "TRUE", newest_first: bool = True) -> str:
    """
    Return a SELECT of `person_id`, `at` and `id`: of each account, at most `limit` interactions in each way.

    `records` is a SELECT of `person_id` and the id of each contact of that person, as `id`. `condition`
    narrows the interactions, which it calls `i`. The statement takes the parameter `limit`.
    """
    direction = "DESC" if newest_first else "ASC"
    few = f"ORDER BY i.occurred_at {direction}, i.id {direction} LIMIT %(limit)s"
    stands = f"i.occurred_at IS NOT NULL AND {condition}"
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
            WHERE said.member_id = account.id AND {stands} {few}
        ) found
        UNION
        SELECT account.person_id, found.occurred_at, found.id
        FROM account
        CROSS JOIN LATERAL (
            SELECT i.occurred_at, i.id
            FROM community_thread thread JOIN community_interaction i ON i.thread_id = thread.id
            WHERE thread.opened_by_id = account.id AND i.kind = 'answer' AND {stands} {few}
        ) found
    """
