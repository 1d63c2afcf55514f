"""Response figures over HTTP."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pydantic
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from gateway.answers import JsonAnswer
from gateway.items import StorableText
from gateway.operations import Operation
from gateway.views import ApiView
from metrics.api.parameters import PERIOD
from metrics.api.records import RatioRecord, Shape
from metrics.reports.figures import Ratio
from metrics.reports.layout import fraction_text, ratio_parts
from metrics.reports.response_figures import Spread, Times
from metrics.reports.responses import ResponseRow, ResponsesQuery, responses_report


class _ResponsesParameters(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    by: Literal["channel", "community", "staff", "replier"] = pydantic.Field(
        "channel", description="What a row is: a place, a member of staff who replied, or anybody who replied."
    )
    topic: StorableText = pydantic.Field(
        "", max_length=100, description="Only asks of threads with exactly this topic."
    )
    channel: StorableText = pydantic.Field("", max_length=50, description="Only asks on the channel of this slug.")
    staff: str | None = pydantic.Field(
        None,
        pattern=r"^[up][0-9]{1,18}$",
        description="What one member of staff replied, by the `id` of their row (`u7`: a user, `p7`: a person). Rows "
        "and total then hold their replies alone, as shares of everything that was asked there.",
    )


ResponsesParameters = pydantic.create_model("ResponsesParameters", __base__=_ResponsesParameters, **PERIOD)


class SpreadRecord(Shape):
    """Seconds, with three decimals; null when there is nothing to take them from."""

    mean: str | None
    median: str | None
    p90: str | None


class TimesRecord(Shape):
    """How long `n` things took, by the calendar and in business hours; how many within an hour, a day, a week."""

    n: int
    calendar: SpreadRecord
    business: SpreadRecord
    within_1h: int
    within_24h: int
    within_7d: int


class ResponseRatios(Shape):
    response_rate: RatioRecord
    lead_answer_rate: RatioRecord
    resolution_rate: RatioRecord
    answer_rate: RatioRecord


class ResponseRowRecord(Shape):
    """A channel, a community, somebody who replied (`u7`: a user, `p7`: a person with their logins), or the total."""

    id: int | str | None
    name: str
    asked: int
    replied: int
    unreplied: int
    dismissed: int
    answered: int
    unanswered: int
    replied_by_staff: int
    response_rate: str | None
    leads: int
    leads_replied: int
    lead_answer_rate: str | None
    replies: int
    answers: int
    first_replies: int
    repliers: int
    answerers: int
    first_reply: TimesRecord
    first_answer: TimesRecord
    first_staff_reply: TimesRecord
    raised: int
    resolved: int
    resolved_by_asker: int
    resolved_by_member: int
    resolved_by_staff: int
    resolution_rate: str | None
    questions_answered: int
    answer_rate: str | None
    resolution: TimesRecord
    resolution_by_others: TimesRecord
    ratios: ResponseRatios


class ResponsesRecord(Shape):
    """The rows, most asked first, and the total, counted anew. `note` says which hours are business hours."""

    by: str
    rows: list[ResponseRowRecord]
    total: ResponseRowRecord
    note: str


class Responses(ApiView):
    """How soon people are replied to, answered and helped."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="responses:read",
            summary="Response figures by channel, community or who replied",
            description="In cohort form: what was asked in the period, replied to and resolved by now. What has no "
            "reply yet has no time and is counted beside, and so is what was dismissed as needing none.",
            query=ResponsesParameters,
            answers={200: ResponsesRecord},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        asked = dict(self.query(request, ResponsesParameters))
        report = responses_report(
            ResponsesQuery(
                by=asked["by"],
                now=timezone.now(),
                start=asked["from"],
                end=asked["to"],
                topic=asked["topic"],
                channel=asked["channel"],
                staff=asked["staff"] or "",
            )
        )
        return JsonAnswer(
            {
                "by": asked["by"],
                "rows": [_row(row) for row in report.rows],
                "total": _row(report.total),
                "note": report.note,
            }
        )


def _row(row: ResponseRow) -> dict[str, Any]:
    laid_out: dict[str, Any] = {"id": row.key}
    for name in ResponseRowRecord.model_fields:
        if name in ("id", "ratios"):
            continue
        value = getattr(row, name)
        if isinstance(value, Times):
            value = _times(value)
        elif isinstance(value, Ratio):
            value = fraction_text(value)
        laid_out[name] = value
    laid_out["ratios"] = {name: ratio_parts(getattr(row, name)) for name in ResponseRatios.model_fields}
    return laid_out


def _times(times: Times) -> dict[str, Any]:
    return {
        "n": times.n,
        "calendar": _spread(times.calendar),
        "business": _spread(times.business),
        "within_1h": times.within_1h,
        "within_24h": times.within_24h,
        "within_7d": times.within_7d,
    }


def _spread(spread: Spread) -> dict[str, str | None]:
    return {
        name: None if value is None else f"{value:.3f}"
        for name, value in (("mean", spread.mean), ("median", spread.median), ("p90", spread.p90))
    }
