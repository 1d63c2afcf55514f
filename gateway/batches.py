"""
The way of a batch into a collection: a thousand items at a time, tried again when other writers interfere.

`upsert` is what the API, the imports and the demo call. `run` stores what a collection has checked
and names what the database refuses.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import ClassVar, Protocol

from django.apps import apps
from django.db import DataError, IntegrityError, OperationalError, transaction
from django.db.models import BaseConstraint, F, Model, Q
from pydantic import BaseModel

from gateway.collections import BatchResult, collections, may_everything
from gateway.drafts import Draft
from gateway.errors import DomainError
from gateway.panels import PermissionCheck
from gateway.tables import LostRace

logger = logging.getLogger(__name__)

CHUNK_SIZE = 1_000  # items per transaction
ATTEMPTS = 4  # one and three retries: a deadlock with another writer ends one of the two, who tries again
RACES = 20  # whoever loses a race waited for a winner who has committed, so each loss is another's progress
RETRIABLE = {"40P01", "40001"}  # deadlock detected, serialization failure


class NotFound(DomainError):
    """There is no such row."""

    code = "not_found"
    status = 404


class InUse(DomainError):
    """Other records need the row, so it cannot be deleted."""

    code = "in_use"
    status = 409


def upsert(
    *, collection: str, items: Iterable[object], now: datetime, may: PermissionCheck = may_everything
) -> BatchResult:
    """
    Upsert `items` into the collection with this key, 1,000 to a transaction, and return every outcome.

    Indexes count through all items. The same key twice in one chunk is folded (the earlier item is
    *superseded*); across two it is written twice. `may` says what the sender may see. An unknown collection
    raises `LookupError`.
    """
    target = collections[collection]
    total = BatchResult()
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK_SIZE)):
        offset = len(total.results)
        outcomes = target.upsert(chunk, now=now, may=may).results
        for outcome in outcomes:
            outcome.index += offset
        total.add(outcomes)
    return total


class Storing(Protocol):
    """What a batch needs of a collection: to write drafts, in a transaction, and to give each its outcome."""

    key: ClassVar[str]
    item: ClassVar[type[BaseModel]]
    model: ClassVar[type[Model]]
    stands_for: ClassVar[Mapping[str, str]]

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None: ...


def run(collection: Storing, drafts: list[Draft], *, now: datetime) -> None:
    """
    Store `drafts` so that each has its outcome, whatever the database and other writers say.

    A deadlock or a lost race is tried again. When the database refuses a row that the checks let
    through, the drafts are stored half by half until the one at fault stands alone and can be named.
    """
    if not drafts:
        return
    attempts = races = 0
    while True:
        for draft in drafts:
            draft.outcome = None
        try:
            with transaction.atomic():
                collection.store(drafts, now=now)
        except LostRace:
            races += 1
            if races == RACES:
                _divide(collection, drafts, "Another writer keeps changing this row. Send it again.", now=now)
                break
        except OperationalError as error:
            attempts += 1
            if attempts == ATTEMPTS or _sqlstate(error) not in RETRIABLE:
                raise
            logger.info("Storing %s %s again after: %s", len(drafts), collection.key, error)
        except (IntegrityError, DataError) as error:
            _divide(collection, drafts, error, now=now)
            break
        else:
            break
    for draft in drafts:
        if draft.parts and draft.parts[0].is_open:
            _settle_parts(collection, draft, now=now)


def _divide(collection: Storing, drafts: list[Draft], reason: Exception | str, *, now: datetime) -> None:
    """Store each half of `drafts` by itself; a draft that stands alone is refused for `reason`."""
    if len(drafts) == 1:
        drafts[0].outcome = None
        _refuse(collection, drafts[0], reason)
        return
    middle = len(drafts) // 2
    for half in (drafts[:middle], drafts[middle:]):
        run(collection, half, now=now)


def _settle_parts(collection: Storing, folded: Draft, *, now: datetime) -> None:
    """Tell folded items what became of them; when their fold was refused, each is stored by itself, in order."""
    assert folded.outcome is not None  # store gave it one
    if folded.outcome.status == "failed":
        for part in folded.parts:
            run(collection, [part], now=now)
        return
    for part in folded.parts:
        if part.index == folded.index:
            part.outcome = folded.outcome
        elif part.index > folded.index or folded.outcome.stale:
            part.done("unchanged", folded.outcome.id, stale=True)
        else:
            part.done("superseded", folded.outcome.id)


def _refuse(collection: Storing, draft: Draft, reason: Exception | str) -> None:
    """Name the rule of the database that an item broke, in the words of its constraint, and the field it is about."""
    if isinstance(reason, str):
        draft.fail("", "contended", reason)
        return
    diagnosis = getattr(reason.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    if name in _rules():
        model, constraint = _rules()[name]
        sentence = str(constraint.get_violation_error_message())
        draft.fail(_field_of(collection, draft, model, constraint), name, sentence)
    elif isinstance(reason, DataError):
        draft.fail(
            "", "unstorable", f"The database cannot store this: {getattr(diagnosis, 'message_primary', reason)}."
        )
    else:
        draft.fail("", name or "refused", "The item names a record that is missing or in use by another one.")


def _sqlstate(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


@cache
def _rules() -> dict[str, tuple[type[Model], BaseConstraint]]:
    """Every constraint with its model, by the constraint's name."""
    return {
        constraint.name: (model, constraint) for model in apps.get_models() for constraint in model._meta.constraints
    }


def _field_of(collection: Storing, draft: Draft, model: type[Model], constraint: BaseConstraint) -> str:
    """Return the item's field that a constraint is about, of several one that it gives; empty where there is none."""
    if model is not collection.model:  # a part of the row, such as its consents
        named = [str(model._meta.verbose_name_plural)]
    else:
        columns = set(getattr(constraint, "fields", ()))
        for expression in (getattr(constraint, "condition", None), *getattr(constraint, "expressions", ())):
            if isinstance(expression, Q):
                columns |= expression.referenced_base_fields
            elif expression is not None:
                columns |= {part.name for part in expression.flatten() if isinstance(part, F)}  # type: ignore[attr-defined]
        in_order = [field.name for field in model._meta.concrete_fields if field.name in columns]
        named = [collection.stands_for.get(name, name) for name in in_order]
    known = [name for name in named if name in collection.item.model_fields]
    return next((name for name in known if name in draft.facts), known[0] if known else "")
