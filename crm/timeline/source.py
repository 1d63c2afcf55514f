"""What a source of the timeline is, and what adds to the entries of another one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crm.timeline.entry import Entry
from gateway.panels import PermissionCheck, Table


@dataclass(frozen=True, kw_only=True)
class Asked:
    """
    Whose timeline is asked for, by whom, and what of it.

    `contacts` are all records of the person. `kind` and `channel` narrow it; empty is everything.
    `may` says what the reader may see. With `on_a_page` entries say what may be done with them.
    """

    person: int
    contacts: Sequence[int]
    may: PermissionCheck
    now: datetime
    kind: str = ""
    channel: str = ""
    on_a_page: bool = False


class TimelineSource(Protocol):
    """
    Something that knows what happened. `permission` is needed to see any of it.

    `kinds` are the kinds of its entries with their labels; `group` is the heading they stand under.
    `has_channels` says whether its entries happened on channels: without, a channel leaves all out.
    """

    @property
    def key(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def permission(self) -> str: ...
    @property
    def kinds(self) -> Mapping[str, str]: ...
    @property
    def has_channels(self) -> bool: ...

    def statement(self, asked: Asked) -> str:
        """
        Return a SELECT of `at` and `id` of the entries, in any order.

        It may name `contacts`, `person`, `kind`, `channel`, `at`, `bound` and `limit` as parameters.
        Only rows with (at, id) < (`at`, `bound`) are wanted, the newest `limit` of them: a statement
        that reads no more than that, from an index, stays fast however much happened.
        """

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        """Return the entries of these rows in a fixed number of queries; what shows nothing may be left out."""

    def channels(self, asked: Asked) -> Mapping[str, str]:
        """Return the channels that entries may stand on, by slug, with their names; at most one query."""


class TimelineDetail(Protocol):
    """What a higher app adds to the entries of `source`, such as the credits of a conversion."""

    @property
    def key(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def permission(self) -> str: ...

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Sequence[Table]]:
        """Return the tables that belong under each entry, in a fixed number of queries."""
