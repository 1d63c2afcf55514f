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
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Max, Min
from psycopg.errors import DeadlockDetected, UniqueViolation

from crm.models import Contact
from jobs.models import Job
from metrics.attribution.statements import figure_parameters, statement
from metrics.fingerprint import current_fingerprint, is_current
from metrics.models import ConversionResult, Fingerprint, RecomputeChunk, StaleMark
from metrics.rollups import correct_rollups

logger = logging.getLogger(__name__)

JOB_KIND = "recompute"

BLOCK_SIZE = 4096  # persons under one lock: 250 locks cover a million persons
CHUNK_PERSONS = 8 * BLOCK_SIZE  # persons in one chunk of a full recompute
CLAIM_MARKS = 5_000  # marks folded into one transaction
ATTEMPTS = 3  # a deadlock with a statement of somebody else's is tried again so often

_LOCK_CLASS = 0x4B697468  # "Kith": sets these advisory locks apart from others in the database
_GUESTS_BLOCK = -1  # conversions without a contact
_ROLLUP_BLOCK = -2  # rows of roll-ups that all persons share
_COST_BLOCK = -3  # costs by day

_LOCK_ROLLUPS = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {_ROLLUP_BLOCK})"
_LOCK_BLOCKS = f"SELECT count(pg_advisory_xact_lock({_LOCK_CLASS}, block)) FROM unnest(%s::integer[]) block"


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    """What a recompute did: marks taken, chunks done, rows of ledger, results and costs that were written."""

    marks: int = 0
    chunks: int = 0
    conversions: int = 0
    credits_written: int = 0
    results_written: int = 0
    cost_days_written: int = 0

    def __add__(self, other: "Recomputed") -> "Recomputed":
        return Recomputed(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


def recompute_stale(*, now: datetime, seconds: float | None = None, claim_marks: int = CLAIM_MARKS) -> Recomputed:
    """
    Recompute what marks say is stale, and whatever full recompute is unfinished, until nothing is left.

    Starts a full recompute first when the settings that figures depend on have changed. Stops after
    `seconds` of beginning new transactions. Two of these at once share the work. Returns what was done.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    if not is_current() and not Job.objects.unfinished().filter(kind=JOB_KIND).exists():
        start_full_recompute(now=now, requested_through="fingerprint")
    done = Recomputed()
    while deadline is None or time.monotonic() < deadline:
        step = recompute_next_chunk(now=now) or recompute_claim(claim_marks=claim_marks)
        if step is None:
            break
        done += step
    return done


def recompute_all(*, now: datetime, chunk_persons: int = CHUNK_PERSONS) -> Recomputed:
    """Recompute everything in this process, and whatever became stale meanwhile. Returns what was done."""
    start_full_recompute(now=now, chunk_persons=chunk_persons, requested_through="process")
    return recompute_stale(now=now)


def start_full_recompute(
    *, now: datetime, chunk_persons: int = CHUNK_PERSONS, requested_by: int | None = None, requested_through: str = ""
) -> Job:
    """
    Write down everything there is to recompute as chunks of a new job, and return the job.

    The marks so far are taken into it, and chunks of earlier jobs that are not begun yet: these chunks
    read every fact later than now. The work begins when the caller commits: see `recompute_next_chunk`
    and `metrics.tasks`.
    """
    with transaction.atomic():
        _finish_superseded_jobs(now=now)
        StaleMark.objects.filter(pk__in=StaleMark.objects.select_for_update(skip_locked=True).values("pk")).delete()
        first_person, last_person = _persons()
        firsts = list(range(first_person // chunk_persons * chunk_persons, last_person + 1, chunk_persons))
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
                    RecomputeChunk(
                        job=job,
                        first_person=first,
                        last_person=first + chunk_persons if first != firsts[-1] else None,
                    )
                    for first in firsts
                ),
            ]
        )
    return job


def mark_contacts(contacts: Iterable[int]) -> None:
    """Mark everything of the persons of these contacts as stale. Unknown ids mark nothing that exists."""
    StaleMark.objects.bulk_create([StaleMark(contact_id=contact) for contact in contacts])


def recompute_next_chunk(*, now: datetime) -> Recomputed | None:
    """Recompute one chunk of a full recompute that nobody works on. Returns None when there is none."""
    return _retried(lambda: _recompute_next_chunk(now=now))


def recompute_claim(*, claim_marks: int = CLAIM_MARKS) -> Recomputed | None:
    """Claim up to `claim_marks` marks and recompute what they make stale. Returns None when there is none."""
    return _retried(lambda: _recompute_claim(claim_marks=claim_marks))


def _recompute_next_chunk(*, now: datetime) -> Recomputed | None:
    with transaction.atomic(), connection.cursor() as cursor:
        chunk = RecomputeChunk.objects.filter(done_at=None).select_for_update(skip_locked=True).order_by("pk").first()
        if chunk is None:
            return None
        last = chunk.last_person if chunk.last_person is not None else _persons()[1] + 1
        _find_stale(cursor, "chunk", {"guests": chunk.is_guests, "first": chunk.first_person, "last": last})
        blocks = _lock_blocks(cursor, also=[_COST_BLOCK] if chunk.is_guests else [], of_marks=False)
        done = _recompute_conversions(cursor, blocks=blocks)
        if chunk.is_guests:
            done += _recompute_costs(cursor, costs=None)
        RecomputeChunk.objects.filter(pk=chunk.pk).update(done_at=now)
        _count_chunk(chunk.job_id, now=now)
        return done + Recomputed(chunks=1)


def _recompute_claim(*, claim_marks: int) -> Recomputed | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement("claim"), {"marks": claim_marks})
        if cursor.rowcount == 0:
            cursor.execute("DROP TABLE claimed_mark")
            return None
        marks = cursor.rowcount
        cursor.execute("ANALYZE claimed_mark")
        _find_stale(cursor, "marks", {})
        cursor.execute(statement("stale_costs"))
        costs = [cost for (cost,) in cursor.fetchall()]
        blocks = _lock_blocks(cursor, also=[_COST_BLOCK] if costs else [], of_marks=True)
        done = _recompute_conversions(cursor, blocks=blocks)
        if costs:
            done += _recompute_costs(cursor, costs=costs)
        cursor.execute("DELETE FROM metrics_stalemark WHERE id IN (SELECT id FROM claimed_mark)")
        cursor.execute("DROP TABLE claimed_mark")
        return done + Recomputed(marks=marks)


def _find_stale(cursor: CursorWrapper, source: str, parameters: Mapping[str, Any]) -> None:
    """
    Make the temporary table `stale_conversion` from a chunk or from claimed marks.

    What is committed later than this need not be in it: it has marks of its own.
    """
    cursor.execute(
        f"""
        CREATE TEMP TABLE stale_conversion ON COMMIT DROP AS
        WITH seed AS ({statement(f"stale_of_{source}")}), {statement("closure")}
        """,
        {**figure_parameters(), **parameters},
    )


def _lock_blocks(cursor: CursorWrapper, *, also: list[int], of_marks: bool) -> list[int]:
    """Lock, in order, the blocks of all persons whose rows may be written, and those in `also`; return them."""
    cursor.execute(
        statement("blocks_of_claim") if of_marks else statement("blocks"),
        {"block_size": BLOCK_SIZE, "guests_block": _GUESTS_BLOCK},
    )
    blocks = sorted([*also, *(block for (block,) in cursor.fetchall())])
    cursor.execute(_LOCK_BLOCKS, [blocks])
    return blocks


def _recompute_conversions(cursor: CursorWrapper, *, blocks: list[int]) -> Recomputed:
    """Compute and write what is in `stale_conversion`, which is dropped; the caller holds the locks of `blocks`."""
    parameters = {
        **figure_parameters(), "block_size": BLOCK_SIZE, "guests_block": _GUESTS_BLOCK, "blocks": blocks,
    }  # fmt: skip
    cursor.execute(statement("owners"), parameters)
    cursor.execute(statement("uncovered"), parameters)
    put_off, conversions, stored = cursor.fetchone()
    if put_off:
        logger.info("Put off %s conversions whose person changed meanwhile.", put_off)
    if not conversions:
        cursor.execute("DROP TABLE stale_conversion")
        return Recomputed()
    cursor.execute("ANALYZE stale_conversion")
    for step in ("touches", "credits", "write" if stored else "write_first"):
        cursor.execute(statement(step), parameters)
    cursor.execute(statement("differences"))
    credits_written, results_written = cursor.fetchone()
    if credits_written or results_written:
        correct_rollups(cursor, lock=_LOCK_ROLLUPS)
    cursor.execute(
        """
        DROP TABLE IF EXISTS
            stale_conversion, original, refund, stale_contact, stale_member, person_touch,
            fresh_credit, fresh_result, credit_gone, credit_came, result_gone, result_came
        """
    )
    return Recomputed(conversions=conversions, credits_written=credits_written, results_written=results_written)


def _recompute_costs(cursor: CursorWrapper, *, costs: list[int] | None) -> Recomputed:
    """Spread the costs with these ids (None: all) over their days. The caller holds the lock for costs."""
    cursor.execute(statement("costs"), {**figure_parameters(), "costs": costs})
    (written,) = cursor.fetchone()
    return Recomputed(cost_days_written=written)


def _persons() -> tuple[int, int]:
    """Return the lowest and highest id that a person has in the facts or in the results; 0 and 0 without any."""
    known = Contact.objects.aggregate(first=Min("pk"), last=Max("pk"))
    stored = ConversionResult.objects.aggregate(first=Min("person_id"), last=Max("person_id"))
    firsts = [first for first in (known["first"], stored["first"]) if first is not None]
    lasts = [last for last in (known["last"], stored["last"]) if last is not None]
    return min(firsts, default=0), max(lasts, default=0)


def _count_chunk(job_id: int, *, now: datetime) -> None:
    """Count one more chunk as done; with the last one, end the job and store its fingerprint."""
    unfinished = Job.objects.unfinished().filter(pk=job_id)
    # The job's row is locked from here on: of two last chunks the later one sees the other as done.
    if not unfinished.update(done=F("done") + 1, state=Job.State.RUNNING):
        return
    unfinished.filter(started_at=None).update(started_at=now)
    chunks = RecomputeChunk.objects.filter(job_id=job_id)
    if chunks.filter(done_at=None).exists():
        return
    job = Job.objects.get(pk=job_id)
    Fingerprint.objects.update_or_create(key="figures", defaults={"value": job.parameters["fingerprint"]})
    unfinished.update(state=Job.State.SUCCEEDED, finished_at=now)
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


def _retried(attempt: Callable[[], Recomputed | None]) -> Recomputed | None:
    """Run one transaction, again where it collided with another: what it claimed is still there."""
    for remaining in reversed(range(ATTEMPTS)):
        try:
            return attempt()
        except (OperationalError, IntegrityError) as error:
            if not remaining or not isinstance(error.__cause__, (DeadlockDetected, UniqueViolation)):
                raise
            logger.info("Trying again after a collision: %s", type(error.__cause__).__name__)
    raise AssertionError("unreachable")
