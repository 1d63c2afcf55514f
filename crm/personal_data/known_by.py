"""
What a person is known by, today and formerly: what is blotted out of other people's words, and may not come back.

What somebody else is known by as well is left out of both.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from crm.personal_data.declarations import Sort
from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import declaration_of, personal_models, tracked_model
from crm.personal_data.suppression import SourceName
from gateway.together import rows_together


@dataclass(frozen=True)
class Known:
    """What the person alone is known by, today and formerly, and how many addresses somebody else has too."""

    by_sort: Mapping[Sort, set[str]]
    shared: int


def known_by(rows: PersonRows) -> Known:
    """Collect what the person is known by, today and in history. What others are known by as well is left out."""
    places = [place for model in personal_models() for place in _known_by_fields(model)]
    mine = rows_together(
        [
            model._default_manager.filter(pk__in=rows.of(model)).order_by().values_list(name).distinct()
            for model, name, _ in places
        ]
    )
    values = [{value for value in some if value[0]} for some in mine]
    others = rows_together(
        [_rows_of_others(model, [name], wanted, rows) for (model, name, _), wanted in zip(places, values, strict=True)]
    )
    found: dict[Sort, set[str]] = {}
    shared: set[str] = set()
    for (model, _, sort), own, also in zip(places, values, others, strict=True):
        found.setdefault(sort, set()).update(value for (value,) in own.difference(also))
        if sort == "address" and tracked_model(model) is None:
            shared |= {value for (value,) in own.intersection(also)}
    addresses = found.get("address", set())
    return Known(found | {"address": addresses - shared} if addresses else found, len(shared))


def _known_by_fields(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str, Sort]]:
    """Yield the fields of a model that say what a person is known by."""
    declared = declaration_of(model)
    own = {column.name for column in model._meta.concrete_fields}
    for name, sort in (declared.known_by if declared else {}).items():
        if name in own:
            yield model, name, sort


def suppressed_names(rows: PersonRows) -> set[SourceName]:
    """Return what else may not come back: references, addresses, handles, today's and former, if nobody has them."""
    names: set[SourceName] = set()
    for model in personal_models():
        declared = declaration_of(model)
        own = {field.attname for field in model._meta.concrete_fields}
        for space, fields in (declared.suppress if declared else {}).items():
            if not own.issuperset(fields):
                continue
            found = model._default_manager.filter(pk__in=rows.of(model)).values_list(*fields).distinct()
            values = {value for value in found if all(part not in (None, "") for part in value)}
            names |= {(space, *value) for value in values - held_by_others(model, fields, values, rows)}
    return names


def held_by_others(
    model: type[models.Model], fields: Sequence[str], values: Iterable[tuple[Any, ...]], rows: PersonRows
) -> set[tuple[Any, ...]]:
    """Return those of `values` that rows of other people carry today."""
    wanted = set(values)
    return wanted.intersection(_rows_of_others(model, fields, wanted, rows))


def _rows_of_others(
    model: type[models.Model], fields: Sequence[str], wanted: Collection[tuple[Any, ...]], rows: PersonRows
) -> models.QuerySet[Any, Any]:
    """Return what finds, among the rows of other people today, at least those with one of the values `wanted`."""
    facts = tracked_model(model) or model
    if not wanted:
        return facts._default_manager.none().values_list(*fields)
    # One list for each field is compared many times as quick as hundreds of alternatives. What stands together is
    # looked at afterwards.
    columns = {f"{name}__in": column for name, column in zip(fields, zip(*wanted, strict=True), strict=True)}
    return facts._default_manager.filter(**columns).exclude(pk__in=rows.of(facts)).order_by().values_list(*fields)
