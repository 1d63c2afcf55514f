"""
What an import source is, and what it hands over.

A source turns a path into items of the same collections that the sync API takes. It writes nothing
itself: `community.sources.importing` sends its rows through `gateway.batches`, so an import follows
the very rules that clients follow.
"""

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from gateway.errors import DomainError


class UnreadableFile(DomainError):
    """The file cannot be read to its end. Nothing was written."""

    code = "unreadable_file"


class WrongOptions(DomainError):
    """The options do not fit the file or each other. Nothing was written."""

    code = "wrong_options"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why a row cannot be taken: the column as the file calls it, what stands there, and the reason."""

    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 60 else f"{self.value[:59]}…"
        return f"{self.column} '{shown}': {self.reason}" if self.column else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """
    One row of the source as one item of a collection.

    `number` is the row's place as people count it (in a CSV file the header is row 1). `cells` is
    what the error file keeps of it. A row with `problems` has no item worth sending.
    """

    number: int
    collection: str
    item: Mapping[str, object]
    cells: Sequence[str]
    problems: Sequence[RowProblem] = ()


@dataclass(kw_only=True)
class Reading(ABC):
    """
    A path that was read once to its end, so that what follows meets no surprise.

    `total` counts the rows to come. `header` names the cells of each row in the error file, written
    with `encoding` and `delimiter`. `notes` are counts worth telling, complete once `rows` is through.
    """

    total: int
    header: Sequence[str]
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    notes: dict[str, int] = field(default_factory=dict)
    unused_columns: Sequence[str] = ()

    @abstractmethod
    def rows(self) -> Iterator[SourceRow]:
        """Yield every row, in an order in which what is named comes before what names it."""

    @abstractmethod
    def problem(self, row: SourceRow, *, item_field: str, reason: str) -> RowProblem:
        """Return why `row` was refused, told in the file's own words instead of the item's."""


# Of a folder the error file knows the name of the file and the row, and not the row itself.
MEND_THE_FOLDER = "{errors} names them: mend them in the files of {path} and import it again."


class ImportSource(ABC):
    """
    A kind of file or folder that can be imported. To add one: a file here and a line in the registry.

    `key` is the word after `manage.py import`, `label` the sentence in its help, `path_label` what
    the path leads to. `mending` says what to do about rows that failed: `{errors}` is the error file,
    `{path}` what was imported.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    path_label: ClassVar[str] = "FILE"
    mending: ClassVar[str]

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options that only this source has."""

    @abstractmethod
    def read(self, path: Path, options: Mapping[str, Any]) -> Reading:
        """Check `path` to its end and return its reading. Raises `UnreadableFile` or `WrongOptions`."""
