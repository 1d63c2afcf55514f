"""
The way of a batch: check each item, fold the same key, store what is left, name what was refused.

`upsert` is what the API, the imports and the demo call. `SyncedCollection` is what a collection
builds on: it says what its items look like and writes a list of drafts in a fixed number of
statements; everything that is the same for all of them stands here.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from itertools import islice
from typing import Any, ClassVar

import pydantic
from django.apps import apps
from django.db import DataError, IntegrityError, OperationalError, transaction
from django.db.models import ProtectedError, RestrictedError

from gateway.collections import BatchResult, Collection, FieldError, ItemOutcome, Status, collections
from gateway.errors import DomainError
from gateway.items import refusals
from gateway.tables import Change, Key, LostRace, Row, Table

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


def upsert(*, collection: str, items: Iterable[object], now: datetime) -> BatchResult:
    """
    Upsert `items` into the collection with this key, 1,000 to a transaction, and return every outcome.

    Indexes count through all items. The same key twice in one chunk is folded (the earlier item is
    *superseded*); across two it is written twice. An unknown collection raises `LookupError`.
    """
    target = collections[collection]
    total = BatchResult()
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK_SIZE)):
        offset = len(total.results)
        outcomes = target.upsert(chunk, now=now).results
        for outcome in outcomes:
            outcome.index += offset
        total.add(outcomes)
    return total


class Additive(dict[Any, Any]):
    """A fact that adds up instead of replacing, such as dated roles: folding keeps what both items give."""


Required = Sequence[str] | Callable[["Draft"], Sequence[str]]


@dataclass(slots=True, eq=False)
class Draft:
    """
    A checked item on its way into the database.

    `facts` holds what the item gives, by name; what it leaves out is not there. `pk` is known from
    the start when a row is patched. `parts` are the items that were folded into this one, itself
    among them, when their keys are the same. `store` turns names into ids: `row_key` and `values`
    are the key and the given columns of the row.
    """

    index: int
    key: Key
    facts: dict[str, Any]
    said_at: datetime | None = None
    pk: int | None = None
    parts: "list[Draft]" = field(default_factory=list)
    row_key: Key = ()
    values: dict[str, Any] = field(default_factory=dict)
    outcome: ItemOutcome | None = None

    def done(self, status: Status, pk: int | None, *, stale: bool = False) -> None:
        self.outcome = ItemOutcome(self.index, status, pk, stale)

    def fail(self, field: str, code: str, message: str) -> None:
        """Refuse the item; several reasons add up."""
        if self.outcome is None or self.outcome.status != "failed":
            self.outcome = ItemOutcome(self.index, "failed")
        self.outcome.errors.append(FieldError(field, code, message))

    @property
    def is_open(self) -> bool:
        """Whether the item has not been settled yet."""
        return self.outcome is None


class SyncedCollection(Collection):
    """A collection whose items are checked by a pydantic model and stored by `store`."""

    key_fields: ClassVar[tuple[str, ...]]

    @cached_property
    def _no_facts(self) -> frozenset[str]:
        return frozenset(self.key_fields) | {"source_updated_at"}

    @abstractmethod
    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        """Write `drafts`, whose keys differ from each other, and give each its outcome. Runs in a transaction."""

    @abstractmethod
    def key_of(self, pk: int) -> Mapping[str, object]:
        """Return the key fields of the row `pk`, with stand-ins for what it lacks, or raise `NotFound`."""

    def facts_of(self, item: Any) -> dict[str, Any]:
        """Return what `item` gives, by name. Two spellings of one fact get one name here, so that folding works."""
        values = item.__dict__
        return {name: values[name] for name in item.model_fields_set if name not in self._no_facts}

    def problems(self, facts: Mapping[str, Any]) -> Iterable[FieldError]:
        """Say what is wrong between the fields of one item: each alone was checked before."""
        return ()

    def identity(self, item: Any) -> Key:
        """What an item is known by: two items with the same identity are the same row."""
        return tuple([getattr(item, name) for name in self.key_fields])

    def upsert(self, items: Sequence[object], *, now: datetime) -> BatchResult:
        outcomes: list[ItemOutcome | None] = [None] * len(items)
        drafts: dict[Key, Draft] = {}
        for index, raw in enumerate(items):
            draft = self._check(index, raw)
            if isinstance(draft, ItemOutcome):
                outcomes[index] = draft
                continue
            known = drafts.get(draft.key)
            if known is not None:
                draft = _fold(known, draft)
            drafts[draft.key] = draft
        run(self, list(drafts.values()), now=now)
        for draft in drafts.values():
            for one in draft.parts or [draft]:
                outcomes[one.index] = one.outcome
        result = BatchResult()
        result.add([outcome for outcome in outcomes if outcome is not None])
        return result

    def patch(self, pk: int, changes: Mapping[str, object], *, now: datetime) -> ItemOutcome:
        key = self.key_of(pk)
        for name in key:
            if name in changes:
                message = "This is what the row is known by and never changes."
                return ItemOutcome(0, "failed", None, errors=[FieldError(name, "key", message)])
        draft = self._check(0, {**key, **changes})
        if isinstance(draft, ItemOutcome):
            return draft
        draft.pk = pk
        run(self, [draft], now=now)
        assert draft.outcome is not None  # run leaves no draft without one
        return draft.outcome

    def _check(self, index: int, raw: object) -> Draft | ItemOutcome:
        if not isinstance(raw, Mapping):
            problem = FieldError("", "not_an_object", "An item is an object with the fields of its collection.")
            return ItemOutcome(index, "failed", errors=[problem])
        try:
            item = self.item.model_validate(raw if isinstance(raw, dict) else dict(raw))
        except pydantic.ValidationError as error:
            return ItemOutcome(index, "failed", errors=refusals(error))
        facts = self.facts_of(item)
        problems = list(self.problems(facts))
        if problems:
            return ItemOutcome(index, "failed", errors=problems)
        return Draft(index, self.identity(item), facts, getattr(item, "source_updated_at", None))

    def stored(self, pk: int, *columns: str) -> dict[str, Any]:
        """Return these columns of the row `pk`; raises `NotFound`."""
        found = self.model._default_manager.filter(pk=pk).values(*columns).first()
        if found is None:
            raise NotFound(f"There is no row {pk} in {self.key}.")
        return found

    def known_by(self, pk: int) -> dict[str, Any]:
        """Return source and external id of the row `pk`, or stand-ins when staff entered it here."""
        found = self.stored(pk, "source", "external_id")
        return found if found["source"] is not None else {"source": "kith", "external_id": str(pk)}

    def delete(self, pk: int) -> None:
        """Delete the row `pk`; raises `NotFound`, and `InUse` when other records need it."""
        try:
            deleted, _ = self.model._default_manager.filter(pk=pk).delete()
        except (ProtectedError, RestrictedError, IntegrityError):
            name = self.model._meta.verbose_name
            raise InUse(
                f"Other records need this {name}. Archive it instead; what it is known by stays taken."
            ) from None
        if not deleted:
            raise NotFound(f"There is no row {pk} in {self.key}.")


def _fold(known: Draft, later: Draft) -> Draft:
    """Put a later item on top of an earlier one with the same key, unless its source says that it is older."""
    is_stale = later.said_at is not None and known.said_at is not None and later.said_at < known.said_at
    return Draft(
        index=known.index if is_stale else later.index,
        key=known.key,
        facts=known.facts if is_stale else _fold_facts(known.facts, later.facts),
        said_at=known.said_at if is_stale else later.said_at or known.said_at,
        parts=[*(known.parts or [known]), later],
    )


def _fold_facts(known: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    added = {
        name: Additive(known[name] | value)
        for name, value in later.items()
        if isinstance(value, Additive) and isinstance(known.get(name), Additive)
    }
    return known | later | added


def run(collection: SyncedCollection, drafts: list[Draft], *, now: datetime) -> None:
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


def _divide(collection: SyncedCollection, drafts: list[Draft], reason: Exception | str, *, now: datetime) -> None:
    """Store each half of `drafts` by itself; a draft that stands alone is refused for `reason`."""
    if len(drafts) == 1:
        drafts[0].outcome = None
        _refuse(drafts[0], reason)
        return
    middle = len(drafts) // 2
    for half in (drafts[:middle], drafts[middle:]):
        run(collection, half, now=now)


def _settle_parts(collection: SyncedCollection, folded: Draft, *, now: datetime) -> None:
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


def _refuse(draft: Draft, reason: Exception | str) -> None:
    """Name the rule of the database that an item broke, in the words of its constraint."""
    if isinstance(reason, str):
        draft.fail("", "contended", reason)
        return
    diagnosis = getattr(reason.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    if name in _rules():
        draft.fail("", name, _rules()[name])
    elif isinstance(reason, DataError):
        draft.fail(
            "", "unstorable", f"The database cannot store this: {getattr(diagnosis, 'message_primary', reason)}."
        )
    else:
        draft.fail("", name or "refused", "Something that this item names is missing or belongs to another row.")


def _sqlstate(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


@cache
def _rules() -> dict[str, str]:
    """Every constraint's sentence for people, by the constraint's name."""
    return {
        constraint.name: str(constraint.get_violation_error_message())
        for model in apps.get_models()
        for constraint in model._meta.constraints
    }


def write_rows(table: Table, drafts: Sequence[Draft], *, required: Required = ()) -> None:
    """
    Create or change one row per open draft from its `row_key` and `values`, and settle the draft.

    `required` columns, or those it names for a draft, must be given to create a row. Raises `LostRace`.
    """
    drafts = [draft for draft in drafts if draft.is_open]
    known = table.locate([draft.row_key for draft in drafts if draft.pk is None])
    new: list[Draft] = []
    old: dict[int, Draft] = {}
    for draft in drafts:
        if draft.pk is not None:
            old[draft.pk] = draft
        elif draft.row_key in known:
            old[known[draft.row_key][0]] = draft
        elif check_complete(draft, required):
            new.append(draft)
    rows = [
        Row(pk, draft.row_key, draft.values, draft.said_at)
        for pk, draft in zip(table.reserve(len(new)), new, strict=True)
    ]
    table.insert(rows)
    for row, draft in zip(rows, new, strict=True):
        draft.done("created", row.pk)
    changes = table.change([Row(pk, draft.row_key, draft.values, draft.said_at) for pk, draft in old.items()])
    for pk, draft in old.items():
        settle(draft, pk, changes.get(pk))


def settle(draft: Draft, pk: int, change: Change | None) -> None:
    """Give a draft of the stored row `pk` its outcome. A row deleted since it was found raises `LostRace`."""
    if change is None:
        raise LostRace(draft.key)
    if change == "frozen":
        message = "The record was voided and stays as it is. Send the new facts under a new external id."
        draft.fail("", "voided", message)
    else:
        draft.done("unchanged" if change == "stale" else change, pk, stale=change == "stale")


def check_complete(draft: Draft, required: Required) -> bool:
    """Return whether the draft gives every column that a new row needs; refuse it by name of the field if not."""
    for column in required(draft) if callable(required) else required:
        if draft.values.get(column) is None:
            draft.fail(column.removesuffix("_id"), "required", "This field is required to create the row.")
    return draft.is_open
