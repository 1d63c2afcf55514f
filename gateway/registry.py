"""
Registries with explicit lists: what will grow is added by one file and one line.

Interaction kinds, attribution models, import sources, panels and the like all stand in a
`Registry`. Nothing is discovered by scanning folders: the line that registers is the line to read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Keyed(Protocol):
    """What a registry can hold: anything with a stable, unique key."""

    @property
    def key(self) -> str: ...


Entry = TypeVar("Entry", bound=Keyed)


class Registry(Generic[Entry]):
    """
    An ordered collection of entries found by key.

    Iterating gives the entries in the order of registration. An unknown key raises `LookupError`
    with the keys that exist; a key registered twice raises `ValueError`.
    """

    def __init__(self, noun: str, *entries: Entry) -> None:
        self.noun = noun
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self.register(entry)

    def register(self, entry: Entry) -> Entry:
        """Add `entry` and return it, so that this also serves as a decorator."""
        if entry.key in self._entries:
            raise ValueError(f"The {self.noun} '{entry.key}' is registered already.")
        self._entries[entry.key] = entry
        return entry

    def __getitem__(self, key: str) -> Entry:
        try:
            return self._entries[key]
        except KeyError:
            known = ", ".join(self._entries) or "none"
            raise LookupError(f"There is no {self.noun} '{key}'. Known: {known}.") from None

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[str]:
        """Every key, in the order of registration."""
        return list(self._entries)

    @contextmanager
    def temporarily(self, entry: Entry) -> Iterator[Entry]:
        """Register `entry` for the length of a `with` block: for tests."""
        self.register(entry)
        try:
            yield entry
        finally:
            del self._entries[entry.key]
