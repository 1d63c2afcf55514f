"""
CSV files as people have them: read safely, row by row, or refused with one clear sentence.

The whole file is read once before anything is written, so a file that breaks off in its middle
leaves nothing behind. What is wrong with single rows is left to the caller.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from community.sources.source import UnreadableFile, WrongOptions
from gateway.spreadsheets import unescape_formula

MAX_COLUMNS = 1_000
MAX_CELL = 1_048_576  # characters in one cell
MAX_LINE = 4 * MAX_CELL  # characters in one line: what keeps memory bounded
START = 512  # bytes that tell what kind of file it is
SAMPLE_ROWS = 50  # rows looked at to find the delimiter
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip archive. Save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "compressed with gzip. Unpack it first",
    b"%PDF": "a PDF. Export the table as CSV (UTF-8)",
}


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """A CSV file that can be read to its end: its header, and how many rows follow it."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    total: int

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (row number, cells) for every row but the header and empty lines. The header is row 1."""
        with _open(self.path, self.encoding) as file:
            yield from _rows_after_header(_records(file, self.delimiter))


def check_csv(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
    """
    Read the file at `path` to its end and return what is in it.

    Without `encoding` it must be UTF-8, with or without a byte order mark; without `delimiter` the
    one that fits its first rows is taken. Raises `UnreadableFile` with the row and how to mend it,
    `WrongOptions` for an encoding or delimiter that cannot be.
    """
    used_encoding = _checked_encoding(path, encoding)
    try:
        used_delimiter = _named_delimiter(delimiter) if delimiter else _detected_delimiter(path, used_encoding)
        with _open(path, used_encoding) as file:
            records = _records(file, used_delimiter)
            header = _checked_header(path, records, used_delimiter)
            total = sum(1 for _ in _rows_after_header(records, header_read=True))
    except UnicodeError as error:
        raise UnreadableFile(_undecodable(path, used_encoding, encoding is not None)) from error
    return CsvFile(path=path, encoding=used_encoding, delimiter=used_delimiter, header=header, total=total)


def _open(path: Path, encoding: str) -> TextIO:
    try:
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror or error}.") from error


def _records(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) for every row, header and empty lines included."""
    csv.field_size_limit(MAX_CELL)  # the reader knows this limit for the whole process only
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(_broken(error, number, first_line, reader.line_num)) from error
        yield number, [unescape_formula(cell) for cell in cells]


def _rows_after_header(
    records: Iterator[tuple[int, list[str]]], *, header_read: bool = False
) -> Iterator[tuple[int, list[str]]]:
    filled = (record for record in records if any(record[1]))
    if not header_read:
        next(filled, None)
    return filled


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise UnreadableFile(f"Line {number:,} is longer than {MAX_LINE:,} characters. Is this a CSV file?")
        yield line


def _broken(error: csv.Error, number: int, first_line: int, last_line: int) -> str:
    where = f"Row {number:,} (line {first_line:,})"
    if "unexpected end of data" in str(error):
        return f"{where} opens a quote that is never closed. Close it, or double a quote that belongs to the text."
    if "field larger than field limit" in str(error):
        return f"{where} holds a cell of more than {MAX_CELL:,} characters. Is a quote not closed there?"
    if "expected after" in str(error):
        return (
            f"Row {number:,} (line {last_line:,}) closes a quote in the middle of a cell. "
            "Double a quote that belongs to the text."
        )
    return f"{where} cannot be read: {error}."


def _checked_encoding(path: Path, encoding: str | None) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(START)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror or error}.") from error
    for mark, what in _NOT_TEXT.items():
        if start.startswith(mark):
            raise UnreadableFile(f"{path.name} is not a CSV file but {what}.")
    is_marked = start.startswith(_UTF16_MARKS)
    if encoding is None and is_marked:
        raise UnreadableFile(f"{path.name} is UTF-16, not UTF-8. Add --encoding utf-16.")
    try:
        "a".encode(encoding or "utf-8", "backslashreplace")  # as the error file writes it
    except (LookupError, UnicodeError):
        raise WrongOptions(
            f"There is no text encoding '{encoding}'. Common ones: utf-8, utf-16, cp1252, iso-8859-1."
        ) from None
    order = None if is_marked else _order_of_utf16(start)
    if order and not codecs.lookup(encoding or "utf-8").name.startswith(("utf-16-", "utf-32")):
        raise UnreadableFile(f"{path.name} is UTF-16 without a byte order mark. Add --encoding {order}.")
    if encoding is None:
        return "utf-8-sig"
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _order_of_utf16(start: bytes) -> str | None:
    """Return the encoding of text of which every other byte is NUL, as Latin letters have it in UTF-16."""
    for encoding, others in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if 2 * others.count(0) > len(others):
            return encoding
    return None


def _undecodable(path: Path, encoding: str, was_given: bool) -> str:
    named = "UTF-8" if encoding == "utf-8-sig" else encoding
    where = ""
    if not encoding.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as error:
                    where = f": line {number:,} holds the byte 0x{line[error.start]:02x}"
                    break
    fix = (
        "Is the encoding right?"
        if was_given
        else "Save it as UTF-8, or name its encoding, such as --encoding cp1252 for a file from Windows."
    )
    return f"{path.name} is not {named}{where}. {fix}"


def _checked_header(path: Path, records: Iterator[tuple[int, list[str]]], delimiter: str) -> tuple[str, ...]:
    header = next((cells for _, cells in records if any(cells)), None)
    if header is None:
        raise UnreadableFile(f"{path.name} is empty. Its first row must name the columns.")
    if any("\0" in name for name in header):
        raise UnreadableFile(f"{path.name} holds NUL characters in its header. If it is UTF-16, add --encoding utf-16.")
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(
            f"{path.name} has {len(header):,} columns parted by a {DELIMITERS.get(delimiter, repr(delimiter))}; "
            f"at most {MAX_COLUMNS:,} are read. Is the delimiter right? Name it with --delimiter."
        )
    names = tuple(name.strip() for name in header)
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        places = ", ".join(str(place) for place, name in enumerate(names, start=1) if name == twice[0])
        raise UnreadableFile(f"The column '{twice[0]}' stands more than once (columns {places}). Rename one.")
    return names


def _named_delimiter(delimiter: str) -> str:
    wanted = {"tab": "\t", "\\t": "\t"}.get(delimiter.lower(), delimiter)
    if len(wanted) != 1 or wanted in "\"\r\n\0'":
        raise WrongOptions(f"A delimiter is one character, such as ; or , or tab. '{delimiter}' is none.")
    return wanted


def _detected_delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that cuts the first rows into equally many cells; more cells win, a tie is refused."""
    widths = {delimiter: _widths(path, encoding, delimiter) for delimiter in DELIMITERS}
    even = {d: w[0] for d, w in widths.items() if len(set(w)) == 1 and w[0] > 1}
    candidates = even or {d: w[0] for d, w in widths.items() if w and w[0] > 1}
    if not candidates:
        return ","
    best = max(candidates.values())
    winners = [delimiter for delimiter, width in candidates.items() if width == best]
    if len(winners) > 1:
        names = " or ".join(DELIMITERS[delimiter] for delimiter in winners)
        raise UnreadableFile(f"The cells of {path.name} could be parted by {names}. Say which with --delimiter.")
    return winners[0]


def _widths(path: Path, encoding: str, delimiter: str) -> list[int]:
    widths: list[int] = []
    with _open(path, encoding) as file:
        try:
            for _, cells in _records(file, delimiter):
                if any(cells):
                    widths.append(len(cells))
                if len(widths) == SAMPLE_ROWS:
                    break
        except UnreadableFile:
            pass  # it is told once the delimiter is known; a wrong delimiter makes errors of its own
    return widths
