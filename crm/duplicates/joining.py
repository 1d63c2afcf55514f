"""
Joining many pairs at once: one job, one merge for each pair, each with an outcome and an undo of its own.

Each pair is a transaction that also counts it, so a worker that dies repeats nothing. One that raises lets its job
pause, and other jobs go first; after the last attempt it has failed, and the job goes on with the next pair.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.merging.merge import merge
from crm.models import Contact, DuplicateSuggestion
from crm.permissions import MERGE
from crm.stages import ORDER, stage_now
from gateway.acting import acting
from gateway.errors import DomainError
from jobs.attempts import ATTEMPTS, due, retry_at
from jobs.models import Job

logger = logging.getLogger(__name__)

JOB_KIND = "join_duplicates"
MOST_PAIRS = 1_000  # of one job
MAY_NOT_ANY_MORE = "Whoever asked for it may not merge people any more."


class TooManyPairs(DomainError):
    """More pairs than one job takes."""

    code = "too_many_pairs"


def start_joining(
    suggestion_ids: Sequence[int], *, now: datetime, requested_by: int | None = None, requested_through: str = ""
) -> Job:
    """
    Write down that the pairs of these suggestions are to be joined, and return the job; `join_next` does it.

    Raises `TooManyPairs`.
    """
    ids = sorted(set(suggestion_ids))
    refuse_too_many(len(ids))
    return Job.objects.create(
        kind=JOB_KIND,
        unit="pairs",
        total=len(ids),
        parameters={"suggestions": ids},
        report={"outcomes": []},
        requested_by_id=requested_by,
        requested_through=requested_through,
        **({} if ids else {"state": Job.State.SUCCEEDED, "started_at": now, "finished_at": now}),
    )


def refuse_too_many(pairs: int) -> None:
    """Raise `TooManyPairs` for more than one job takes."""
    if pairs > MOST_PAIRS:
        raise TooManyPairs(f"One job merges at most {MOST_PAIRS:,} pairs; these are {pairs:,}. Choose fewer.")


def join_next(*, now: datetime) -> bool:
    """Join the next pair of the oldest job that nobody works on and that is due. Returns whether there was one."""
    return do_next(JOB_KIND, "suggestion", _join, now=now)


def do_next(kind: str, unit: str, do: Callable[..., dict[str, object]], *, now: datetime) -> bool:
    """
    Do the next unit of the oldest due job of this kind that nobody works on, as whoever asked for it.

    The job's parameters hold the ids of its units, such as `suggestions` for the unit *suggestion*. What `do(id, job,
    now=…)` returns stands in the report; where its `status` is *refused* the job succeeded in part. Returns whether
    there was a unit to do.
    """
    with transaction.atomic():
        job = (
            Job.objects.unfinished()
            .filter(due(now), kind=kind)
            .order_by("pk")
            .select_for_update(skip_locked=True, no_key=True)
            .first()
        )
        if job is None:
            return False
        pk = job.parameters[f"{unit}s"][job.done]
        try:
            with transaction.atomic(), acting(through="job", job=job.pk, user=job.requested_by_id):
                outcome = do(pk, job, now=now)
        except Exception:
            logger.exception("Job %s failed at %s %s.", job.pk, unit, pk)
            job.attempts += 1
            if job.attempts < ATTEMPTS:
                job.retry_at = retry_at(job.attempts, now=now)
                job.save(update_fields=["attempts", "retry_at"])
                return True
            outcome = {"status": "failed", "message": "Kith failed here: the log says why."}
            job.error = f"Some {job.unit} failed because of an error that the log tells. The others are done."
        outcomes = [*job.report["outcomes"], {unit: pk, **outcome}]
        job.report, job.done, job.state = {"outcomes": outcomes}, job.done + 1, Job.State.RUNNING
        job.attempts, job.retry_at = 0, None
        job.started_at = job.started_at or now
        if job.done == job.total:
            refused = any(one["status"] == "refused" for one in outcomes)
            job.state, job.finished_at = Job.State.PARTIAL if refused else Job.State.SUCCEEDED, now
            if job.error:
                job.state = Job.State.FAILED
        job.save(
            update_fields=["report", "done", "state", "error", "attempts", "retry_at", "started_at", "finished_at"]
        )
        return True


def _join(suggestion_id: int, job: Job, *, now: datetime) -> dict[str, object]:
    """Join one pair and say what became of it: merged, or refused and why."""
    if not may_still(job):
        return {"status": "refused", "message": MAY_NOT_ANY_MORE}
    suggestion = DuplicateSuggestion.objects.filter(pk=suggestion_id).first()
    if suggestion is None:
        return {"status": "refused", "message": "Nothing speaks for this pair any more: compare the two first."}
    if suggestion.state == DuplicateSuggestion.State.DIFFERENT:
        return {"status": "refused", "message": "Somebody said that these are different people."}
    survivor, loser = survivor_first(suggestion.first_id, suggestion.second_id)
    try:
        with transaction.atomic():
            done = merge(survivor_id=survivor, loser_id=loser, by_user_id=job.requested_by_id, job_id=job.pk, now=now)
    except DomainError as refusal:
        return {"status": "refused", "message": refusal.message}
    return {"status": "merged", "merge": done.pk, "survivor": done.survivor_id, "loser": done.loser_id}


def may_still(job: Job) -> bool:
    """Whether whoever asked for the job may still join people: by now they may have left, or have another role."""
    if job.requested_by is not None:
        return job.requested_by.has_perm(MERGE)
    return job.requested_through != "admin"  # there somebody asked who was deleted since


def survivor_first(one_id: int, other_id: int) -> tuple[int, int]:
    """Return two contacts with the one first that should stay: with a name, at the later stage, the older one."""
    found = Contact.objects.filter(contacts__pk__in=[one_id, other_id]).annotate(stage_now=stage_now()).distinct()
    ranked = as_they_stay(found)
    return (ranked[0].pk, ranked[1].pk) if len(ranked) == 2 else (one_id, other_id)


def as_they_stay(contacts: Iterable[Any]) -> list[Contact]:
    """Return contacts annotated with `stage_now` in the order in which one is kept rather than the next."""
    return sorted(contacts, key=lambda contact: (not contact.full_name, -ORDER.index(contact.stage_now), contact.pk))
