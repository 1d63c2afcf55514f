"""Filters that several lists share."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.views.main import ChangeList
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import DateField, DateTimeField, Field, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from unfold.contrib.filters import admin as unfold_filters
from unfold.contrib.filters.admin import RadioFilter, RangeDateFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm, RangeDateForm

from gateway.items import EARLIEST, LATEST


class ChoiceAsRead(AutocompleteDropdownForm):
    """One record to filter by, which is called what the list of such records calls it for the reader."""

    def __init__(self, request: HttpRequest, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, name, *args, **kwargs)
        of_such = kwargs["model_admin"].admin_site.get_model_admin(kwargs["field"].remote_field.model)
        self.fields[name].queryset = of_such.get_queryset(request)


class AutocompleteSelectFilter(unfold_filters.AutocompleteSelectFilter):
    """
    Rows that refer to one record, which is found while typing.

    The theme's own looks the chosen one up among all, and so names also what the reader may not know.
    """

    form_class = ChoiceAsRead


class DaysForm(RangeDateForm):
    """A first and a last day, either of which may be left open; no further away than any fact can be."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, *args, **kwargs)
        self.first, self.last = f"{name}_from", f"{name}_to"
        for end, field in zip(("from", "to"), self.fields.values(), strict=True):
            field.widget.attrs["aria-label"] = f"{name.replace('_', ' ')} {end}"
            field.error_messages["invalid"] = "Give a day such as 2026-03-31."
            field.validators += [
                MinValueValidator(EARLIEST.date(), "Give a day after 1899."),
                MaxValueValidator(LATEST.date() - timedelta(days=1), "Give a day before the year 3000."),
            ]


class DaysFilter(RangeDateFilter):
    """
    What happened from one day to another, both inclusive, in the zone that the admin shows times in.

    For days and for moments, of which it takes those that fall on the days. A day that cannot be read is said to be
    so and filters nothing; a last day before the first is said to be so, and leaves nothing.
    """

    form_class = DaysForm

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        form = self._form()
        if not form.is_valid():
            for name, errors in form.errors.items():
                title = capfirst(self.title)
                messages.error(request, f"{title}: “{self.used_parameters[name]}” was left out. {errors[0]}")
        first, last = form.cleaned_data.get(form.first), form.cleaned_data.get(form.last)
        if first is not None and last is not None and last < first:
            messages.error(request, f"{capfirst(self.title)}: the period ends ({last}) before it starts ({first}).")
            return queryset.none()
        return self._narrowed(queryset, first, last)

    def _narrowed(self, queryset: QuerySet[Any], first: date | None, last: date | None) -> QuerySet[Any]:
        if first is not None:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self._start(first)})
        if last is not None:
            queryset = queryset.filter(**{f"{self.field_path}__lt": self._start(last + timedelta(days=1))})
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:
        yield {"form": self._form()}

    def _form(self) -> DaysForm:
        return self.form_class(name=self.field_path, data=self.used_parameters)

    def _start(self, day: date) -> date | datetime:
        if not isinstance(self.field, DateTimeField):
            return day
        return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


class SpanFilter(DaysFilter):
    """For ranges of days: what has at least one of the days from one to another, both inclusive."""

    def __init__(self, field: "Field[Any, Any]", *args: Any, **kwargs: Any) -> None:
        super().__init__(DateField(verbose_name=field.verbose_name), *args, **kwargs)

    def _narrowed(self, queryset: QuerySet[Any], first: date | None, last: date | None) -> QuerySet[Any]:
        if first is None and last is None:
            return queryset
        days = DateRange(first, None if last is None else last + timedelta(days=1))
        return queryset.filter(**{f"{self.field_path}__overlap": days})


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
