"""Reports, the ledger and the recompute over HTTP: translate in, one call, translate out."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

import pydantic
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request

from community.private_texts import READ_PRIVATE
from gateway.answers import JsonAnswer
from gateway.operations import Operation
from gateway.paging import next_address
from gateway.payload import read_model
from gateway.views import ApiView
from jobs.api.records import JobRecord
from jobs.models import Job
from metrics.api.parameters import (
    LedgerParameters,
    MemberReportParameters,
    MonthReportParameters,
    ReportParameters,
    credit_query,
    roi_query,
)
from metrics.api.records import CreditPageRecord, RecomputeRequest, RoiRecord
from metrics.reports import NOT_PROOF, Scope, roi_report
from metrics.reports.credits import ExplainedCredit, read_credits
from metrics.reports.layout import report_as_json
from metrics.tasks import request_full_recompute

SIX_PLACES = Decimal("0.000001")


class RoiView(ApiView):
    """Base of the reports: each names its scope."""

    scope: ClassVar[Scope]
    parameters: ClassVar[type[pydantic.BaseModel]] = ReportParameters

    def get(self, request: Request) -> HttpResponse:
        query = roi_query(self.scope, self.query(request, self.parameters), now=timezone.now())
        report = roi_report(query)
        end = query.offset + len(report.rows)
        return JsonAnswer({**report_as_json(report), "next": _next_offset(request, end, report.row_count)})


def _next_offset(request: Request, end: int, count: int) -> str | None:
    if end >= count:
        return None
    query = request.GET.copy()
    query["offset"] = str(end)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _report(what: str, parameters: type[pydantic.BaseModel] = ReportParameters) -> Mapping[str, Operation]:
    return {
        "GET": Operation(
            scope="roi:read",
            summary=f"ROI and social ROI {what}",
            description="Rows + lines = total: revenue for every model, and cost. Amounts are in the reporting "
            "currency; credited means touched before the conversion, it is not proof of cause.",
            query=parameters,
            answers={200: RoiRecord},
        )
    }


class CampaignRoi(RoiView):
    scope = "campaigns"
    operations = _report("by campaign, each without its children")


class ChannelRoi(RoiView):
    scope = "channels"
    operations = _report("by channel")


class CommunityRoi(RoiView):
    scope = "communities"
    operations = _report("by community, with its purpose and target")


class MemberRoi(RoiView):
    scope = "members"
    parameters = MemberReportParameters
    operations = _report("by person, as customer or as helper", MemberReportParameters)


class SummaryRoi(RoiView):
    scope = "summary"
    parameters = MonthReportParameters
    operations = _report("in total and by month", MonthReportParameters)


class CreditList(ApiView):
    """The ledger behind every figure."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="credits:read",
            summary="Explain a figure: the credits behind it, by conversion and position",
            description="From a figure to its credits, from a credit to its interaction, conversion and share.",
            query=LedgerParameters,
            answers={200: CreditPageRecord},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        page = read_credits(credit_query(self.query(request, LedgerParameters)))
        may_read_private = self.may(READ_PRIVATE)
        cursor = None if page.after is None else f"{page.after[0]}.{page.after[1]}"
        return JsonAnswer(
            {
                "results": [_credit(credit, may_read_private=may_read_private) for credit in page.credits],
                "next": next_address(request, cursor),
                "currency": settings.KITH_CURRENCY,
                "note": NOT_PROOF,
            }
        )


class Recompute(ApiView):
    """A full recompute, as a job on the workers."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "POST": Operation(
            scope="recompute:write",
            summary="Recompute everything from the facts, on the workers",
            description="Seldom needed: what changes is recomputed by itself. Look at the job for progress; a "
            "later full recompute takes over an unfinished one.",
            body=RecomputeRequest,
            answers={202: JobRecord},
        )
    }

    def post(self, request: Request) -> HttpResponse:
        if request.body:  # nothing has to be said, so nothing has to be sent
            read_model(request, RecomputeRequest)
        job = request_full_recompute(now=timezone.now(), requested_through="api")
        columns = list(JobRecord.model_fields)
        return JsonAnswer(
            Job.objects.values(*columns).get(pk=job.pk),
            status=202,
            headers={"Location": reverse("jobs-detail", args=[job.pk])},
        )


def _credit(credit: ExplainedCredit, *, may_read_private: bool) -> dict[str, Any]:
    laid_out = asdict(credit)
    if credit.interaction is not None and credit.interaction.is_private and not may_read_private:
        laid_out["interaction"] |= {"text": None, "url": None, "thread_title": None}
    laid_out["models"] = {
        model: {
            "share": str(given.share),
            "share_decimal": (Decimal(given.share.numerator) / given.share.denominator).quantize(SIX_PLACES),
            "amount": given.amount,
        }
        for model, given in credit.models.items()
    }
    return laid_out
