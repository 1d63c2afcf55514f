"""Exports on workers. Messages only ring the bell: what there is to make stands among the jobs."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm.personal_data.export_jobs import make_export, purge_exports, request_export, waiting_exports
from jobs.models import Job


@shared_task(name="crm.personal_data.tasks.make_exports")
def make_exports(**_: object) -> None:
    """Make every export that waits, and remove the files whose day is over."""
    purge_exports(now=timezone.now())
    for job_id in waiting_exports(now=timezone.now()):
        make_export(job_id, now=timezone.now())


def ask_for_export(
    *, contact_id: int, requested_by: int | None = None, requested_key: int | None = None, through: str
) -> Job:
    """Ask for an export of this contact's person and tell a worker with the commit. Raises `NotFound`."""
    job = request_export(contact_id=contact_id, requested_by=requested_by, requested_key=requested_key, through=through)
    transaction.on_commit(_ring)
    return job


def _ring() -> None:
    """Tell a worker. Without a broker the next tick tells one."""
    try:
        make_exports.apply_async(retry=False)
    except OperationalError:
        return
