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

What raises holds up nothing else. A chunk pauses, and after the last of its attempts what is in it is marked
instead, and its job ends as failed. The marks of a claim are then claimed one by one, and the one that raises
alone pauses, for an hour at most: it stays until what it makes stale is computed.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Max, Min, QuerySet
from psycopg.errors import DeadlockDetected, UniqueViolation

from crm.models import Contact
from jobs.attempts import ATTEMPTS as CHUNK_ATTEMPTS
from jobs.attempts import due, retry_at
from jobs.models import Job
from metrics.attribution.statements import figure_parameters, statement
from metrics.fact_statistics import analyze_changed_facts
from metrics.fingerprint import current_fingerprint, is_current
from metrics.models import ConversionResult, Fingerprint, RecomputeChunk, StaleMark
from metrics.rollups import correct_rollups
from metrics.workspace import Workspace

logger = logging.getLogger(__name__)

JOB_KIND = "recompute"

# Persons whose rows are written under one lock. Few, since a handful of people often hold most credits, and two
# workers shall share them; block 1,024 takes the lock of block 0 again, so that nobody ever holds more locks than that.
BLOCK_SIZE = 64
BLOCKS = 1_024
CHUNK_CONVERSIONS = 25_000  # conversions in one chunk of a full recompute, about …
CHUNK_BLOCKS = BLOCKS // 2  # … but no more blocks than these, so that two chunks beside each other share no lock
FEW = 1_000  # marks, or stale conversions, up to which prepared statements are quicker than planned ones
CLAIM_MARKS = 5_000  # marks folded into one transaction
ATTEMPTS = 3  # a deadlock with a statement of somebody else's is tried again so often

_LOCK_CLASS = 0x4B697468  # "Kith": sets these advisory locks apart from others in the database
_GUESTS_BLOCK = -1  # conversions without a contact
_ROLLUP_BLOCK = -2  # rows of roll-ups that all persons share
_COST_BLOCK = -3  # costs by day
_START = -4  # the full recompute that changed settings ask for

_LOCK_START = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {_START})"
_LOCK_ROLLUPS = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {_ROLLUP_BLOCK})"
_LOCK_BLOCKS = f"""
    SELECT count(pg_advisory_xact_lock({_LOCK_CLASS}, ordered.block))
    FROM (SELECT locked.block FROM locked_block locked ORDER BY locked.block) ordered
"""
_CHUNKS_FAILED = (
    "Some chunks could not be computed: the log says why. What is in them is marked as stale and tried again by itself."
)
_BLOCKS = {"block_size": BLOCK_SIZE, "blocks": BLOCKS, "guests_block": _GUESTS_BLOCK}


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
    `seconds` of beginning new transactions. Two of these at once share the work. What raises is logged and left
    for later. Returns what was done.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    if _is_full_recompute_due():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOCK_START)
            if _is_full_recompute_due():  # not if another worker has begun it meanwhile
                start_full_recompute(now=now, requested_through="fingerprint")
    done = Recomputed()
    while deadline is None or time.monotonic() < deadline:
        step = recompute_next_chunk(now=now) or recompute_claim(now=now, claim_marks=claim_marks)
        if step is None:
            break
        done += step
    return done


def _is_full_recompute_due() -> bool:
    """Return whether figures were computed with other settings and no full recompute is under way."""
    # Asked again at the end: a job that another worker ended between the first two has stored its settings with that.
    return not is_current() and not Job.objects.unfinished().filter(kind=JOB_KIND).exists() and not is_current()


def recompute_all(*, now: datetime, chunk_persons: int | None = None) -> Recomputed:
    """Recompute everything in this process, and whatever became stale meanwhile. Returns what was done."""
    start_full_recompute(now=now, chunk_persons=chunk_persons, requested_through="process")
    return recompute_stale(now=now)


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


def mark_contacts(contacts: Iterable[int]) -> None:
    """Mark everything of the persons of these contacts as stale. Unknown ids mark nothing that exists."""
    StaleMark.objects.bulk_create([StaleMark(contact_id=contact) for contact in contacts])


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
        _take_along(workspace)
        _lock_blocks(workspace, costs=False)
        done = _recompute_conversions(workspace)
        workspace.close()
        return done


def recompute_next_chunk(*, now: datetime) -> Recomputed | None:
    """
    Recompute one chunk of a full recompute that nobody works on. Returns None when there is none.

    One that raises is logged and put off, which counts as a chunk that did nothing.
    """
    begun: list[RecomputeChunk] = []
    try:
        return _retried(lambda: _recompute_next_chunk(begun, now=now))
    except Exception:
        if not begun:
            raise
        logger.exception("%s could not be recomputed.", begun[-1])
        _put_chunk_off(begun[-1].pk, now=now)
        return Recomputed()


def recompute_claim(*, now: datetime, claim_marks: int = CLAIM_MARKS) -> Recomputed | None:
    """
    Claim up to `claim_marks` marks and recompute what they make stale. Returns None when there is none.

    Marks that raise are logged and put off, which counts as a claim that did nothing.
    """
    taken: list[tuple[int, int | None]] = []
    try:
        return _retried(lambda: _recompute_claim(taken, now=now, claim_marks=claim_marks))
    except Exception as error:
        if not taken:
            raise
        # Of many marks any may be the one. Alone it tells more, but not the same every hour.
        is_known = taken[0][1] is not None and taken[0][1] >= CHUNK_ATTEMPTS
        logger.error(
            "What %s stale marks name could not be recomputed: %s, first of them mark %s.",
            len(taken),
            type(error).__name__,
            taken[0][0],
            exc_info=not is_known,
        )
        _put_marks_off(taken, now=now)
        return Recomputed()


def _recompute_next_chunk(begun: list[RecomputeChunk], *, now: datetime) -> Recomputed | None:
    begun.clear()
    waiting = RecomputeChunk.objects.filter(due(now), done_at=None)
    if not waiting.exists():
        return None  # which is what most looks find
    with transaction.atomic(), connection.cursor() as cursor:
        chunk = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if chunk is None:
            return None
        begun.append(chunk)
        workspace = Workspace(cursor)
        _find_chunk(workspace, chunk)
        _lock_blocks(workspace, costs=chunk.is_guests)
        done = _recompute_conversions(workspace)
        workspace.close()  # all costs are any number: they are not looked up as few
        if chunk.is_guests:
            done += _recompute_costs(cursor, costs=None)
        RecomputeChunk.objects.filter(pk=chunk.pk).update(done_at=now)
        _count_chunk(chunk.job_id, now=now)
        return done + Recomputed(chunks=1)


def _recompute_claim(taken: list[tuple[int, int | None]], *, now: datetime, claim_marks: int) -> Recomputed | None:
    taken.clear()
    if not StaleMark.objects.filter(due(now)).exists():
        return None  # which is what most looks find
    with transaction.atomic(), connection.cursor() as cursor:
        workspace = Workspace(cursor)
        taken += workspace.run("claim", marks=claim_marks).fetchall()
        if not taken:
            workspace.then_once(statement("claim_alone"), now=now)
            taken += cursor.fetchall()
        if not taken:
            workspace.close()
            return None
        if len(taken) > FEW:
            workspace.expect_many("claimed_mark")
        _find_stale(workspace, "marks")
        costs = [cost for (cost,) in workspace.run("stale_costs").fetchall()]
        _lock_blocks(workspace, costs=bool(costs))
        done = _recompute_conversions(workspace)
        if costs:
            done += _recompute_costs(cursor, costs=costs)
        workspace.run("unmark")
        workspace.close()
        return done + Recomputed(marks=len(taken))


def _put_chunk_off(chunk_id: int, *, now: datetime) -> None:
    """Let a chunk pause that has raised; after the last attempt mark what is in it, and count it as failed."""
    with transaction.atomic():
        chunk = RecomputeChunk.objects.filter(pk=chunk_id, done_at=None).select_for_update(skip_locked=True).first()
        if chunk is None:
            return  # a later full recompute, or another worker, has it
        chunk.attempts += 1
        chunk.retry_at = retry_at(chunk.attempts, now=now)
        chunk.save(update_fields=["attempts", "retry_at"])
    if chunk.attempts < CHUNK_ATTEMPTS:
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


def _put_marks_off(marks: list[tuple[int, int | None]], *, now: datetime) -> None:
    """Let marks that raised together be claimed one by one, and one that was alone pause."""
    known = marks[0][1]
    changes: dict[str, object] = {"attempts": 0}
    if known is not None or len(marks) == 1:
        attempts = min((known or 0) + 1, CHUNK_ATTEMPTS)
        changes = {"attempts": attempts, "retry_at": retry_at(attempts, now=now)}
    # Whoever has them by now does what is to be done; they are as they were, or gone.
    free = StaleMark.objects.filter(pk__in=[mark for mark, _ in marks], attempts=known)
    with transaction.atomic():
        StaleMark.objects.filter(pk__in=free.select_for_update(skip_locked=True).values("pk")).update(**changes)


def try_again_now() -> None:
    """Let chunks and marks that pause after an error be taken up again by the next look."""
    _take_up(RecomputeChunk.objects.exclude(retry_at=None))
    _take_up(StaleMark.objects.exclude(retry_at=None))


def _take_up(paused: QuerySet[Any]) -> None:
    with transaction.atomic():
        free = paused.select_for_update(skip_locked=True).values("pk")
        paused.filter(pk__in=free).update(attempts=0, retry_at=None)


def _find_chunk(workspace: Workspace, chunk: RecomputeChunk) -> None:
    """Fill `stale_conversion` with what is in a chunk."""
    last = chunk.last_person if chunk.last_person is not None else _persons()[1] + 1
    workspace.expect_many()  # looking for what is in the chunk reads much, whatever it finds
    _find_stale(workspace, "chunk", guests=chunk.is_guests, first=chunk.first_person, last=last)


def _find_stale(workspace: Workspace, source: str, **parameters: object) -> None:
    """
    Fill `stale_conversion` from a chunk or from claimed marks.

    What is committed later than this need not be in it: it has marks of its own.
    """
    found = workspace.run(f"stale_of_{source}", **parameters).rowcount
    if workspace.has_statistics or found > FEW:
        workspace.expect_many("seed_conversion")
    else:
        workspace.expect_few()
    _take_along(workspace)


def _take_along(workspace: Workspace) -> None:
    """Fill `stale_conversion` from `seed_conversion`, refunds and originals included."""
    found = workspace.run("closure").rowcount
    if workspace.has_statistics or found > FEW:
        workspace.expect_many("stale_conversion")


def _lock_blocks(workspace: Workspace, *, costs: bool) -> None:
    """Lock, in order, the blocks of all persons whose rows may be written, with `costs` that of costs by day too."""
    workspace.then("blocks", **_BLOCKS)
    if costs:
        workspace.then_once("INSERT INTO locked_block VALUES (%(block)s)", block=_COST_BLOCK)
    workspace.then_sql("lock", _LOCK_BLOCKS)


def _recompute_conversions(workspace: Workspace) -> Recomputed:
    """Compute and write what is in `stale_conversion`; the caller has locked the blocks."""
    workspace.then("owners")
    put_off, conversions, stored = workspace.run("uncovered", **_BLOCKS).fetchone()
    if put_off:
        logger.info("Put off %s conversions whose person changed meanwhile.", put_off)
    if not conversions:
        return Recomputed()
    workspace.then("touches")
    workspace.then("credits")
    if stored:
        workspace.then("compare")
        credits_written, results_written = workspace.run("differences").fetchone()
    else:
        credits_written, results_written = workspace.run("differences_first").fetchone()
    if credits_written or results_written:
        workspace.then("write" if stored else "write_first")
        correct_rollups(workspace, is_first=not stored, lock=_LOCK_ROLLUPS)
    return Recomputed(conversions=conversions, credits_written=credits_written, results_written=results_written)


def _recompute_costs(cursor: CursorWrapper, *, costs: list[int] | None) -> Recomputed:
    """Spread the costs with these ids (None: all) over their days. The caller holds the lock for costs."""
    cursor.execute(statement("costs"), {**figure_parameters(), "costs": costs})
    (written,) = cursor.fetchone()
    return Recomputed(cost_days_written=written)


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
