"""
The walk over the schema: which models lead to a person, by which ways, and what is declared about them.

Every model of every app takes part, history tables too. `undeclared` says what nobody has declared
yet, in sentences: a test wants it to be nothing.
"""

from collections.abc import Iterator, Mapping

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.extensions import personal_data
from crm.personal_data.declarations import Condition, Heading, Kept, PersonalData, Treatment
from gateway.staging import any_of

WHERE = "Declare it in the personal_data.py of its app: crm/personal_data/declarations.py says how."
HISTORY = "history: "  # begins the name of a way that leads from a row of history through its record
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField, ArrayField)


def stored_models() -> list[type[models.Model]]:
    """Return every model with a table of its own, those that Django makes for relations too."""
    return [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy
    ]


def tracked_model(model: type[models.Model]) -> type[models.Model] | None:
    """Return the model whose history `model` keeps; None when it is no history table."""
    return getattr(model, "pgh_tracked_model", None)


def declaration_of(model: type[models.Model]) -> PersonalData | None:
    """Return what is declared about `model`: a history table follows the model whose history it keeps."""
    facts = (tracked_model(model) or model)._meta.concrete_model or model  # a proxy speaks of the rows it stands for
    label = facts._meta.label
    return next((entry for entry in personal_data if entry.key == label), None)


def treatments_of(model: type[models.Model]) -> Mapping[str, Treatment]:
    """Return the declared treatment of each field that `model` itself has."""
    declared = declaration_of(model)
    if declared is None:
        return {}
    own = {field.name for field in model._meta.concrete_fields}
    return {name: treatment for name, treatment in declared.fields.items() if name in own}


def ways_of(model: type[models.Model]) -> dict[str, str | Condition]:
    """
    Return the ways from a row of `model` to a person, by name.

    A row of history leads where its own columns say, and where the row leads whose history it is.
    """
    declared = declaration_of(model)
    if declared is None:
        return {}
    tracked = tracked_model(model)
    if tracked is None:
        return dict(declared.reach)
    own = {field.name for field in model._meta.concrete_fields}
    ways: dict[str, str | Condition] = {
        name: way for name, way in declared.reach.items() if isinstance(way, str) and way.split("__")[0] in own
    }
    return {**ways, **{f"{HISTORY}{name}": _history_of(tracked, name) for name in declared.reach}}


def plain_way(name: str) -> str:
    """Return the way of the record whose history a row keeps: its own name otherwise."""
    return name.removeprefix(HISTORY)


def _history_of(tracked: type[models.Model], way: str) -> Condition:
    label = tracked._meta.label
    return lambda known: models.Q(pgh_obj__in=any_of(known.ids(label, way=way)))


def personal_models() -> list[type[models.Model]]:
    """Return every model with rows about people, each after the models that its ways lead through."""
    return [model for model in stored_models() if ways_of(model)]


def text_fields(model: type[models.Model]) -> Iterator[models.Field]:
    """Yield every field that can hold words: texts, JSON, lists, bytes. History's own bookkeeping is left out."""
    is_history = tracked_model(model) is not None
    for field in model._meta.concrete_fields:
        if isinstance(field, TEXTS) and not (is_history and field.name.startswith("pgh_")):
            yield field


def undeclared() -> list[str]:
    """Return one sentence for each model, text field and way to a person that no declaration speaks of."""
    return [sentence for model in stored_models() for sentence in _missing(model)]


def _missing(model: type[models.Model]) -> Iterator[str]:
    label = model._meta.label
    declared = declaration_of(model)
    if declared is None:
        yield f"{label} is new: what does it hold about people? {WHERE}"
        return
    if tracked_model(model) is not None:
        return  # its columns are those of the model whose history it keeps
    for field in text_fields(model):
        if field.name not in declared.fields and not field.is_relation:
            yield f"{label}.{field.name} can hold words about people: what does an erasure do to them? {WHERE}"
    known = set(declared.others) | {way.split("__")[0] for way in declared.reach.values() if isinstance(way, str)}
    for name in _ways_out(model):
        if name not in known and name not in declared.reach:
            yield f"{label}.{name} leads to rows about people: is the row about them? {WHERE}"
    names = {field.name for field in model._meta.concrete_fields}
    for name in (*declared.fields, *declared.others, *declared.hidden):
        if name not in names:
            yield f"{label} has no field {name}, which its declaration speaks of. {WHERE}"
    for name, treatment in declared.fields.items():
        if isinstance(treatment, (Kept, Heading)) and not treatment.why:
            yield f"{label}.{name} is kept without a reason. {WHERE}"


def _ways_out(model: type[models.Model]) -> Iterator[str]:
    """Yield the names of relations to rows about people, and of ids that stand without a relation."""
    for field in model._meta.concrete_fields:
        if field.is_relation:
            target = field.related_model
            assert isinstance(target, type)
            declared = declaration_of(target)
            if declared is not None and declared.reach:
                yield field.name
        elif isinstance(field, models.IntegerField) and field.name.endswith("_id"):
            yield field.name
