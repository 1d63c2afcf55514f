"""
The recompute on workers.

There is one task: look at what the database says is left to do, and do some of it. A message only rings
the bell, so a lost one costs at most a beat interval, and one too many finds nothing to do.
"""

import logging
import time
from datetime import datetime
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from jobs.models import Job
from metrics import recompute
from metrics.models import RecomputeChunk

logger = logging.getLogger(__name__)

TASK_SECONDS = 45.0  # a task begins no new transaction later than this, and rings for the rest
MOST_BELLS = 32  # messages sent for one full recompute: more workers than this join with the next ticks


@shared_task(name="metrics.tasks.recompute_stale")
def recompute_stale(**_: object) -> None:
    """Recompute what is stale, and chunks of a full recompute, until nothing is left or the time is up."""
    begun = time.monotonic()
    done = recompute.recompute_stale(now=timezone.now(), seconds=TASK_SECONDS)
    seconds = time.monotonic() - begun
    if done != recompute.Recomputed():
        logger.info("Recomputed %s in %.1f s.", done, seconds)
    if seconds >= TASK_SECONDS:
        ring_workers()


def request_full_recompute(
    *, now: datetime, requested_by: int | None = None, requested_through: str = "", chunk_persons: int | None = None
) -> Job:
    """Start a full recompute on the workers, with the commit of the caller. Returns its job, which shows progress."""
    with transaction.atomic():
        job = recompute.start_full_recompute(
            now=now,
            requested_by=requested_by,
            requested_through=requested_through,
            chunk_persons=chunk_persons,
        )
        bells = min(RecomputeChunk.objects.filter(job=job).count(), MOST_BELLS)
        transaction.on_commit(partial(ring_workers, bells))
    return job


def ring_workers(bells: int = 1) -> None:
    """Tell up to `bells` workers that there is something to do. Without a broker the next tick tells them."""
    try:
        for _ in range(bells):
            recompute_stale.apply_async(retry=False)
    except OperationalError:
        logger.warning("The broker does not answer; the next tick starts the recompute.")
