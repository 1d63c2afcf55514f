"""Filters that several lists share."""

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RadioFilter


class YesNoFilter(RadioFilter):
    """A filter with two answers, each a condition that the subclass gives as `yes` (its opposite is no)."""

    yes: ClassVar[Q]
    yes_label: ClassVar[str] = "Yes"
    no_label: ClassVar[str] = "No"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [("yes", self.yes_label), ("no", self.no_label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        match self.value():
            case "yes":
                return queryset.filter(self.yes)
            case "no":
                return queryset.exclude(self.yes)
            case _:
                return queryset


class StandingFilter(YesNoFilter):
    """Whether a fact counts or was voided."""

    title = "standing"
    parameter_name = "standing"
    yes = Q(voided_at=None)
    yes_label = "Counts"
    no_label = "Voided"
