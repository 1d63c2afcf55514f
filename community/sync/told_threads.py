"""Threads of which clients are told something else by what is said in them."""

from collections.abc import Collection

from django.db import connection

from gateway.staging import id_array


def lock_told_with_talk(thread_ids: Collection[int], *, writing: Collection[int]) -> list[int]:
    """
    Return those of the threads in which nothing is said openly but by the interactions `writing`, and lock them.

    What is written of these decides whether their title is told to everybody (`community.private_texts`). They are
    locked before the interactions are, as whoever writes threads does it: the other way round two batches would
    wait for each other. Threads that are new in this transaction are told anyway. One statement.
    """
    if not thread_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id FROM community_thread t
            WHERE t.id = ANY(%(threads)s::bigint[]) AND t.updated_at < now()
                AND (
                    SELECT i.id FROM community_interaction i
                    WHERE i.thread_id = t.id AND NOT i.is_private AND i.occurred_at IS NOT NULL
                        AND i.id <> ALL(%(writing)s::bigint[])
                    LIMIT 1
                ) IS NULL
            ORDER BY t.id FOR NO KEY UPDATE
            """,
            {"threads": id_array(sorted(thread_ids)), "writing": id_array(sorted(writing))},
        )
        return [pk for (pk,) in cursor.fetchall()]


def tell(thread_ids: Collection[int]) -> None:
    """Set `updated_at` of threads that got their first open interaction, or lost their last. One statement."""
    if not thread_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE community_thread t SET updated_at = now() WHERE t.id = ANY(%s::bigint[]) AND t.updated_at < now()",
            [id_array(sorted(thread_ids))],
        )
