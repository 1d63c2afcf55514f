"""
The collections that other systems sync, and what one of them promises.

crm and community register theirs when Django starts. The API, the imports and the demo know only
this contract: raw items go in, one outcome per item comes out.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

import pydantic
from django.db import models

from gateway.panels import PermissionCheck
from gateway.registry import Registry

Status = Literal["created", "updated", "unchanged", "superseded", "failed"]


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: `field` is dotted (`contact.source`), empty when it is the item itself."""

    field: str
    code: str
    message: str


@dataclass
class ItemOutcome:
    """
    What became of one item.

    `id` is the row's primary key, null when the item failed. `stale` marks an item that is older
    than what is stored and therefore changed nothing. `errors` is empty unless the item failed.
    """

    index: int
    status: Status
    id: int | None = None
    stale: bool = False
    errors: list[FieldError] = field(default_factory=list)


@dataclass
class BatchResult:
    """
    The outcomes of a batch in the order of its items, and how many there are of each.

    A superseded item (its key came again later in the batch) is in no count.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    results: list[ItemOutcome] = field(default_factory=list)

    def add(self, outcomes: Sequence[ItemOutcome]) -> None:
        """Append `outcomes` and count them."""
        for outcome in outcomes:
            if outcome.status != "superseded":
                setattr(self, outcome.status, getattr(self, outcome.status) + 1)
        self.results.extend(outcomes)


def may_everything(_: str, /) -> bool:
    """Let through everything: for code that asks for nobody in particular, such as the demo's."""
    return True


class Collection(ABC):
    """
    One syncable collection.

    `key` is its path segment and the prefix of its scopes (`contacts:read`, `contacts:write`);
    `item` says what an upsert item may hold: what is absent is left as it is, null clears, a list
    replaces; `model` is the table that its ids belong to.
    """

    key: ClassVar[str]
    item: ClassVar[type[pydantic.BaseModel]]
    model: ClassVar[type[models.Model]]

    @abstractmethod
    def upsert(self, items: Sequence[object], *, now: datetime, may: PermissionCheck = may_everything) -> BatchResult:
        """
        Create or change one row per item in one transaction; the outcome says what happened to each.

        `may` says what the sender may see, which limits what they may show to others.
        """

    @abstractmethod
    def patch(
        self, pk: int, changes: Mapping[str, object], *, now: datetime, may: PermissionCheck = may_everything
    ) -> ItemOutcome:
        """
        Change the given fields of the row `pk`, by the rules of an upsert item without its key.

        The outcome's id is the row that now stands: a changed cost is replaced by a new one. A row
        that does not exist raises `gateway.batches.NotFound`.
        """

    @abstractmethod
    def remove(self, pk: int, *, now: datetime) -> None:
        """Do what DELETE means here: delete, void or leave a tombstone; refuse with `InUse` what others need."""


collections: Registry[Collection] = Registry("collection")
