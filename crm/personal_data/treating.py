"""
What becomes of the rows about a person who is erased, as each model declares: emptied, renamed, deleted.

History is treated like the rows themselves, here and nowhere else.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Case, Value, When

from crm.personal_data.declarations import Becomes, Identity, Link, Pseudonym, Treatment, Words
from crm.personal_data.known_by import held_by_others
from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import declaration_of, personal_models, stored_models, tracked_model, treatments_of
from crm.personal_data.suppression import PREFIX, SourceName, digest_of, pseudonym


def treat(model: type[models.Model], rows: PersonRows, *, now: datetime) -> set[SourceName]:
    """Do to the person's rows of `model` what is declared, and return the names that were replaced."""
    declared = declaration_of(model)
    names: set[SourceName] = set()
    if declared is None or declared.rows != "strip":
        return names
    for only, pks in rows.only(model):
        treatments = {name: how for name, how in changes_of(model).items() if only is None or name in only}
        for name, how in treatments.items():
            if isinstance(how, Pseudonym):
                names |= _rename(model, name, how, pks, rows)
        values = {
            name: _becomes(model, name, how, now=now)
            for name, how in treatments.items()
            if not isinstance(how, Pseudonym)
        }
        if values:
            if tracked_model(model) is None and any(f.name == "updated_at" for f in model._meta.concrete_fields):
                values["updated_at"] = now
            model._default_manager.filter(pk__in=pks).update(**values)
    return names


def delete_identities(model: type[models.Model], rows: PersonRows) -> None:
    """Delete the person's rows of `model` where these are nothing but identity."""
    declared = declaration_of(model)
    if declared is not None and declared.rows == "delete":
        model._default_manager.filter(pk__in=rows.of(model)).delete()


def rewrite_history(rows: PersonRows, *, now: datetime) -> set[SourceName]:
    """
    Treat the history of the person's rows as the rows themselves: nothing else in Kith rewrites history.

    Return the names that were replaced: former external ids among them.
    """
    names: set[SourceName] = set()
    for model in personal_models():
        if tracked_model(model) is None:
            continue
        rows.look_again(model)  # the changes of this erasure are in it by now, with what was there before
        names |= treat(model, rows, now=now)
        delete_identities(model, rows)
    return names


def rename_everywhere(names: Iterable[SourceName]) -> None:
    """Let every row that names one of these by what the source called it name the pseudonym instead."""
    by_space: dict[object, list[SourceName]] = {}
    for called in names:
        by_space.setdefault(called[0], []).append(called)
    for model in stored_models():
        for name, how in treatments_of(model).items():
            if not (isinstance(how, Pseudonym) and how.everywhere and how.space in by_space):
                continue
            wanted = by_space[how.space]
            columns = list(zip(*(called[1:] for called in wanted), strict=True))
            arrays = ", ".join(["%s::text[]"] * (len(columns) + 1))
            matches = " AND ".join(f"t.{part} = v.part_{number}" for number, part in enumerate(how.fields))
            parts = ", ".join(f"part_{number}" for number in range(len(columns)))
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {model._meta.db_table} t SET {name} = v.pseudonym"
                    f" FROM unnest({arrays}) AS v({parts}, pseudonym) WHERE {matches}",
                    [*(list(column) for column in columns), [pseudonym(digest_of(called)) for called in wanted]],
                )


def changes_of(model: type[models.Model]) -> dict[str, Treatment]:
    """Return the fields that an erasure changes."""
    return {
        name: treatment
        for name, treatment in treatments_of(model).items()
        if isinstance(treatment, (Words, Link, Identity, Becomes, Pseudonym))
    }


def _becomes(model: type[models.Model], name: str, how: Treatment, *, now: datetime) -> Any:
    """Return what an erasure sets the field to."""
    if isinstance(how, Becomes):
        return how.expression(now)
    if isinstance(how, Words) and how.instead:
        return Case(When(**{name: ""}, then=Value("")), default=Value(how.instead))
    declared = model._meta.get_field(name)
    assert isinstance(declared, models.Field)
    return None if declared.null else declared.get_default()


def _rename(
    model: type[models.Model], name: str, how: Pseudonym, pks: Iterable[Any], rows: PersonRows
) -> set[SourceName]:
    """
    Put pseudonyms in place of what the source calls these rows, and return what it called them.

    The history of a row that is somebody else's by now, such as an account that moved, keeps what that one is called.
    """
    found: dict[Any, SourceName] = {}
    for pk, *values in model._default_manager.filter(pk__in=pks).values_list("pk", *how.fields):
        if all(value not in (None, "") for value in values) and not str(values[-1]).startswith(PREFIX):
            found[pk] = (how.space, *values)
    if tracked_model(model) is not None:
        others = held_by_others(model, how.fields, [called[1:] for called in found.values()], rows)
        found = {pk: called for pk, called in found.items() if called[1:] not in others}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {model._meta.db_table} t SET {name} = v.pseudonym"
                f" FROM unnest(%s::bigint[], %s::text[]) AS v(pk, pseudonym) WHERE t.{model._meta.pk.column} = v.pk",
                [list(found), [pseudonym(digest_of(called)) for called in found.values()]],
            )
    return set(found.values())
