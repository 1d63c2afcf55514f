"""
A full recompute: everything there is, as chunks of one job, each a transaction that any worker takes.

A chunk that raises pauses. After the last of its attempts what is in it is marked instead, and its job ends as failed.
"""

import logging
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Max, Min

from crm.models import Contact
from gateway.collisions import retried
from jobs.attempts import ATTEMPTS, due, retry_at
from jobs.models import Job
from metrics.attribution.statements import statement
from metrics.fact_statistics import analyze_changed_facts
from metrics.fingerprint import current_fingerprint
from metrics.models import ConversionResult, Fingerprint, RecomputeChunk, StaleMark
from metrics.recompute.computing import (
    BLOCK_SIZE,
    BLOCKS,
    COLLISIONS,
    Recomputed,
    find_stale,
    lock_blocks,
    recompute_conversions,
    recompute_costs,
)
from metrics.workspace import Workspace

logger = logging.getLogger(__name__)

JOB_KIND = "recompute"
CHUNK_CONVERSIONS = 25_000  # conversions in one chunk, about …
CHUNK_BLOCKS = BLOCKS // 2  # … but no more blocks than these, so that two chunks beside each other share no lock

_CHUNKS_FAILED = (
    "Some chunks could not be computed: the log says why. What is in them is marked as stale and tried again by itself."
)


def start_full_recompute(
    *, now: datetime, chunk_persons: int | None = None, requested_by: int | None = None, requested_through: str = ""
) -> Job:
    """
    Write down everything there is to recompute as chunks of a new job, and return the job.

    A chunk has about as many conversions as any other, or `chunk_persons` ids. The marks so far are taken
    into it, and chunks of earlier jobs that are not begun yet: these chunks read every fact later than
    now. The work begins when the caller commits: see `recompute_next_chunk`
    and `metrics.tasks`.
    """
    analyze_changed_facts()
    with transaction.atomic():
        _finish_superseded_jobs(now=now)
        StaleMark.objects.filter(pk__in=StaleMark.objects.select_for_update(skip_locked=True).values("pk")).delete()
        firsts = _chunks(chunk_persons)
        job = Job.objects.create(
            kind=JOB_KIND,
            unit="chunks",
            total=len(firsts) + 1,
            parameters={"fingerprint": current_fingerprint(), "chunk_persons": chunk_persons},
            requested_by_id=requested_by,
            requested_through=requested_through,
        )
        RecomputeChunk.objects.bulk_create(
            [
                RecomputeChunk(job=job, is_guests=True, first_person=0),
                *(
                    RecomputeChunk(job=job, first_person=first, last_person=last)
                    for first, last in zip(firsts, [*firsts[1:], None], strict=True)
                ),
            ]
        )
    return job


def recompute_next_chunk(*, now: datetime) -> Recomputed | None:
    """
    Recompute one chunk of a full recompute that nobody works on. Returns None when there is none.

    One that raises is logged and put off, which counts as a chunk that did nothing.
    """
    begun: list[RecomputeChunk] = []
    try:
        return retried(lambda: _recompute_next_chunk(begun, now=now), collisions=COLLISIONS)
    except Exception:
        if not begun:
            raise
        logger.exception("%s could not be recomputed.", begun[-1])
        _put_chunk_off(begun[-1].pk, now=now)
        return Recomputed()


def _recompute_next_chunk(begun: list[RecomputeChunk], *, now: datetime) -> Recomputed | None:
    begun.clear()
    with transaction.atomic(), connection.cursor() as cursor:
        waiting = RecomputeChunk.objects.filter(due(now), done_at=None)
        chunk = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if chunk is None:
            return None
        begun.append(chunk)
        workspace = Workspace(cursor)
        _find_chunk(workspace, chunk)
        lock_blocks(workspace, costs=chunk.is_guests)
        done = recompute_conversions(workspace)
        workspace.close()  # all costs are any number: they are not looked up as few
        if chunk.is_guests:
            done += recompute_costs(cursor, costs=None)
        RecomputeChunk.objects.filter(pk=chunk.pk).update(done_at=now)
        _count_chunk(chunk.job_id, now=now)
        return done + Recomputed(chunks=1)


def _put_chunk_off(chunk_id: int, *, now: datetime) -> None:
    """Let a chunk pause that has raised; after the last attempt mark what is in it, and count it as failed."""
    with transaction.atomic():
        chunk = RecomputeChunk.objects.filter(pk=chunk_id, done_at=None).select_for_update(skip_locked=True).first()
        if chunk is None:
            return  # a later full recompute, or another worker, has it
        chunk.attempts += 1
        chunk.retry_at = retry_at(chunk.attempts, now=now)
        chunk.save(update_fields=["attempts", "retry_at"])
    if chunk.attempts < ATTEMPTS:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        if RecomputeChunk.objects.filter(pk=chunk_id, done_at=None).select_for_update(skip_locked=True).first() is None:
            return
        workspace = Workspace(cursor)
        _find_chunk(workspace, chunk)
        workspace.then("mark_chunk", guests=chunk.is_guests)
        workspace.close()
        RecomputeChunk.objects.filter(pk=chunk_id).update(done_at=now)
        _count_chunk(chunk.job_id, now=now, is_done=False)


def _find_chunk(workspace: Workspace, chunk: RecomputeChunk) -> None:
    """Fill `stale_conversion` with what is in a chunk."""
    last = chunk.last_person if chunk.last_person is not None else _persons()[1] + 1
    workspace.expect_many()  # looking for what is in the chunk reads much, whatever it finds
    find_stale(workspace, "chunk", guests=chunk.is_guests, first=chunk.first_person, last=last)


def _chunks(chunk_persons: int | None) -> list[int]:
    """Return the first person of each chunk: every `chunk_persons` ids, or where about as many conversions begin."""
    first_person, last_person = _persons()
    if chunk_persons is not None:
        return list(range(first_person // chunk_persons * chunk_persons, last_person + 1, chunk_persons))
    with connection.cursor() as cursor:
        cursor.execute(
            statement("chunks"),
            {"block_size": BLOCK_SIZE, "conversions": CHUNK_CONVERSIONS, "most_blocks": CHUNK_BLOCKS},
        )
        return [first_person // BLOCK_SIZE * BLOCK_SIZE, *(first for (first,) in cursor.fetchall())]


def _persons() -> tuple[int, int]:
    """Return the lowest and highest id that a person has in the facts or in the results; 0 and 0 without any."""
    known = Contact.objects.aggregate(first=Min("pk"), last=Max("pk"))
    stored = ConversionResult.objects.aggregate(first=Min("person_id"), last=Max("person_id"))
    firsts = [first for first in (known["first"], stored["first"]) if first is not None]
    lasts = [last for last in (known["last"], stored["last"]) if last is not None]
    return min(firsts, default=0), max(lasts, default=0)


def _count_chunk(job_id: int, *, now: datetime, is_done: bool = True) -> None:
    """
    Count one more chunk as done, or as failed; with the last one, end the job and store its fingerprint.

    What the failed ones left is marked: everything else was computed with the settings of the fingerprint.
    """
    unfinished = Job.objects.unfinished().filter(pk=job_id)
    # The job's row is locked from here on: of two last chunks the later one sees the other as done.
    if not unfinished.update(
        done=F("done") + int(is_done), state=Job.State.RUNNING, **({} if is_done else {"error": _CHUNKS_FAILED})
    ):
        return
    unfinished.filter(started_at=None).update(started_at=now)
    chunks = RecomputeChunk.objects.filter(job_id=job_id)
    if chunks.filter(done_at=None).exists():
        return
    job = Job.objects.get(pk=job_id)
    Fingerprint.objects.update_or_create(key="figures", defaults={"value": job.parameters["fingerprint"]})
    unfinished.update(state=Job.State.FAILED if job.error else Job.State.SUCCEEDED, finished_at=now)
    chunks.delete()
    with connection.cursor() as cursor:
        # Autovacuum comes within a minute; until then each claim would read the new tables from end to end.
        cursor.execute("ANALYZE metrics_credit, metrics_conversionresult, metrics_personday")


def _finish_superseded_jobs(*, now: datetime) -> None:
    """End full recomputes that a new one replaces; chunks that a worker holds right now are left to it."""
    superseded = Job.objects.unfinished().filter(kind=JOB_KIND)
    RecomputeChunk.objects.filter(
        pk__in=RecomputeChunk.objects.filter(job__in=superseded)
        .select_for_update(skip_locked=True, of=("self",))
        .values("pk")
    ).delete()
    superseded.update(state=Job.State.PARTIAL, finished_at=now, error="A later full recompute took over.")
