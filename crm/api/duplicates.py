"""Possible duplicates over the API: which two may be one person, and that they are not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

import django_filters
import pydantic
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from crm.api.merging import SCOPE, NothingBody, Shape
from crm.duplicates.decisions import decide_different
from crm.duplicates.evidence import in_words
from crm.models import Contact, DuplicateSuggestion
from gateway.answers import JsonAnswer
from gateway.filters import CollectionFilters, IdFilter
from gateway.operations import Operation
from gateway.paging import PageQuery, next_address, read_page
from gateway.payload import read_model
from gateway.views import ApiView


class ReasonRecord(Shape):
    key: str
    points: int
    sentence: str


class DuplicateRecord(Shape):
    """
    Two contacts that may be one person. `first_person` and `second_person` are the persons that they stand for
    today; `score` is 0 to 100, made of the points of the reasons.
    """

    id: int
    first: int
    second: int
    first_person: int
    second_person: int
    score: int
    reasons: list[ReasonRecord]
    state: Literal["open", "different", "merged"]
    found_at: datetime
    decided_at: datetime | None


class DuplicatePage(Shape):
    """Pairs of one page and the address of the next."""

    results: list[DuplicateRecord]
    next: str | None


class DuplicateFilters(CollectionFilters):
    state = django_filters.ChoiceFilter(choices=DuplicateSuggestion.State.choices, help_text="What was decided.")
    contact_id = IdFilter(method="about", help_text="Is about this contact's person.")

    def about(self, queryset: QuerySet[DuplicateSuggestion], name: str, value: int) -> QuerySet[DuplicateSuggestion]:
        person = Contact.objects.filter(pk=value).values("person")
        return queryset.filter(Q(first__person__in=person) | Q(second__person__in=person))


class DuplicateQuery(PageQuery):
    """The query parameters of the list of possible duplicates."""

    ordering: Literal["id", "-id", "score", "-score"] = pydantic.Field("-score", description="The order of the pairs.")


class DuplicateList(ApiView):
    """Pairs of contacts that may be one person."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "GET": Operation(
            scope="contacts:read",
            summary="List pairs of contacts that may be one person, the likeliest first",
            query=DuplicateQuery,
            parameters=DuplicateFilters.parameters(),
            answers={200: DuplicatePage},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        asked = self.query(request, DuplicateQuery)
        page = read_page(
            DuplicateFilters.narrow(request.query_params, DuplicateSuggestion.objects.all(), may=self.may),
            _COLUMNS,
            query=asked,
            ordering=asked.ordering,
            orderings=["id", "score"],
        )
        return JsonAnswer(
            {"results": [_pair(row) for row in page.rows], "next": next_address(request, page.next_cursor)}
        )


class DuplicateDifferent(ApiView):
    """Two contacts are different people."""

    operations: ClassVar[Mapping[str, Operation]] = {  # type: ignore[misc]
        "POST": Operation(
            scope=SCOPE,
            summary="Remember that these are different people: they are never suggested again",
            body=NothingBody,
            answers={200: DuplicateRecord},
        )
    }

    def post(self, request: Request, pk: int) -> HttpResponse:
        if request.body:  # nothing has to be said, so nothing has to be sent
            read_model(request, NothingBody)
        decide_different([pk], by_user_id=None, now=timezone.now())
        row = DuplicateSuggestion.objects.filter(pk=pk).values_list(*_COLUMNS).first()
        if row is None:
            raise Http404
        return JsonAnswer(_pair(row))


_FIELDS: dict[str, str | Combinable] = {
    "id": "id", "first": "first_id", "second": "second_id", "first_person": F("first__person_id"),
    "second_person": F("second__person_id"), "score": "score", "reasons": "reasons", "state": "state",
    "found_at": "found_at", "decided_at": "decided_at",
}  # fmt: skip
_COLUMNS = list(_FIELDS.values())


def _pair(row: tuple[Any, ...]) -> dict[str, Any]:
    record = dict(zip(_FIELDS, row, strict=True))
    record["reasons"] = [
        {**reason, "sentence": sentence} for reason in record["reasons"] for sentence in in_words([reason])
    ]
    return record
