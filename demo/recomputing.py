"""Recomputing the demo company's figures by a real Celery worker, started for it and ended after it."""

import time
from collections.abc import Callable
from datetime import datetime

from config.processes import running, worker
from jobs.models import Job
from metrics.fingerprint import is_current
from metrics.models import StaleMark
from metrics.tasks import request_full_recompute

LOOK_SECONDS = 0.1  # between two looks at the job
PATIENCE_SECONDS = 300  # the whole takes a few; after this something is broken


class RecomputeFailed(Exception):
    """The worker did not finish; the text is one sentence."""


def is_stale() -> bool:
    """Say whether figures are missing or do not follow from the facts."""
    return StaleMark.objects.exists() or not is_current()


def recompute_with_worker(*, now: datetime, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """
    Recompute everything on a worker, and wait for it. `progress` hears chunks done and chunks in all.

    Raises `RecomputeFailed` when it does not come to an end, `config.processes.ProcessError` when no
    worker starts.
    """
    with running(worker()):
        job = request_full_recompute(now=now, requested_through="demo")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not job.finished_at or (job.state == Job.State.SUCCEEDED and StaleMark.objects.exists()):
            if time.monotonic() > deadline:
                raise RecomputeFailed(f"The recompute was not done after {PATIENCE_SECONDS} seconds.")
            time.sleep(LOOK_SECONDS)
            job.refresh_from_db()
            progress(job.done, job.total or 0)
        if job.state != Job.State.SUCCEEDED:
            raise RecomputeFailed(f"The recompute failed: {job.error}")
