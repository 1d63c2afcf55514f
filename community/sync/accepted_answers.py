"""
Help records made from accepted answers.

An accepted answer is help when it has arrived, its author is a known member and somebody else
opened the thread. The record appears as soon as all of that is known, in whatever order it came, and
is withdrawn when it no longer holds. What staff edited in it stays.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from community.helping import unless_edited
from community.models import Thread
from gateway.staging import id_array

# Those among the given interactions that a thread has accepted, or that a record was made from.
_CONCERNED = """
    SELECT accepted_answer_id FROM community_thread WHERE accepted_answer_id = ANY(%(answers)s::bigint[])
    UNION
    SELECT interaction_id FROM community_helprecord
    WHERE interaction_id = ANY(%(answers)s::bigint[]) AND origin = 'accepted_answer'
    ORDER BY 1
"""

# One row per accepted answer among the given ones that is help.
_IS_HELP = """
    SELECT DISTINCT ON (a.id) a.id AS interaction_id, o.contact_id, a.member_id, t.title, t.topic
    FROM community_thread t
    JOIN community_interaction a ON a.id = t.accepted_answer_id
    JOIN community_member o ON o.id = t.opened_by_id
    WHERE t.accepted_answer_id = ANY(%(answers)s::bigint[])
      AND a.occurred_at IS NOT NULL AND a.retracted_at IS NULL AND a.member_id <> t.opened_by_id
    ORDER BY a.id, t.id
"""


_BECOMES = {
    column: unless_edited("h", column, value)
    for column, value in {
        "contact_id": "w.contact_id",
        "helper_member_id": "w.member_id",
        "question": "w.title",
        "topic": "w.topic",
        "withdrawn_at": "NULL",
    }.items()
}


def accepted_by(threads: QuerySet[Thread]) -> set[int]:
    """
    Return the interactions that these threads accept, and lock the threads. One query.

    Who waited for another writer is told what that one has accepted.
    """
    accepted = threads.select_for_update(no_key=True).order_by("pk").values_list("accepted_answer_id", flat=True)
    return {pk for pk in accepted if pk is not None}


def refresh_accepted_help(answers: Collection[int], *, now: datetime) -> None:
    """
    Bring the help records of these interactions in line with what is accepted now.

    One statement where nothing among them is or was accepted, as in most batches; three more otherwise. What
    is right already is not written. Records of another origin are left alone.
    """
    if not answers:
        return
    with connection.cursor() as cursor:
        # Most interactions are no accepted answers, and the planner cannot know: asked for all of them, it
        # may walk the whole table of interactions.
        cursor.execute(_CONCERNED, {"answers": id_array(sorted(answers))})
        concerned = [pk for (pk,) in cursor.fetchall()]
        if not concerned:
            return
        parameters: dict[str, Any] = {"answers": id_array(concerned), "now": now}
        cursor.execute(
            f"""
            UPDATE community_helprecord h
            SET {", ".join(f"{column} = {value}" for column, value in _BECOMES.items())}, updated_at = now()
            FROM ({_IS_HELP}) w
            WHERE h.interaction_id = w.interaction_id AND h.origin = 'accepted_answer'
              AND ROW({", ".join(_BECOMES.values())})
                  IS DISTINCT FROM ROW({", ".join(f"h.{column}" for column in _BECOMES)})
            """,
            parameters,
        )
        cursor.execute(
            f"""
            INSERT INTO community_helprecord
                (interaction_id, contact_id, helper_member_id, question, topic, outcome, origin)
            SELECT w.interaction_id, w.contact_id, w.member_id, w.title, w.topic, 'solved', 'accepted_answer'
            FROM ({_IS_HELP}) w
            WHERE NOT EXISTS (SELECT FROM community_helprecord h WHERE h.interaction_id = w.interaction_id)
            ON CONFLICT (interaction_id) DO NOTHING
            """,
            parameters,
        )
        cursor.execute(
            f"""
            UPDATE community_helprecord h SET withdrawn_at = %(now)s, updated_at = now()
            WHERE h.interaction_id = ANY(%(answers)s::bigint[])
              AND h.origin = 'accepted_answer' AND h.withdrawn_at IS NULL
              AND NOT EXISTS (SELECT FROM ({_IS_HELP}) w WHERE w.interaction_id = h.interaction_id)
            """,
            parameters,
        )
