"""Taking facts out of every figure while they stay on record: voiding, retracting."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import models, transaction

from gateway.batches import NotFound
from gateway.errors import DomainError


class Consequence(Protocol):
    def __call__(self, ids: Collection[int], /, *, now: datetime) -> object: ...


@dataclass(frozen=True, kw_only=True)
class TakingOut:
    """
    How facts of `model` are taken out: `when` gets the moment and `why` the reason, once and for good.

    The API does it to one row, the admin to many; both come here. `then` is what follows in the same
    transaction. `refusal` is what `one` raises for a row that is out already.
    """

    model: type[models.Model]
    when: str
    why: str
    done: str
    refusal: type[DomainError]
    then: Consequence | None = None

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
        noun = self.model._meta.verbose_name
        if not self.model._default_manager.filter(pk=pk).exists():
            raise NotFound(f"There is no {noun} {pk}.")
        raise self.refusal(f"The {noun} was {self.done} before.")

    def is_out(self, instance: models.Model) -> bool:
        """Whether the record was taken out before."""
        return getattr(instance, self.when) is not None
