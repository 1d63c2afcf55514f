"""Looking at long work while it runs."""

from collections.abc import Mapping
from typing import ClassVar

import pydantic
from django.http import Http404, HttpResponse
from rest_framework.request import Request

from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.paging import DEFAULT_LIMIT, MAX_LIMIT, PageQuery, next_address, read_page
from gateway.views import ApiView
from jobs.api.records import JobFilters, JobPage, JobRecord
from jobs.models import Job

COLUMNS = list(JobRecord.model_fields)


class JobListQuery(pydantic.BaseModel):
    """The query parameters of the list of jobs."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit: int = pydantic.Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many jobs a page holds.")
    cursor: str | None = pydantic.Field(None, description="Where the page begins: taken from `next`.")


class JobList(ApiView):
    """All jobs, the newest first."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="jobs:read",
            summary="List jobs, the newest first",
            query=JobListQuery,
            parameters=JobFilters.parameters(),
            answers={200: JobPage},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        asked = self.query(request, JobListQuery)
        page = read_page(
            JobFilters.narrow(request.query_params, Job.objects.all(), may=self.may),
            COLUMNS,
            query=PageQuery(limit=asked.limit, cursor=asked.cursor),
            orderings=["id"],
            default_ordering="-id",
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
