"""
Recompute: from stale marks, or from nothing, to credits, results, costs by day and daily sums.

Work is done in transactions of bounded size. Each one

1. claims its task: marks by id, or one chunk of a full recompute (`FOR UPDATE SKIP LOCKED`), and finds
   the conversions that it makes stale;
2. takes transaction advisory locks for the blocks of persons whose rows it may write, in order;
3. only then, in later statements (READ COMMITTED), reads the facts and computes;
4. compares with what is stored and writes the differences, daily sums included;
5. deletes exactly the marks it claimed, or marks its chunk as done, and commits.

A worker that dies anywhere leaves everything as it was, and a fact that is committed in any gap has its
own mark, which the next claim finds. Whoever writes a conversion's rows holds the locks of the person it
belongs to by the facts and of the one that the tables have for it, so two workers never write the same.

What raises holds up nothing else: see claims.py for marks, chunks.py for full recomputes. Both compute by computing.py.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from jobs.models import Job
from metrics.attribution.statements import statement
from metrics.fingerprint import is_current
from metrics.models import RecomputeChunk, StaleMark
from metrics.recompute.chunks import JOB_KIND, recompute_next_chunk, start_full_recompute
from metrics.recompute.claims import CLAIM_MARKS, mark_contacts, recompute_claim
from metrics.recompute.computing import LOCK_START, Recomputed, lock_blocks, recompute_conversions, take_along
from metrics.workspace import Workspace

__all__ = [
    "Recomputed",
    "mark_contacts",
    "recompute_all",
    "recompute_claim",
    "recompute_contacts",
    "recompute_next",
    "recompute_next_chunk",
    "recompute_stale",
    "start_full_recompute",
    "try_again_now",
]


def recompute_stale(*, now: datetime, seconds: float | None = None, claim_marks: int = CLAIM_MARKS) -> Recomputed:
    """
    Recompute what marks say is stale, and whatever full recompute is unfinished, until nothing is left.

    Starts a full recompute first when the settings that figures depend on have changed. Stops after
    `seconds` of beginning new transactions. Two of these at once share the work. What raises is logged and left
    for later. Returns what was done.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    if _is_full_recompute_due():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LOCK_START)
            if _is_full_recompute_due():  # not if another worker has begun it meanwhile
                start_full_recompute(now=now, requested_through="fingerprint")
    done = Recomputed()
    while deadline is None or time.monotonic() < deadline:
        step = recompute_next(now=now, claim_marks=claim_marks)
        if step is None:
            break
        done += step
    return done


def recompute_next(*, now: datetime, claim_marks: int = CLAIM_MARKS) -> Recomputed | None:
    """Recompute one chunk, or else what one claim of marks makes stale. Returns None when nothing waits for anybody."""
    with connection.cursor() as cursor:
        cursor.execute(statement("waiting"), {"now": now})
        has_chunk, has_mark = cursor.fetchone()
    step = recompute_next_chunk(now=now) if has_chunk else None
    if step is None and has_mark:
        step = recompute_claim(now=now, claim_marks=claim_marks)
    return step


def _is_full_recompute_due() -> bool:
    """Return whether figures were computed with other settings and no full recompute is under way."""
    # Asked again at the end: a job that another worker ended between the first two has stored its settings with that.
    return not is_current() and not Job.objects.unfinished().filter(kind=JOB_KIND).exists() and not is_current()


def recompute_all(*, now: datetime, chunk_persons: int | None = None) -> Recomputed:
    """Recompute everything in this process, and whatever became stale meanwhile. Returns what was done."""
    start_full_recompute(now=now, chunk_persons=chunk_persons, requested_through="process")
    return recompute_stale(now=now)


def recompute_contacts(contacts: Iterable[int]) -> Recomputed:
    """
    Recompute the conversions of these contacts' persons now, inside the caller's transaction.

    For looking at what a change would lead to: marks are left alone, and whatever else is stale stays so.
    """
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        workspace = Workspace(cursor, gathers=True)  # somebody waits, and no worker begins anything between two calls
        workspace.then_once(
            "INSERT INTO claimed_mark (id, marked_at, contact_id)"
            " SELECT 0, now(), contact FROM unnest(%(contacts)s::bigint[]) contact",
            contacts=list(contacts),
        )
        workspace.then("stale_of_marks")
        take_along(workspace)
        lock_blocks(workspace, costs=False)
        done = recompute_conversions(workspace)
        workspace.close()
        return done


def try_again_now() -> None:
    """Let chunks and marks that pause after an error be taken up again by the next look."""
    _take_up(RecomputeChunk.objects.exclude(retry_at=None))
    _take_up(StaleMark.objects.exclude(retry_at=None))


def _take_up(paused: QuerySet[Any]) -> None:
    with transaction.atomic():
        free = paused.select_for_update(skip_locked=True).values("pk")
        paused.filter(pk__in=free).update(attempts=0, retry_at=None)
