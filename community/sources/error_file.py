"""The error file of an import: the rows that were refused, and why."""

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import TextIO

from community.sources.source import Reading, SourceRow, UnreadableFile
from gateway.spreadsheets import escape_formula

ROW_NUMBER_COLUMN = "import_row"  # which row of the original file it was
REASON_COLUMN = "import_error"  # why it was refused


class ErrorFile:
    """
    What its reading keeps of the failed rows, written as the first of them turns up.

    That of a CSV file holds the original cells, and can be mended and imported by the same command:
    the two columns that say what was wrong stand first, so that rows with too many or too few cells
    keep their shape, and are ignored. `ImportSource.mending` says what to do for each source.
    """

    def __init__(self, reading: Reading, *, path: Path | None) -> None:
        self._reading = reading
        self._path = path
        self._file: TextIO | None = None
        self.written: Path | None = None

    def __enter__(self) -> "ErrorFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: SourceRow, reason: str) -> None:
        """Write `row` with the reason why it was refused; without a path do nothing."""
        if self._path is None:
            return
        if self._file is None:
            self._file = self._open(self._path)
            self._write_row(self._file, [ROW_NUMBER_COLUMN, REASON_COLUMN, *self._reading.header])
            self.written = self._path
        self._write_row(self._file, [str(row.number), reason, *row.cells])

    def _open(self, path: Path) -> TextIO:
        try:
            # Names and addresses stand in it: readable by whoever imports alone, unless it was there and is theirs.
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            # Only the reason can hold what the file's own encoding cannot.
            return open(target, "w", encoding=self._reading.encoding, newline="", errors="backslashreplace")
        except OSError as error:
            raise UnreadableFile(
                f"The failed rows cannot be written to {path}: {error.strerror or error}. "
                "Name another place with --errors FILE, and run the import again."
            ) from error

    def _write_row(self, file: TextIO, cells: list[str]) -> None:
        csv.writer(file, delimiter=self._reading.delimiter).writerow([escape_formula(cell) for cell in cells])
