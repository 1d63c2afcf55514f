"""What a job looks like in the API."""

from datetime import datetime
from typing import Any, Literal

import django_filters
import pydantic

from gateway.filters import CollectionFilters, TextFilter
from jobs.models import Job


class JobRecord(pydantic.BaseModel):
    """
    A piece of long work and how far it is.

    `total` is null while it is not known how much there is to do; `report` is what the work has to
    tell; `error` is one sentence when it failed, else empty.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    id: int
    kind: str
    state: Literal["queued", "running", "succeeded", "partial", "failed"]
    parameters: dict[str, Any]
    done: int
    total: int | None
    unit: str
    report: dict[str, Any]
    error: str
    requested_through: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobPage(pydantic.BaseModel):
    """Jobs of one page and the address of the next."""

    model_config = pydantic.ConfigDict(extra="forbid")

    results: list[JobRecord]
    next: str | None


class JobFilters(CollectionFilters):
    state = django_filters.ChoiceFilter(choices=Job.State.choices, help_text="How far it is.")
    kind = TextFilter(max_length=50, help_text="What kind of work, such as recompute.")
