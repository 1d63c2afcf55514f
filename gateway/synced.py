"""What every collection is built on: it checks items, folds them by key and has them stored as a batch."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import pydantic
from django.db import IntegrityError
from django.db.models import ProtectedError, RestrictedError

from gateway.batches import InUse, NotFound, run
from gateway.collections import BatchResult, Collection, FieldError, ItemOutcome, may_everything
from gateway.drafts import Draft, fold
from gateway.items import refusals
from gateway.panels import PermissionCheck
from gateway.tables import Key

AHEAD = timedelta(days=1)  # what a wrong zone or a slow clock explains; above it a source's own time is wrong
ARCHIVE = "Archive it instead; what it is known by stays taken."


class SyncedCollection(Collection):
    """A collection whose items are checked by a pydantic model and stored by `store`."""

    key_fields: ClassVar[tuple[str, ...]]
    key_paths: ClassVar[Mapping[str, str]] = {}  # where key fields stand that have no column of their name
    stands_for: ClassVar[Mapping[str, str]] = {}  # columns that no field of an item has the name of
    instead_of_deleting: ClassVar[str] = "Delete those first."  # what to do where other records need a row

    @cached_property
    def _no_facts(self) -> frozenset[str]:
        return frozenset(self.key_fields) | {"source_updated_at"}

    @abstractmethod
    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        """Write `drafts`, whose keys differ from each other, and give each its outcome. Runs in a transaction."""

    def key_of(self, pk: int) -> Mapping[str, object]:
        """Return the key fields of the row `pk`, with stand-ins when staff entered it here, or raise `NotFound`."""
        paths = [self.key_paths.get(name, name) for name in self.key_fields]
        found = self.stored(pk, *paths)
        if found.get("source", "") is None:
            return {"source": "kith", "external_id": str(pk)}
        return {name: found[path] for name, path in zip(self.key_fields, paths, strict=True)}

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

    def upsert(self, items: Sequence[object], *, now: datetime, may: PermissionCheck = may_everything) -> BatchResult:
        outcomes: list[ItemOutcome | None] = [None] * len(items)
        drafts: dict[Key, Draft] = {}
        for index, raw in enumerate(items):
            draft = self._check(index, raw, now)
            if isinstance(draft, ItemOutcome):
                outcomes[index] = draft
                continue
            draft.may = may
            known = drafts.get(draft.key)
            if known is not None:
                draft = fold(known, draft)
            drafts[draft.key] = draft
        run(self, list(drafts.values()), now=now)
        for draft in drafts.values():
            for one in draft.parts or [draft]:
                outcomes[one.index] = one.outcome
        result = BatchResult()
        result.add([outcome for outcome in outcomes if outcome is not None])
        return result

    def patch(
        self, pk: int, changes: Mapping[str, object], *, now: datetime, may: PermissionCheck = may_everything
    ) -> ItemOutcome:
        key = self.key_of(pk)
        for name in key:
            if name in changes:
                message = "This is what the row is known by and never changes."
                return ItemOutcome(0, "failed", None, errors=[FieldError(name, "key", message)])
        draft = self._check(0, {**key, **changes}, now)
        if isinstance(draft, ItemOutcome):
            return draft
        draft.pk, draft.may = pk, may
        run(self, [draft], now=now)
        assert draft.outcome is not None  # run leaves no draft without one
        return draft.outcome

    def _check(self, index: int, raw: object, now: datetime) -> Draft | ItemOutcome:
        if not isinstance(raw, Mapping):
            problem = FieldError("", "not_an_object", "An item is an object with the fields of its collection.")
            return ItemOutcome(index, "failed", errors=[problem])
        try:
            item = self.item.model_validate(raw if isinstance(raw, dict) else dict(raw))
        except pydantic.ValidationError as error:
            return ItemOutcome(index, "failed", errors=refusals(error))
        facts = self.facts_of(item)
        said_at = getattr(item, "source_updated_at", None)
        problems = list(self.problems(facts))
        if said_at is not None and said_at - now > AHEAD:
            message = (
                "This lies more than a day ahead of Kith's clock, and would keep out every later change until then."
                " Set the source's clock, or leave the field out."
            )
            problems.append(FieldError("source_updated_at", "too_far_ahead", message))
        if problems:
            return ItemOutcome(index, "failed", errors=problems)
        return Draft(index, self.identity(item), facts, said_at)

    def stored(self, pk: int, *columns: str) -> dict[str, Any]:
        """Return these columns of the row `pk`; raises `NotFound`."""
        found = self.model._default_manager.filter(pk=pk).values(*columns).first()
        if found is None:
            raise NotFound(f"There is no row {pk} in {self.key}.")
        return found

    def delete(self, pk: int) -> None:
        """Delete the row `pk`; raises `NotFound`, and `InUse` when other records need it."""
        try:
            deleted, _ = self.model._default_manager.filter(pk=pk).delete()
        except (ProtectedError, RestrictedError, IntegrityError):
            name = self.model._meta.verbose_name
            raise InUse(f"Other records need this {name}. {self.instead_of_deleting}") from None
        if not deleted:
            raise NotFound(f"There is no row {pk} in {self.key}.")
