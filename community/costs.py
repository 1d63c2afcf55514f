"""Costs are never edited: one that is wrong is voided, restored, or replaced by another."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction

from community.models import Cost
from crm.voiding import AlreadyVoided
from gateway.errors import DomainError
from gateway.staging import id_array
from gateway.tables import Table
from gateway.taking_out import Restoring, TakingOut

COSTS = Table(Cost, key=("source", "external_id"))


class AlreadyReplaced(DomainError):
    """The cost was changed: it was voided, and another one stands in its place."""

    code = "already_replaced"
    status = 409


def newest_in_place(ids: Collection[int]) -> dict[int, DomainError]:
    """Return, for those of these costs that were replaced, which one is the newest in their place. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE place AS (
                SELECT c.id, c.replaced_by_id AS newest FROM community_cost c
                WHERE c.id = ANY(%s::bigint[]) AND c.replaced_by_id IS NOT NULL
                UNION ALL
                SELECT p.id, c.replaced_by_id FROM place p JOIN community_cost c ON c.id = p.newest
                WHERE c.replaced_by_id IS NOT NULL
            )
            SELECT id, max(newest) FROM place GROUP BY id
            """,
            [id_array(ids)],
        )
        return {
            pk: AlreadyReplaced(f"The cost was replaced by {newest}: change, void or restore that one.")
            for pk, newest in cursor.fetchall()
        }


voiding = TakingOut(
    model=Cost, when="voided_at", why="void_reason", done="voided", refusal=AlreadyVoided, replaced=newest_in_place
)
restoring = Restoring(taking_out=voiding, kept_out=newest_in_place)


def replace(changed: Cost, *, reason: str, now: datetime) -> None:
    """
    Void the stored cost and insert `changed` in its place, under a new id that `changed` then has.

    Raises `AlreadyVoided` when somebody else voided or replaced the cost meanwhile.
    """
    with transaction.atomic():
        (pk,) = COSTS.reserve(1)
        if not step_aside({changed.pk: pk}, reason=reason, now=now):
            raise AlreadyVoided("The cost was voided or replaced meanwhile.")
        changed.pk, changed.created_at = pk, now
        changed.save(force_insert=True)


def step_aside(replaced: Mapping[int, int], *, reason: str, now: datetime) -> int:
    """
    Void costs in favor of others that are about to be inserted, by id; return how many still counted.

    The old row steps aside first, for the two carry the same reference; it points to its replacement by
    an id drawn beforehand: the foreign key is checked at the end of the transaction.
    """
    if not replaced:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE community_cost c"
            " SET voided_at = %s, void_reason = %s, replaced_by_id = r.new, updated_at = now()"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS r(old, new) WHERE c.id = r.old AND c.voided_at IS NULL",
            [now, reason, id_array(replaced), id_array(replaced.values())],
        )
        return cursor.rowcount
