"""
Long work of crm on workers: finding duplicates, and joining many at once.

As in metrics, a message only rings the bell: the rows say what is left to do, and beat rings again.
"""

import logging
import time
from datetime import datetime

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm.duplicates.joining import join_next, start_joining
from crm.duplicates.rules import apply_rules
from crm.duplicates.search import search_changed, start_search
from crm.duplicates.taking_apart import start_taking_apart, take_apart_next
from jobs.models import Job

logger = logging.getLogger(__name__)

TASK_SECONDS = 45.0  # a task begins nothing new later than this, and rings for the rest


@shared_task(name="crm.tasks.find_duplicates")
def find_duplicates(**_: object) -> None:
    """Join and take apart what jobs say, compare what changed, join by rule, until all is done or the time is up."""
    begun = time.monotonic()
    now = timezone.now()
    joined = apart = 0
    while time.monotonic() - begun < TASK_SECONDS and join_next(now=now):
        joined += 1
    while time.monotonic() - begun < TASK_SECONDS and take_apart_next(now=now):
        apart += 1
    done = search_changed(now=now, seconds=TASK_SECONDS - (time.monotonic() - begun))
    merged = apply_rules(now=now, seconds=max(0.0, TASK_SECONDS - (time.monotonic() - begun)))
    seconds = time.monotonic() - begun
    if joined or apart or merged or done.contacts:
        said = "Compared %s; joined %s pairs, %s by rule, took %s apart, in %.1f s."
        logger.info(said, done, joined, merged, apart, seconds)
    if seconds >= TASK_SECONDS:
        ring_workers()


def request_search(*, now: datetime, requested_by: int | None = None, requested_through: str = "") -> Job:
    """Start a search of everybody on the workers, with the commit of the caller. Returns its job."""
    with transaction.atomic():
        job = start_search(now=now, requested_by=requested_by, requested_through=requested_through)
        transaction.on_commit(ring_workers)
    return job


def request_joining(
    suggestion_ids: list[int], *, now: datetime, requested_by: int | None = None, requested_through: str = ""
) -> Job:
    """Join the pairs of these suggestions on the workers, with the commit of the caller. Returns its job."""
    with transaction.atomic():
        job = start_joining(suggestion_ids, now=now, requested_by=requested_by, requested_through=requested_through)
        transaction.on_commit(ring_workers)
    return job


def request_taking_apart(
    job_id: int, *, are_different: bool, now: datetime, requested_by: int | None = None, requested_through: str = ""
) -> Job:
    """
    Take apart on the workers what this job joined, with the commit of the caller. Returns the job that does it.

    Raises as `start_taking_apart` does.
    """
    with transaction.atomic():
        job = start_taking_apart(
            job_id,
            are_different=are_different,
            now=now,
            requested_by=requested_by,
            requested_through=requested_through,
        )
        transaction.on_commit(ring_workers)
    return job


def ring_workers() -> None:
    """Tell a worker that there is something to do. Without a broker the next tick tells it."""
    try:
        find_duplicates.apply_async(retry=False)
    except OperationalError:
        logger.warning("The broker does not answer; the next tick of beat starts the work.")
