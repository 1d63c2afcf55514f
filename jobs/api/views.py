"""Looking at long work while it runs."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import Http404, HttpResponse
from rest_framework.request import Request

from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.paging import PageQuery, next_address, read_page
from gateway.views import ApiView
from jobs.api.records import JobFilters, JobPage, JobRecord
from jobs.models import Job

COLUMNS = list(JobRecord.model_fields)


class JobList(ApiView):
    """All jobs, the newest first."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="jobs:read",
            summary="List jobs, the newest first",
            query=PageQuery,
            parameters=JobFilters.parameters(),
            answers={200: JobPage},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        page = read_page(
            JobFilters.narrow(request.query_params, Job.objects.all(), may=self.may),
            COLUMNS,
            query=self.query(request, PageQuery),
            ordering="-id",
            orderings=["id"],
        )
        return JsonAnswer(
            {
                "results": [dict(zip(COLUMNS, row, strict=True)) for row in page.rows],
                "next": next_address(request, page.next_cursor),
            }
        )


class JobDetail(ApiView):
    """One job."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="jobs:read",
            summary="Look at a job: how far it is, and what it reports",
            answers={200: JobRecord},
        )
    }

    def get(self, request: Request, pk: int) -> HttpResponse:
        record = Job.objects.filter(pk=pk).values(*COLUMNS).first()
        if record is None:
            raise Http404
        return JsonAnswer(record)
