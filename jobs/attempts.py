"""
Work that raises: it pauses, so that it never holds up what is behind it, is tried again, and given up for the reader.

Whoever looks for work passes over what pauses (`due`). After the last of the attempts the job has failed, with a
sentence; what still has to be done whatever a reader sees, such as figures, is tried again every hour.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from jobs.models import Job

PAUSES = (timedelta(minutes=1), timedelta(minutes=10))  # after the first error, and after the second
ATTEMPTS = len(PAUSES) + 1
EVERY = timedelta(hours=1)  # from the last of the attempts on


def due(now: datetime) -> Q:
    """Return the condition on rows that do not pause."""
    return Q(retry_at=None) | Q(retry_at__lte=now)


def retry_at(attempts: int, *, now: datetime) -> datetime:
    """Return when what has raised so often is tried again."""
    return now + (PAUSES[attempts - 1] if attempts < ATTEMPTS else EVERY)


def note_error(job_id: int, *, now: datetime, sentence: str) -> bool:
    """Let a job pause whose work has raised. After the last attempt it has failed and says `sentence`; return that."""
    with transaction.atomic():
        job = Job.objects.unfinished().filter(pk=job_id).select_for_update(no_key=True).first()
        if job is None:
            return False
        job.attempts += 1
        is_over = job.attempts >= ATTEMPTS
        if is_over:
            job.state, job.error, job.finished_at, job.retry_at = Job.State.FAILED, sentence, now, None
        else:
            job.retry_at = retry_at(job.attempts, now=now)
        job.save(update_fields=["attempts", "state", "error", "finished_at", "retry_at"])
    return is_over
