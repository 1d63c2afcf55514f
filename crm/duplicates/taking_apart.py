"""
Taking apart what a job has joined: one job, one merge after the other, the newest first.

So each is taken out of what it was joined into while that is as it was then. As with joining, each is a transaction
that also counts it.
"""

from datetime import datetime

from django.db import transaction

from crm.duplicates.joining import JOB_KIND as JOINING
from crm.duplicates.joining import MAY_NOT_ANY_MORE, do_next, may_still
from crm.merging.merge import wait_for_merges
from crm.merging.unmerge import Unmerged, unmerge
from crm.models import Merge
from gateway.errors import DomainError
from jobs.models import Job

JOB_KIND = "take_job_apart"


class NoSuchJob(DomainError):
    """There is no such job that joins."""

    code = "no_such_job"
    status = 404


class StillJoining(DomainError):
    """The job is not over."""

    code = "still_joining"
    status = 409


class NothingJoined(DomainError):
    """Nothing that the job joined stands."""

    code = "nothing_joined"
    status = 409


def start_taking_apart(
    job_id: int,
    *,
    are_different: bool = False,
    now: datetime,
    requested_by: int | None = None,
    requested_through: str = "",
) -> Job:
    """
    Write down that all that a job has joined and that still stands is to be taken apart, and return the job for it.

    `take_apart_next` does it. One that is under way for the same job is returned instead. `are_different` remembers
    of each two that they are different people; else they are possible duplicates again. Raises `NoSuchJob`,
    `StillJoining`, `NothingJoined`.
    """
    with transaction.atomic():
        joining = Job.objects.filter(pk=job_id, kind=JOINING).select_for_update(no_key=True).first()
        if joining is None:
            raise NoSuchJob(f"There is no job {job_id} that merges pairs.")
        if joining.finished_at is None:
            raise StillJoining("This job is still merging. Wait until it is done.")
        running = Job.objects.unfinished().filter(kind=JOB_KIND, parameters__job=job_id).first()
        if running is not None:
            return running
        merges = list(Merge.objects.standing().filter(job=joining).order_by("-pk").values_list("pk", flat=True))
        if not merges:
            raise NothingJoined("Nothing that this job merged still stands.")
        return Job.objects.create(
            kind=JOB_KIND,
            unit="merges",
            total=len(merges),
            parameters={"job": job_id, "merges": merges, "are_different": are_different},
            report={"outcomes": []},
            requested_by_id=requested_by,
            requested_through=requested_through,
        )


def take_apart_next(*, now: datetime) -> bool:
    """Take the next merge of the oldest unfinished job apart that nobody works on. Returns whether there was one."""
    return do_next(JOB_KIND, "merge", _take_apart, now=now)


def _take_apart(merge_id: int, job: Job, *, now: datetime) -> dict[str, object]:
    """Take one merge apart and say what became of it: apart with what went back and what stays, or refused and why."""
    if not may_still(job):
        return {"status": "refused", "message": MAY_NOT_ANY_MORE}
    wait_for_merges()  # whether it stands is asked once nobody else can change it
    merge = Merge.objects.standing().filter(pk=merge_id).first()
    if merge is None:
        return {"status": "refused", "message": "Somebody has taken these apart already."}
    try:
        with transaction.atomic():
            done = unmerge(
                loser_id=merge.loser_id,
                are_different=job.parameters["are_different"],
                by_user_id=job.requested_by_id,
                now=now,
            )
    except DomainError as refusal:
        return {"status": "refused", "code": refusal.code, "message": REFUSED.get(refusal.code, "This cannot be done.")}
    return {"status": "apart", **_told(done)}


# A job names nobody, and the sentences of `unmerge` do.
REFUSED = {
    "erased": "This person was erased: what was merged stays together.",
    "not_merged": "Somebody has taken these apart already.",
}


def _told(done: Unmerged) -> dict[str, object]:
    """Return what was restored and what stayed, by fields and ids: values and names are read where they stand."""
    return {
        "restored": [step.path for step in done.restored],
        "kept": [
            {"field": kept.path, "reason": kept.reason, "contact": kept.other and kept.other.pk} for kept in done.kept
        ],
        "wishes_stay": bool(done.wish_noted_at or done.withdrawals),
    }
