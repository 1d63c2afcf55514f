"""Threads of which clients are told something else by what is said in them."""

from collections.abc import Collection

from django.db import connection

from gateway.staging import id_array


def tell_with_talk(interaction_ids: Collection[int]) -> None:
    """
    Set `updated_at` of threads that got their first public interaction, or lost their last.

    It decides whether their title is told to everybody (`community.private_texts`). `interaction_ids` are what was
    written just now. One statement.
    """
    if not interaction_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH written AS MATERIALIZED (
                SELECT DISTINCT i.thread_id FROM community_interaction i
                WHERE i.id = ANY(%(ids)s::bigint[]) AND i.thread_id IS NOT NULL
            ), told AS MATERIALIZED (
                SELECT t.id FROM community_thread t
                WHERE t.id = ANY(ARRAY(SELECT thread_id FROM written)) AND t.updated_at < now()
                    AND (
                        SELECT i.id FROM community_interaction i
                        WHERE i.thread_id = t.id AND NOT i.is_private AND i.occurred_at IS NOT NULL
                            AND i.id <> ALL(%(ids)s::bigint[])
                        LIMIT 1
                    ) IS NULL
                ORDER BY t.id FOR NO KEY UPDATE
            )
            UPDATE community_thread t SET updated_at = now() FROM told WHERE t.id = told.id
            """,
            {"ids": id_array(interaction_ids)},
        )
