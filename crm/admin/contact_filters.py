"""By what the list of contacts is filtered."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from crm.models import Contact
from crm.stages import at_stage
from gateway.admin import (
    DropdownFilter,
    RadioFilter,
    TextFilter,
)

LONGEST_TAG = 50  # characters


class MergedFilter(RadioFilter):
    """Persons are shown unless something else is asked for: a merged record is one of the records of its person."""

    title = "record"
    parameter_name = "merged"
    all_option: ClassVar = ["", "Persons"]

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [("merged", "Merged into another"), ("records", "All records")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "merged":
                return queryset.exclude(merged_into=None)
            case "records":
                return queryset
        return queryset.filter(merged_into=None)


class StageFilter(DropdownFilter):
    """The stage that people are at by now: whoever bought something is a customer, whatever the record says."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [(stage.value, capfirst(stage.label)) for stage in Contact.Stage]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(at_stage(stage)) if (stage := self.value()) else queryset


class TagFilter(TextFilter):
    """Who has a tag, written as it stands on them: found by the index, and no list of all tags is made for it."""

    title = "tag"
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        tag = (self.value() or "").strip()
        if not tag:
            return queryset
        if len(tag) > LONGEST_TAG:  # which PostgreSQL would cut off
            return queryset.none()
        return queryset.filter(tags__contains=[tag])
