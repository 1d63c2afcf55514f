"""Filters for lists: django-filter's, with a strict reading of what comes in."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import django_filters
import pydantic
from django import forms
from django.db import models
from django.http import QueryDict

from gateway.items import MAX_ID, Day, Moment
from gateway.operations import Parameter
from gateway.panels import PermissionCheck
from gateway.permissions import MissingScope
from gateway.problems import InputError, InvalidInput
from gateway.scopes import scope_for

SEARCH_LETTERS = 3

# Django's codes in the words of the API.
CODES = {
    "invalid": "not_whole",  # a number field's only one
    "invalid_choice": "unknown_choice",
    "max_length": "too_long",
    "min_length": "too_short",
    "max_value": "out_of_range",
    "min_value": "out_of_range",
    "null_characters_not_allowed": "unstorable_text",
}


class CheckedField(forms.CharField):
    """A text that pydantic reads as `kind`, with the same words and codes as in a body."""

    kind: Any

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return pydantic.TypeAdapter(self.kind).validate_python(text)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            raise forms.ValidationError(first["msg"], code=first["type"]) from None


class InstantField(CheckedField):
    kind = Moment


class DayField(CheckedField):
    kind = Day


class InstantFilter(django_filters.Filter):
    """Compares with an instant; `lookup_expr` says how: `gte` for "from", `lt` for "until"."""

    field_class = InstantField


class DayFilter(django_filters.Filter):
    """Compares with a day; `lookup_expr` says how: `gte` for "from", `lt` for "until"."""

    field_class = DayField


class StrictBooleanField(forms.Field):
    """true or false, nothing else."""

    def clean(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError("Say true or false.", code="not_boolean")
        return value == "true"


class BooleanFilter(django_filters.Filter):
    """Takes true or false."""

    field_class = StrictBooleanField


class PresenceFilter(BooleanFilter):
    """True keeps the rows in which the field is set, false those in which it is null."""

    def filter(self, qs: models.QuerySet[Any], value: Any) -> models.QuerySet[Any]:
        return qs if value is None else qs.filter(**{f"{self.field_name}__isnull": not value})


class IdField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class IdFilter(django_filters.Filter):
    """Compares with an id of Kith's: a whole number from 1 on."""

    field_class = IdField


class TextFilter(django_filters.CharFilter):
    """Compares with a text, exactly unless `lookup_expr` says otherwise. Spaces count."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("strip", False)
        super().__init__(*args, **kwargs)


class SearchField(forms.CharField):
    """A part to look for. With fewer than three letters or digits an index of trigrams is of no use."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and sum(character.isalnum() for character in text) < SEARCH_LETTERS:
            message = f"Search for at least {SEARCH_LETTERS} letters or digits."
            raise forms.ValidationError(message, code="search_too_short")
        return text


class SearchFilter(django_filters.Filter):
    """Takes what to look for; how it is looked for is the collection's own (`method`)."""

    field_class = SearchField


class CollectionFilters(django_filters.FilterSet):
    """
    Base for the filters of one collection. Each filter has a `help_text`, which documents it.

    `needs` names the permission for a filter that tells what not every reader may know; a filter's
    `method` may ask `self.may` for more. `…_from` and `…_until` of one name bound one span.
    """

    needs: ClassVar[Mapping[str, str]] = {}
    may: PermissionCheck

    @classmethod
    def narrow(cls, query: QueryDict, queryset: models.QuerySet[Any], *, may: PermissionCheck) -> models.QuerySet[Any]:
        """
        Return `queryset` narrowed by `query`, whose other parameters it ignores.

        An empty value would filter nothing; `gateway.payload.refuse_unknown` has refused it before.

        Raises `InvalidInput`, and `MissingScope` for a filter that the reader may not use.
        """
        given = [name for name in query if name in cls.base_filters]
        if not given:
            return queryset  # setting up a form for nothing takes longer than reading a page
        for name in given:
            if name in cls.needs and not may(cls.needs[name]):
                raise MissingScope(
                    f"The parameter '{name}' needs the scope '{scope_for(cls.needs[name])}', "
                    "which the key does not hold."
                )
        filters = cls({name: query[name] for name in given}, queryset=queryset)
        filters.may = may
        if not filters.is_valid():
            raise InvalidInput(
                [
                    InputError(
                        CODES.get(error.code or "", error.code or "invalid"), str(error.messages[0]), parameter=name
                    )
                    for name, errors in filters.errors.as_data().items()
                    for error in errors
                ]
            )
        if backwards := list(filters._spans_that_end_before_they_start(query)):
            raise InvalidInput(backwards)
        return filters.qs

    def _spans_that_end_before_they_start(self, query: QueryDict) -> Iterator[InputError]:
        """Yield what is wrong with each; one that ends where it starts is empty, and right."""
        for first in self.data:
            end = f"{first.removesuffix('_from')}_until"
            if end in self.data and self.form.cleaned_data[end] < self.form.cleaned_data[first]:
                message = f"'{end}' ({query[end]}) lies before '{first}' ({query[first]})."
                yield InputError("ends_before_start", message, parameter=end)

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """Return the query parameters of these filters, for documentation and strictness."""
        return [
            Parameter(name, _schema_of(entry), str(entry.extra.get("help_text", "")))
            for name, entry in cls.base_filters.items()
        ]


def _schema_of(entry: django_filters.Filter) -> dict[str, object]:
    match entry:
        case BooleanFilter():
            return {"type": "boolean"}
        case IdFilter():
            return {"type": "integer", "minimum": 1, "maximum": MAX_ID}
        case InstantFilter():
            return {"type": "string", "format": "date-time"}
        case DayFilter():
            return {"type": "string", "format": "date"}
        case SearchFilter():
            return {"type": "string", "minLength": SEARCH_LETTERS, "maxLength": entry.extra.get("max_length", 320)}
        case django_filters.ChoiceFilter():
            return {"type": "string", "enum": [str(key) for key, _ in entry.extra["choices"]]}
    schema: dict[str, object] = {"type": "string", "minLength": entry.extra.get("min_length", 1)}
    if "max_length" in entry.extra:
        schema["maxLength"] = entry.extra["max_length"]
    return schema
