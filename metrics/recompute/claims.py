"""
What is stale by its marks: claimed, recomputed and unmarked in one transaction.

The marks of a claim that raises are then claimed one by one, and the one that raises alone pauses, for an hour at most:
it stays until what it makes stale is computed.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from gateway.collisions import retried
from jobs.attempts import ATTEMPTS, retry_at
from metrics.attribution.statements import statement
from metrics.models import StaleMark
from metrics.recompute.computing import (
    COLLISIONS,
    Recomputed,
    find_stale,
    is_many,
    lock_blocks,
    recompute_conversions,
    recompute_costs,
)
from metrics.workspace import Workspace

logger = logging.getLogger(__name__)

CLAIM_MARKS = 5_000  # marks folded into one transaction


def mark_contacts(contacts: Iterable[int]) -> None:
    """Mark everything of the persons of these contacts as stale. Unknown ids mark nothing that exists."""
    StaleMark.objects.bulk_create([StaleMark(contact_id=contact) for contact in contacts])


def recompute_claim(*, now: datetime, claim_marks: int = CLAIM_MARKS) -> Recomputed | None:
    """
    Claim up to `claim_marks` marks and recompute what they make stale. Returns None when there is none.

    Marks that raise are logged and put off, which counts as a claim that did nothing.
    """
    taken: list[tuple[int, int | None]] = []
    try:
        return retried(lambda: _recompute_claim(taken, now=now, claim_marks=claim_marks), collisions=COLLISIONS)
    except Exception as error:
        if not taken:
            raise
        # Of many marks any may be the one. Alone it tells more, but not the same every hour.
        is_known = taken[0][1] is not None and taken[0][1] >= ATTEMPTS
        logger.error(
            "What %s stale marks name could not be recomputed: %s, first of them mark %s.",
            len(taken),
            type(error).__name__,
            taken[0][0],
            exc_info=not is_known,
        )
        _put_marks_off(taken, now=now)
        return Recomputed()


def _recompute_claim(taken: list[tuple[int, int | None]], *, now: datetime, claim_marks: int) -> Recomputed | None:
    taken.clear()
    with transaction.atomic(), connection.cursor() as cursor:
        workspace = Workspace(cursor)
        taken += workspace.run("claim", marks=claim_marks).fetchall()
        if not taken:
            workspace.then_once(statement("claim_alone"), now=now)
            taken += cursor.fetchall()
        if not taken:
            workspace.close()
            return None
        if is_many(len(taken)):
            workspace.expect_many("claimed_mark")
        find_stale(workspace, "marks")
        costs = [cost for (cost,) in workspace.run("stale_costs").fetchall()]
        lock_blocks(workspace, costs=bool(costs))
        done = recompute_conversions(workspace)
        if costs:
            done += recompute_costs(cursor, costs=costs)
        workspace.run("unmark")
        workspace.close()
        return done + Recomputed(marks=len(taken))


def _put_marks_off(marks: list[tuple[int, int | None]], *, now: datetime) -> None:
    """Let marks that raised together be claimed one by one, and one that was alone pause."""
    known = marks[0][1]
    changes: dict[str, object] = {"attempts": 0}
    if known is not None or len(marks) == 1:
        attempts = min((known or 0) + 1, ATTEMPTS)
        changes = {"attempts": attempts, "retry_at": retry_at(attempts, now=now)}
    # Whoever has them by now does what is to be done; they are as they were, or gone.
    free = StaleMark.objects.filter(pk__in=[mark for mark, _ in marks], attempts=known)
    with transaction.atomic():
        StaleMark.objects.filter(pk__in=free.select_for_update(skip_locked=True).values("pk")).update(**changes)
