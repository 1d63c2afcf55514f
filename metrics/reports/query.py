"""What a report can be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from django.conf import settings

from crm.periods import Period, organisation_zone
from gateway.errors import DomainError
from metrics.attribution.models import attribution_models

Scope = Literal["campaigns", "channels", "communities", "members", "summary"]
View = Literal["customer", "helper"]
Cost = Literal["direct", "loaded"]

ALL_MODELS = "all"
MODELS = tuple(attribution_models.keys())

ORDERINGS = (
    "revenue_credited",
    "revenue",
    "assisted_revenue",
    "conversions_touched",
    "cost",
    "roi",
    "people_helped",
    "questions_answered",
    "name",
)


class InvalidQuery(DomainError):
    """A report was asked for with a word that it does not know."""

    code = "invalid_query"


@dataclass(frozen=True, kw_only=True)
class RoiQuery:
    """
    One question to `roi_report`.

    `scope` says what a row is; `start` and `end` are local days of the organisation, half-open, None
    is open. `model` is the key of an attribution model or "all"; with "all", the figures that need
    one model (ordering, `RoiRow.revenue_credited` and its fellows) use the organisation's default.
    `view` and `cost` matter to members only. `ids` keeps the rows of those campaigns, channels,
    communities or persons; what is left out then stands in the line `other_rows`, as does what
    `limit` and `offset` leave out. `ordering` is one of `ORDERINGS`, with "-" for descending.
    `now` decides which days of cost have come. Words that are not known raise `InvalidQuery`.
    """

    scope: Scope
    now: datetime
    start: date | None = None
    end: date | None = None
    model: str = ""
    view: View = "customer"
    cost: Cost = "direct"
    ids: Sequence[int] | None = None
    ordering: str = "-revenue_credited"
    limit: int | None = None
    offset: int = 0

    def __post_init__(self) -> None:
        if not self.model:
            object.__setattr__(self, "model", settings.METRICS_DEFAULT_MODEL)
        self._known("scope", self.scope, get_args(Scope))
        self._known("model", self.model, (*MODELS, ALL_MODELS))
        self._known("view", self.view, get_args(View))
        self._known("cost", self.cost, get_args(Cost))
        self._known("ordering", self.ordering.removeprefix("-"), ORDERINGS)
        if self.now.tzinfo is None:
            raise ValueError("`now` must be an aware time.")

    @staticmethod
    def _known(field: str, value: str, known: Sequence[str]) -> None:
        if value not in known:
            raise InvalidQuery(f"'{value}' is not a {field}. Use one of: {', '.join(known)}.", extra={"field": field})

    @property
    def period(self) -> Period:
        """The period in the organisation's zone. Raises `PeriodEndsBeforeStart`."""
        return Period(self.start, self.end, organisation_zone())

    @property
    def models(self) -> tuple[str, ...]:
        """The keys of the models asked for, in their fixed order."""
        return MODELS if self.model == ALL_MODELS else (self.model,)

    @property
    def lead_model(self) -> str:
        """The model that orders the rows and fills the figures that show one model."""
        return settings.METRICS_DEFAULT_MODEL if self.model == ALL_MODELS else self.model
