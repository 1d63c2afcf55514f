"""
Accounts that staff named by a handle, and the accounts of a source that turn out to be the same.

Somebody who was added by a handle (newcomers.py) has an account whose external id Kith made up, which
`Member.is_named_here` says. The source's account of that channel with that handle is this one: unknown by
its external id, it takes the row over, with the person and all that is known of them. Was it there before
its handle was told, the two become accounts of one person, and the one that was made up goes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson
from django.db import connection

from community.sync.references import MEMBERS
from gateway.drafts import Draft
from gateway.staging import id_array
from gateway.tables import LostRace


@dataclass(frozen=True)
class NamedHere:
    """An account that staff named: what it is called and whose it is."""

    pk: int
    contact_id: int
    external_id: str
    handle: str


def meant_by_handle(drafts: Sequence[Draft], confirmed: Collection[int]) -> list[tuple[Draft, NamedHere]]:
    """
    Return the drafts whose handle, in whatever case, is that of an account named here on their channel, with it.

    Of several with one handle the first has it. `confirmed` are accounts named here that drafts know by their
    external id: those are nobody else's. All of them are locked. No query where no draft tells a handle, one
    where nobody was named by any of them. Raises `LostRace`.
    """
    found: dict[int, tuple[Draft, NamedHere]] = {}
    for draft, named in _alike([draft for draft in drafts if draft.pk is None and draft.facts.get("handle")]):
        if named.pk not in confirmed:
            found.setdefault(named.pk, (draft, named))
    _lock({pk: named for pk, (_, named) in found.items()}, confirmed)
    return list(found.values())


def _alike(drafts: Sequence[Draft]) -> list[tuple[Draft, NamedHere]]:
    if not drafts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.ordinality, t.*
            FROM json_array_elements(%s::json) WITH ORDINALITY AS k(value)
            CROSS JOIN LATERAL (
                SELECT m.id, m.contact_id, m.external_id, m.handle
                FROM community_member m
                WHERE m.is_named_here AND m.channel_id = (k.value ->> 0)::bigint
                    AND lower(m.handle) = lower(k.value ->> 1)
                LIMIT 1  -- one by one through the index
            ) t
            ORDER BY k.ordinality
            """,
            [orjson.dumps([(draft.row_key[0], draft.facts["handle"]) for draft in drafts]).decode()],
        )
        return [(drafts[place - 1], NamedHere(*row)) for place, *row in cursor.fetchall()]


def _lock(named: Mapping[int, NamedHere], confirmed: Collection[int]) -> None:
    """Lock these accounts, in the order of their ids, as what they were found to be."""
    wanted = {*named, *confirmed}
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, contact_id, external_id, handle FROM community_member"
            " WHERE id = ANY(%s::bigint[]) AND is_named_here ORDER BY id FOR UPDATE",
            [id_array(wanted)],
        )
        locked = {row[0]: NamedHere(*row) for row in cursor.fetchall()}
    if locked.keys() != wanted or any(locked[pk] != one for pk, one in named.items()):
        raise LostRace(MEMBERS.name)


def end_named_here(ids: Collection[int], *, of_one_person: Collection[int]) -> None:
    """
    Let these accounts, whose handle another one has by now, be named here no more. Two statements.

    Of those that are `of_one_person` with it, which nothing names, nothing is left: they were never there.
    """
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM community_member m
            WHERE m.id = ANY(%s::bigint[])
                AND (SELECT 1 FROM community_interaction i WHERE i.member_id = m.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_interaction i WHERE i.to_member_id = m.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_thread o WHERE o.opened_by_id = m.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_helprecord h WHERE h.helper_member_id = m.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_memberrole r WHERE r.member_id = m.id LIMIT 1) IS NULL
            """,
            [id_array(of_one_person)],
        )
        cursor.execute(
            "UPDATE community_member SET is_named_here = false, updated_at = now() WHERE id = ANY(%s::bigint[])",
            [id_array(ids)],
        )
