"""
Exports as jobs: asked for, made by a worker, fetched by whoever asked, gone after a day.

The file lies in the database in pieces, so that any host can serve it and no disk has to be shared. A worker
that dies leaves no piece behind; the next look at the jobs starts the export anew. An erasure takes the file with it.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from crm.models import Contact, PersonExport, PersonExportDownload, PersonExportPart
from crm.personal_data.exporting import count_rows, write_export
from crm.personal_data.rows import contacts_of_person
from crm.personal_data.suppression import hold_off_erasures
from gateway.errors import DomainError
from jobs.attempts import due, note_error
from jobs.models import Job

logger = logging.getLogger(__name__)

JOB_KIND = "export_person"
FILE_PAGE = "admin:crm_contact_export_file"
KEPT = timedelta(hours=24)  # how long a file can be fetched
PIECE = 1024 * 1024  # bytes of one row

_FAILED = "The export could not be made because of an error that the log tells. Ask for a new one once it is mended."
_LOCK = 0x4B697465  # "Kite": one worker at a time makes an export


class ExportNotReady(DomainError):
    """The export is not made yet."""

    code = "not_ready"
    status = 409


class ExportGone(DomainError):
    """The export's day is over."""

    code = "export_gone"
    status = 410


class NoSuchExport(DomainError):
    """There is no such export, or it was asked for by somebody else."""

    code = "not_found"
    status = 404


def request_export(
    *, contact_id: int, requested_by: int | None = None, requested_key: int | None = None, through: str
) -> Job:
    """Ask for an export of this contact's person and return its job. Raises `NotFound`."""
    contacts = contacts_of_person(contact_id)
    with transaction.atomic():
        person = Contact.objects.values_list("person_id", flat=True).get(pk=contacts[0])
        job = Job.objects.create(
            kind=JOB_KIND,
            unit="rows",
            parameters={"person": person},
            requested_by_id=requested_by,
            requested_through=through,
        )
        PersonExport.objects.create(
            job=job, person_id=person, requested_by_id=requested_by, requested_key_id=requested_key
        )
    return job


def note_export(*, person_id: int, counts: Mapping[str, int], size: int, by: str, now: datetime) -> PersonExport:
    """Write down that somebody took a person's data on the command line: Kith keeps no file of it."""
    rows = sum(counts.values())
    with transaction.atomic():
        job = Job.objects.create(
            kind=JOB_KIND,
            state=Job.State.SUCCEEDED,
            unit="rows",
            parameters={"person": person_id},
            done=rows,
            total=rows,
            report={"rows": dict(counts), "bytes": size},
            requested_through=f"command, {by}"[:50],
            started_at=now,
            finished_at=now,
        )
        export = PersonExport.objects.create(job=job, person_id=person_id, size=size, expires_at=now, purged_at=now)
        PersonExportDownload.objects.create(export=export, downloaded_at=now)
    logger.info("Export %s was made on the command line by %s.", export.pk, by)
    return export


def make_export(job_id: int, *, now: datetime) -> bool:
    """
    Make the export of this job unless somebody else does or did; return whether it was made.

    One that raises is logged and pauses; after the last attempt its job has failed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, job_id])
        if not cursor.fetchone()[0]:
            return False
        try:
            return _make(job_id, now=now)
        except Exception:
            logger.exception("The export of job %s could not be made.", job_id)
            note_error(job_id, now=now, sentence=_FAILED)
            return False
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, job_id])


def _make(job_id: int, *, now: datetime) -> bool:
    unfinished = Job.objects.unfinished().filter(pk=job_id, kind=JOB_KIND)
    export = PersonExport.objects.filter(job__in=unfinished).first()
    if export is None:
        return False
    began = monotonic()
    contacts = contacts_of_person(export.person_id)
    erased = Contact.objects.filter(pk__in=contacts, erased_at__isnull=False)
    erased_before = erased.count()
    unfinished.update(state=Job.State.RUNNING, started_at=now, done=0, total=None)
    unfinished.update(total=count_rows(contacts))
    export.parts.all().delete()
    done = 0

    def progress(rows: int) -> None:
        nonlocal done
        done += rows
        Job.objects.filter(pk=job_id, total__gte=done).update(done=done)

    with tempfile.TemporaryFile() as file:
        counts = write_export(contacts, file, now=now, on_rows=progress)
        size = file.tell()
        file.seek(0)
        with transaction.atomic():
            hold_off_erasures()
            if erased.count() != erased_before:
                return False  # it holds what was erased meanwhile: the next look makes it anew
            number = 0
            while piece := file.read(PIECE):
                PersonExportPart.objects.create(export=export, number=number, content=piece)
                number += 1
            made_at = now + timedelta(seconds=monotonic() - began)
            PersonExport.objects.filter(pk=export.pk).update(size=size, expires_at=made_at + KEPT)
            # Rows that were written meanwhile make the count differ from what was expected.
            unfinished.update(
                state=Job.State.SUCCEEDED,
                finished_at=made_at,
                done=sum(counts.values()),
                total=sum(counts.values()),
                report={
                    "file": reverse("exports-file" if export.requested_key_id else FILE_PAGE, args=[job_id]),
                    "rows": counts,
                    "bytes": size,
                    "until": (made_at + KEPT).isoformat(),
                },
            )
    logger.info("Exported a person: %s rows, %s bytes.", sum(counts.values()), size)
    return True


def waiting_exports(*, now: datetime) -> list[int]:
    """Return the jobs of exports that are not made yet and do not pause after an error, the oldest first."""
    return list(Job.objects.unfinished().filter(due(now), kind=JOB_KIND).order_by("pk").values_list("pk", flat=True))


def open_export(
    job_id: int, *, now: datetime, user: int | None = None, key: int | None = None
) -> tuple[PersonExport, Iterator[bytes]]:
    """
    Return the export of this job and the pieces of its file, for the one who asked for it, and note the download.

    Raises `NoSuchExport`, `ExportNotReady`, `ExportGone`.
    """
    mine = Q(requested_by=user) if user is not None else Q(requested_key=key, requested_key__isnull=False)
    export = PersonExport.objects.filter(mine, job=job_id).select_related("job").first()
    if export is None:
        raise NoSuchExport("There is no such export, or somebody else asked for it. Ask for one of your own.")
    if export.expires_at is None:
        if export.job.state == Job.State.FAILED:
            raise ExportNotReady(export.job.error)
        raise ExportNotReady("The export is not made yet. Look at its job, and try again when it has succeeded.")
    if export.purged_at is not None or export.expires_at <= now:
        raise ExportGone("The file was kept for 24 hours and is gone. Ask for a new export.")
    if not export.parts.exists():
        raise ExportGone("The person was erased since, and the file with them.")
    PersonExportDownload.objects.create(export=export, downloaded_at=now, user_id=user, key_id=key)
    logger.info("Export %s was downloaded by %s.", export.pk, f"user {user}" if user is not None else f"key {key}")
    return export, _pieces(export.pk)


def _pieces(export_id: int) -> Iterator[bytes]:
    numbers = list(
        PersonExportPart.objects.filter(export=export_id).order_by("number").values_list("number", flat=True)
    )
    for number in numbers:  # a megabyte at a time
        yield bytes(PersonExportPart.objects.values_list("content", flat=True).get(export=export_id, number=number))


def purge_exports(*, now: datetime) -> int:
    """Remove the files whose day is over; return how many."""
    over = PersonExport.objects.filter(expires_at__lte=now, purged_at=None)
    ids = list(over.values_list("pk", flat=True))
    PersonExportPart.objects.filter(export__in=ids).delete()
    PersonExport.objects.filter(pk__in=ids).update(purged_at=now)
    return len(ids)
