"""Taking facts out of every figure while they stay on record, and letting them count again: void, retract, restore."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import models, transaction

from gateway.batches import NotFound
from gateway.errors import DomainError

# For those of these rows that are out for the sake of another row: why they stay out. The others are left out of it.
Reasons = Callable[[Collection[int]], Mapping[int, DomainError]]


class NothingToRestore(DomainError):
    """The record counts, so there is nothing to restore."""

    code = "nothing_to_restore"
    status = 409


class Consequence(Protocol):
    def __call__(self, ids: Collection[int], /, *, now: datetime) -> object: ...


@dataclass(frozen=True, kw_only=True)
class TakingOut:
    """
    How facts of `model` are taken out: `when` gets the moment and `why` the reason, until they are restored.

    The API does it to one row, the admin to many; both come here. `then` is what follows in the same
    transaction. `refusal` is what `one` raises for a row that is out already, unless `replaced` knows better.
    """

    model: type[models.Model]
    when: str
    why: str
    done: str
    refusal: type[DomainError]
    then: Consequence | None = None
    replaced: Reasons | None = None

    def many(self, ids: Collection[int], *, reason: str, now: datetime) -> int:
        """Take out those of the rows that still count; return how many that were. What is out keeps its reason."""
        with transaction.atomic():
            counting = self.model._default_manager.filter(pk__in=ids, **{self.when: None})
            changed = counting.update(**{self.when: now, self.why: reason, "updated_at": now})
            if changed and self.then is not None:
                self.then(ids, now=now)
        return changed

    def one(self, pk: int, *, reason: str, now: datetime) -> None:
        """Take out the row `pk`. Raises `NotFound`, and the refusal when it is out already."""
        if self.many([pk], reason=reason, now=now):
            return
        self.check_there(pk)
        replaced = self.replaced([pk]) if self.replaced is not None else {}
        raise replaced.get(pk) or self.refusal(f"The {self.model._meta.verbose_name} was {self.done} before.")

    def check_there(self, pk: int) -> None:
        """Raise `NotFound` where there is no such row."""
        if not self.model._default_manager.filter(pk=pk).exists():
            raise NotFound(f"There is no {self.model._meta.verbose_name} {pk}.")

    def is_out(self, instance: models.Model) -> bool:
        """Whether the record was taken out before."""
        return getattr(instance, self.when) is not None

    def may_follow(self, instance: models.Model) -> bool:
        """Whether there is something to take out."""
        return not self.is_out(instance)

    def refused(self, ids: Collection[int]) -> Mapping[int, DomainError]:
        """Return which rows cannot be taken out, with why: whatever counts can be."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Restoring:
    """
    How facts that `taking_out` took out count again: as they did before, with whatever hangs on them.

    `kept_out` says which rows stay out, for they are out for the sake of another one.
    """

    taking_out: TakingOut
    kept_out: Reasons | None = None

    def many(self, ids: Collection[int], *, reason: str, now: datetime) -> int:
        """Restore those of the rows that are out and not kept out; return how many that were."""
        how = self.taking_out
        rows = how.model._default_manager.filter(pk__in=ids).exclude(**{how.when: None})
        with transaction.atomic():
            out = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
            back = sorted(set(out) - self.refused(out).keys())
            if back:
                # A row that counts has no reason. So that the history keeps this one, it first takes the other's place.
                restored = how.model._default_manager.filter(pk__in=back)
                restored.update(**{how.why: reason})
                restored.update(**{how.when: None, how.why: "", "updated_at": now})
                if how.then is not None:
                    how.then(back, now=now)
        return len(back)

    def one(self, pk: int, *, reason: str, now: datetime) -> None:
        """Restore the row `pk`. Raises `NotFound`, `NothingToRestore`, and why it is kept out."""
        if self.many([pk], reason=reason, now=now):
            return
        self.taking_out.check_there(pk)
        noun = self.taking_out.model._meta.verbose_name
        raise self.refused([pk]).get(pk) or NothingToRestore(f"The {noun} is not {self.taking_out.done}: it counts.")

    def may_follow(self, instance: models.Model) -> bool:
        """Whether the record is out, and not kept out."""
        return self.taking_out.is_out(instance) and not self.refused([instance.pk])

    def refused(self, ids: Collection[int]) -> Mapping[int, DomainError]:
        """Return which of these rows are kept out, with why."""
        return self.kept_out(ids) if self.kept_out is not None and ids else {}
