"""
Conversations: what was said around an interaction, or last in a thread, oldest to newest.

In a thread it is the thread. Elsewhere it is what the interaction replies to and what replies to either; and of what
is said to us alone, what we and that account said to each other on its channel. A like or a view says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from community.interaction_kinds import asking_kinds, asking_staff_kinds, label_of, personal_kinds, reply_kinds
from community.models import Interaction
from community.private_texts import readable_text
from gateway.panels import PermissionCheck
from gateway.users import name_of_user

DELETED = "deleted at its source"

_SAYS = "s.retracted_at IS NULL AND (s.text <> '' OR s.kind = ANY(%(saying)s::text[]))"
# What belongs together: in a thread; by replies; and by account, where it was said to us alone.
_WAYS = (
    "s.thread_id = anchor.thread_id",
    "anchor.thread_id IS NULL AND s.id IN (anchor.id, anchor.reply_to_id)",
    "anchor.thread_id IS NULL AND s.reply_to_id IN (anchor.id, anchor.reply_to_id)",
    *(
        f"anchor.thread_id IS NULL AND anchor.is_personal AND s.{column} = anchor.account_id"
        " AND s.channel_id = anchor.channel_id AND (s.kind = 'help' OR s.kind = ANY(%(personal)s::text[]))"
        for column in ("member_id", "to_member_id")
    ),
)


def _around(way: str) -> str:
    here = "(anchor.occurred_at, anchor.id)"
    sides = ((f"<= {here}", "DESC", "before"), (f"> {here}", "ASC", "after"))
    return " UNION ALL ".join(
        f"""
        SELECT anchor.key, side.id, side.occurred_at, side.is_after FROM anchor CROSS JOIN LATERAL (
            SELECT s.id, s.occurred_at, {"true" if limit == "after" else "false"} AS is_after
            FROM community_interaction s
            WHERE {way} AND (s.occurred_at, s.id) {compared} AND {_SAYS}
            ORDER BY s.occurred_at {order}, s.id {order} LIMIT %({limit})s
        ) side"""
        for compared, order, limit in sides
    )


_FOUND = f"""
    found AS (SELECT DISTINCT key, id, occurred_at, is_after FROM ({" UNION ALL ".join(map(_around, _WAYS))}) ways),
    placed AS (
        SELECT key, id, is_after, row_number() OVER (
            PARTITION BY key, is_after
            ORDER BY CASE WHEN is_after THEN occurred_at END, CASE WHEN is_after THEN id END,
                     occurred_at DESC, id DESC
        ) AS place
        FROM found
    )
    SELECT key, id FROM placed
    WHERE place <= CASE WHEN is_after THEN %(after)s ELSE %(before)s END
"""
_ANCHOR_COLUMNS = """i.id, i.thread_id, i.reply_to_id, i.channel_id, i.occurred_at,
        i.kind = ANY(%(personal)s::text[]) AS is_personal,
        CASE WHEN i.direction = 'outbound' THEN i.to_member_id ELSE i.member_id END AS account_id"""
_INTERACTIONS = f"""
    WITH anchor AS MATERIALIZED (
        SELECT i.id AS key, {_ANCHOR_COLUMNS} FROM community_interaction i WHERE i.id = ANY(%(ids)s::bigint[])
    ), {_FOUND}
"""
_THREADS = f"""
    WITH anchor AS MATERIALIZED (
        SELECT t.id AS key, newest.* FROM unnest(%(ids)s::bigint[]) t (id) CROSS JOIN LATERAL (
            SELECT {_ANCHOR_COLUMNS} FROM community_interaction i
            WHERE i.thread_id = t.id AND i.occurred_at IS NOT NULL
            ORDER BY i.occurred_at DESC, i.id DESC LIMIT 1
        ) newest
    ), {_FOUND}
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that was said: by whom, when, as what, and the words as far as the reader may know them."""

    id: int
    at: datetime
    by: str
    kind: str
    channel: str
    text: str
    standing: str
    member_id: int | None
    thread_id: int | None


def said_around(
    interaction_ids: Sequence[int], *, before: int, after: int, may: PermissionCheck
) -> dict[int, list[Said]]:
    """Return for each interaction what was said up to it, itself the last of `before`, and after it. Two queries."""
    return _said(_INTERACTIONS, interaction_ids, before=before, after=after, may=may)


def said_in_threads(thread_ids: Sequence[int], *, most: int, may: PermissionCheck) -> dict[int, list[Said]]:
    """Return for each thread what was said in it last. Two queries."""
    return _said(_THREADS, thread_ids, before=most, after=0, may=may)


def author_of(interaction: Interaction) -> str:
    """Return what whoever said something is called: a colleague, or the person whose account it was."""
    if interaction.user is not None:
        return name_of_user(interaction.user)
    return str(interaction.member.contact.person) if interaction.member else "somebody unknown"


def _said(
    statement: str, ids: Sequence[int], *, before: int, after: int, may: PermissionCheck
) -> dict[int, list[Said]]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "ids": list(ids),
                "before": before,
                "after": after,
                "personal": personal_kinds(),
                "saying": [*asking_kinds(), *asking_staff_kinds(), *reply_kinds()],
            },
        )
        found = cursor.fetchall()
    related = ("channel", "thread", "user", "member__contact__person")
    rows = Interaction.objects.filter(pk__in={pk for _, pk in found}).select_related(*related)
    said = {one.pk: _told(one, may) for one in rows if one.occurred_at is not None}
    by_key: dict[int, list[Said]] = {key: [] for key in ids}
    for key, pk in found:
        by_key[key].append(said[pk])
    return {key: sorted(talk, key=lambda one: (one.at, one.id)) for key, talk in by_key.items()}


def _told(one: Interaction, may: PermissionCheck) -> Said:
    assert one.occurred_at is not None  # the statement asks for it
    kind, standing = one.kind or "", ""
    if one.thread is not None and one.pk in (one.thread.accepted_answer_id, one.thread.confirmed_answer_id):
        standing = "accepted" if one.pk == one.thread.accepted_answer_id else "confirmed"
    return Said(
        id=one.pk,
        at=one.occurred_at,
        by=author_of(one),
        kind=label_of(kind).lower(),
        channel=str(one.channel),
        text=DELETED if one.deleted_at is not None else readable_text(one, may=may),
        standing=standing,
        member_id=one.member_id,
        thread_id=one.thread_id,
    )
