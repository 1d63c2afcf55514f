"""The rows that are about one person: found by the declared ways, model by model."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from crm.models import Contact
from crm.personal_data.declarations import KnownRows
from crm.personal_data.schema import declaration_of, personal_models, plain_way, tracked_model, ways_of
from gateway.batches import NotFound
from gateway.together import rows_together


def contacts_of_person(contact_id: int) -> list[int]:
    """Return the ids of all contacts of the person that this contact belongs to, in order. Raises `NotFound`."""
    person = Contact.objects.filter(pk=contact_id).values_list("person_id", flat=True).first()
    if person is None:
        raise NotFound(f"There is no contact {contact_id}.")
    return sorted(Contact.objects.filter(person_id=person).values_list("pk", flat=True))


def keys_of(model: type[Model], rows: Iterable[Sequence[Any]]) -> set[Any]:
    """Return the primary keys of `model` in rows that came as JSON: tuples where a key has several columns."""
    fields = model._meta.pk_fields
    keys = ([field.to_python(value) for field, value in zip(fields, row, strict=True)] for row in rows)
    return {key[0] for key in keys} if len(fields) == 1 else {tuple(key) for key in keys}


class PersonRows:
    """The rows about the person who has these contacts. Each model is asked once for each way to it."""

    def __init__(self, contacts: Sequence[int]) -> None:
        self.contacts: Sequence[int] = list(contacts)
        self._by_way: dict[str, dict[str, set[Any]]] = {}
        self._given: dict[str, set[Any]] = {}

    def by_way(self, model: type[Model]) -> dict[str, set[Any]]:
        """Return the primary keys of the model's rows about the person, by the way that leads to them."""
        label = model._meta.label
        if label not in self._by_way:
            self._by_way[label] = {
                name: set(found.values_list("pk", flat=True)) for name, found in self._queries(model, self).items()
            }
        return self._by_way[label]

    def look_up(self) -> None:
        """
        Find the rows of all models, as `by_way` does of one: one query for each step from the person.

        The first step finds what leads straight to the contacts, the next what leads through rows found before, such as
        the history of a row; there are as many as the declarations need, whatever the person did.
        """
        waiting = [model for model in personal_models() if model._meta.label not in self._by_way]
        while waiting:
            step: dict[type[Model], dict[str, QuerySet[Any]]] = {}
            for model in waiting:
                with suppress(_NotFoundYet):
                    step[model] = self._queries(model, _FoundSoFar(self))
            assert step, f"Ways that lead through each other: {waiting}"
            asked = [(model, name, found) for model, queries in step.items() for name, found in queries.items()]
            answers = rows_together([found.order_by().values_list("pk") for _, _, found in asked])
            for (model, name, _), rows in zip(asked, answers, strict=True):
                self._by_way.setdefault(model._meta.label, {})[name] = keys_of(model, rows)
            waiting = [model for model in waiting if model not in step]

    def is_found(self, label: str) -> bool:
        """Whether the rows of the model with this label were looked up."""
        return label in self._by_way

    def ids(self, label: str, *, way: str | None = None) -> Collection[Any]:
        """Return the primary keys of the rows of the model with this label that are about the person, by one way."""
        ways = self.by_way(apps.get_model(label))
        return ways[way] if way else set().union(*ways.values())

    def of(self, model: type[Model]) -> Collection[Any]:
        """Return the primary keys of the model's rows that are about the person."""
        return self.ids(model._meta.label)

    def given(self, model: type[Model]) -> Collection[Any]:
        """Return the primary keys of all that an export holds: also of what others said to the person and is theirs."""
        declared = declaration_of(model)
        if declared is None or tracked_model(model) is not None or not declared.given:
            return self.of(model)
        label = model._meta.label
        if label not in self._given:
            ways = [model._default_manager.filter(way(self)) for way in declared.given.values()]
            self._given[label] = set(self.of(model)).union(*(rows.values_list("pk", flat=True) for rows in ways))
        return self._given[label]

    def only(self, model: type[Model]) -> list[tuple[Sequence[str] | None, Collection[Any]]]:
        """
        Return the rows about the person in parts: (None, those that an erasure treats whole), then (fields, rows).

        Rows that only a narrow way leads to (see `PersonalData.only`) are treated in its fields alone.
        """
        declared = declaration_of(model)
        narrow = declared.only if declared else {}
        ways = self.by_way(model)
        whole = set().union(*(pks for name, pks in ways.items() if plain_way(name) not in narrow))
        parts: list[tuple[Sequence[str] | None, Collection[Any]]] = [(None, whole)]
        for name, fields in narrow.items():
            found = set().union(*(pks for way, pks in ways.items() if plain_way(way) == name))
            parts.append((fields, found - whole))
        return [(fields, pks) for fields, pks in parts if pks]

    def look_again(self, model: type[Model]) -> None:
        """Forget what was found of a model: its rows have changed."""
        self._by_way.pop(model._meta.label, None)

    def _queries(self, model: type[Model], known: KnownRows) -> dict[str, QuerySet[Any]]:
        """Return what finds the model's rows by each way, of which some lead through rows that are `known`."""
        ways = {
            name: Q(**{f"{way}__in": self.contacts}) if isinstance(way, str) else way(known)
            for name, way in ways_of(model).items()
        }
        return {name: model._default_manager.filter(condition) for name, condition in ways.items()}


class _NotFoundYet(Exception):
    """A way leads through rows that have to be looked up before."""


class _FoundSoFar:
    """What was looked up of a person's rows, and nothing more."""

    def __init__(self, rows: PersonRows) -> None:
        self._rows = rows
        self.contacts = rows.contacts

    def ids(self, label: str, *, way: str | None = None) -> Collection[Any]:
        if not self._rows.is_found(label):
            raise _NotFoundYet(label)
        return self._rows.ids(label, way=way)
