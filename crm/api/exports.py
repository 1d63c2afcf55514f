"""Exports of a person over HTTP: asked for, made by a worker, fetched by the key that asked."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request

from crm.personal_data.export_file import file_response
from crm.personal_data.export_jobs import open_export
from crm.personal_data.tasks import ask_for_export
from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.views import ApiView
from jobs.api.records import JobRecord
from jobs.models import Job

SCOPE = "contacts:export"


class ExportPerson(ApiView):
    """Asks for everything that is known about a person."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "POST": Operation(
            scope=SCOPE,
            summary="Export everything that is known about this contact's person",
            description="Answers with a job. When it has succeeded, its report names the file, which this key can "
            "fetch for 24 hours. No body.",
            answers={202: JobRecord},
        )
    }

    def post(self, request: Request, pk: int) -> HttpResponse:
        job = ask_for_export(contact_id=pk, requested_key=request.user.key_id, through="api")  # type: ignore[union-attr]
        return JsonAnswer(
            Job.objects.values(*JobRecord.model_fields).get(pk=job.pk),
            status=202,
            headers={"Location": reverse("jobs-detail", args=[job.pk])},
        )


class ExportFile(ApiView):
    """Gives the file of an export to the key that asked for it."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope=SCOPE,
            summary="Fetch the ZIP of an export, by the id of its job",
            description="For the key that asked for it alone. 409 `not_ready` until it is made, 410 `export_gone` "
            "after 24 hours. Every download is written down.",
            answers={200: None},
        )
    }

    def get(self, request: Request, pk: int) -> HttpResponseBase:
        export, pieces = open_export(pk, now=timezone.now(), key=request.user.key_id)  # type: ignore[union-attr]
        return file_response(export, pieces)
