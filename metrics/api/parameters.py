"""The query parameters of the reports and of the ledger."""

from datetime import date
from typing import Any, Literal

import pydantic

from crm.periods import Period, organisation_zone
from gateway.items import Day, Id, StorableText
from gateway.paging import DEFAULT_LIMIT, MAX_LIMIT
from metrics.reports.credits import CreditQuery
from metrics.reports.query import ALL_MODELS, MODELS, ORDERINGS, RoiQuery, Scope

MAX_OFFSET = 10_000_000

Model = Literal[(*MODELS, ALL_MODELS)]  # type: ignore[valid-type]
Ordering = Literal[tuple(sign + name for name in ORDERINGS for sign in ("-", ""))]  # type: ignore[valid-type]


def _day(description: str) -> Any:
    return (Day | None, pydantic.Field(None, description=description))


# `from` and `as` are words of Python, so these models are made by a call instead of a class statement.
PERIOD: dict[str, Any] = {
    "from": _day("The first local day; left out: from the beginning."),
    "to": _day("The local day after the last; left out: to the end."),
}

_VIEW: dict[str, Any] = {
    "as": (
        Literal["customer", "helper"],
        pydantic.Field(
            "customer", description="Whether a row shows what a person bought, or what a person's help earned."
        ),
    ),
    "cost": (
        Literal["direct", "loaded"],
        pydantic.Field(
            "direct", description="Direct: rewards and the staff's minutes. Loaded: also a share of every pooled cost."
        ),
    ),
}


class _MonthParameters(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    model: Model | None = pydantic.Field(
        None,
        description="The attribution model, or `all` for every one side by side. Left out: the organisation's default.",
    )
    limit: int = pydantic.Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many rows a page holds.")
    offset: int = pydantic.Field(0, ge=0, le=MAX_OFFSET, description="How many rows come before the page.")


class _ReportParameters(_MonthParameters):
    ordering: Ordering = pydantic.Field(  # type: ignore[valid-type]
        "-revenue_credited",
        description="By what the rows are ordered, a minus sign for the largest first; what is undefined comes last.",
    )


# Months stand in their own order, and in no other.
MonthReportParameters = pydantic.create_model("MonthReportParameters", __base__=_MonthParameters, **PERIOD)
ReportParameters = pydantic.create_model("ReportParameters", __base__=_ReportParameters, **PERIOD)
MemberReportParameters = pydantic.create_model("MemberReportParameters", __base__=_ReportParameters, **PERIOD, **_VIEW)


def roi_query(scope: Scope, parameters: pydantic.BaseModel, *, now: Any) -> RoiQuery:
    """Return what `parameters` ask `roi_report` for."""
    asked = dict(parameters)
    return RoiQuery(
        scope=scope,
        now=now,
        start=asked["from"],
        end=asked["to"],
        model=asked["model"] or "",
        view=asked.get("as", "customer"),
        cost=asked.get("cost", "direct"),
        ordering=asked.get("ordering", "-revenue_credited"),
        limit=asked["limit"],
        offset=asked["offset"],
    )


class _LedgerParameters(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    campaign: StorableText | None = pydantic.Field(
        None, min_length=1, max_length=100, description="Credits of the campaign with this code."
    )
    has_campaign: bool | None = pydantic.Field(None, description="`false`: the line `no_campaign`.")
    channel: StorableText | None = pydantic.Field(
        None, min_length=1, max_length=50, description="Credits of the channel with this slug."
    )
    has_channel: bool | None = pydantic.Field(None, description="`false`: the line `no_channel`.")
    community: StorableText | None = pydantic.Field(
        None, min_length=1, max_length=50, description="Credits of the channels of the community with this slug."
    )
    conversion: Id | None = pydantic.Field(None, description="The credits that a conversion or refund was split into.")
    interaction: Id | None = pydantic.Field(None, description="The credits that an interaction earned.")
    contact: Id | None = pydantic.Field(None, description="Credits of what this contact's person bought.")
    member: Id | None = pydantic.Field(None, description="Credits of what this account did.")
    helper: Id | None = pydantic.Field(
        None, description="Credits that this contact's person earned as another community member: `as=helper`."
    )
    actor: Literal["member", "self", "staff", "unknown"] | None = pydantic.Field(
        None, description="Who acted, seen from the buyer."
    )
    is_help: bool | None = pydantic.Field(None, description="Only touches that were help, or only others.")
    day: Day | None = pydantic.Field(None, description="The one local day on which the credit counts.")
    limit: int = pydantic.Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many credits a page holds.")
    cursor: str | None = pydantic.Field(
        None,
        pattern=r"^[0-9]{1,18}\.[0-9]{1,9}$",
        description="Where the page begins: taken from `next` of the page before.",
    )


LedgerParameters = pydantic.create_model("LedgerParameters", __base__=_LedgerParameters, **PERIOD)


def credit_query(parameters: pydantic.BaseModel) -> CreditQuery:
    """Return what `parameters` ask the ledger for. Raises `PeriodEndsBeforeStart`."""
    asked = dict(parameters)
    Period(asked["from"], asked["to"], organisation_zone())  # as the reports read it; a day outside of it has no credit
    day, start, end = asked.pop("day"), asked.pop("from"), asked.pop("to")
    if day is not None:
        start = day if start is None else max(start, day)
        end = date.fromordinal(day.toordinal() + 1) if end is None else min(end, date.fromordinal(day.toordinal() + 1))
    cursor = asked.pop("cursor")
    return CreditQuery(
        start=start,
        end=end,
        after=None if cursor is None else tuple(int(part) for part in cursor.split(".")),  # type: ignore[arg-type]
        actor_kind=asked.pop("actor"),
        **asked,
    )
