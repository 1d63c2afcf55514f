"""Upserting any number of items into a collection: what the API, the imports and the demo call."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from gateway.collections import BatchResult, collections
from gateway.errors import DomainError

CHUNK_SIZE = 1_000  # items per transaction


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

    Indexes count through all items. The same key twice in one transaction is folded (the earlier
    item is *superseded*); across two it is simply written twice. An unknown collection raises `LookupError`.
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
