"""Import of CSV files: columns of any name, mapped to the fields of one collection."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from community.sources.cells import CellError, CellReader
from community.sources.csv_file import CsvFile, check_csv
from community.sources.error_file import REASON_COLUMN, ROW_NUMBER_COLUMN
from community.sources.item_fields import ItemField, ItemFields
from community.sources.local_time import LocalTimes
from community.sources.source import ImportSource, Reading, RowProblem, SourceRow, WrongOptions
from gateway.collections import collections

ROW_NUMBER = "#"  # what --map writes for the number of the row instead of a column's name
DAY_ENDS = {("conversions", "occurred_at")}  # a day without an hour means its last instant here, else its first
# What a row that names another one takes from that: `--set` is for the other rows. By collection and part.
TAKEN_FROM = {("conversions", "refund_of"): {"kind"}}


class CsvSource(ImportSource):
    """A CSV file with a header, one item per row."""

    key = "csv"
    label = "a CSV file: contacts, members, interactions, costs, conversions or any other collection"
    mending = "They are in {errors}: mend and import it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--as", dest="collection", required=True, choices=collections.keys(), help="what a row is")
        parser.add_argument(
            "--map",
            dest="mapping",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="take FIELD (nested ones by dots: contact.external_id) from COLUMN; # is the row's number. "
            "Without any --map, columns that are called like a field are taken",
        )
        parser.add_argument(
            "--set",
            dest="constants",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="give every row the same value, such as channel=forum or currency=DKK",
        )
        parser.add_argument(
            "--source", metavar="NAME", help="the system that the external ids are from: fills every field 'source'"
        )
        parser.add_argument("--encoding", help="text encoding if it is not UTF-8, such as cp1252 or utf-16")
        parser.add_argument("--delimiter", help="what parts the cells, such as ; or tab (default: found out)")
        parser.add_argument("--decimal-comma", action="store_true", help="numbers are written 1.234,56")
        parser.add_argument(
            "--date-format",
            metavar="FORMAT",
            help="dates that are not ISO 8601, such as %%d/%%m/%%Y or %%d.%%m.%%Y %%H:%%M",
        )
        parser.add_argument(
            "--list-separator",
            default=";",
            metavar="TEXT",
            help="what parts the entries of a list, such as tags (default: ;)",
        )
        parser.add_argument(
            "--empty-clears", action="store_true", help="an empty cell clears the field (default: it leaves it alone)"
        )

    def read(self, path: Path, options: Mapping[str, Any]) -> "CsvReading":
        reader = CellReader(
            local_times=LocalTimes(ZoneInfo(settings.KITH_TIME_ZONE)),
            decimal_comma=options["decimal_comma"],
            date_format=options["date_format"],
            list_separator=options["list_separator"],
        )
        fields = ItemFields(collections[options["collection"]].item)
        file = check_csv(path, encoding=options["encoding"], delimiter=options["delimiter"])
        plan = _Plan(
            collection=options["collection"],
            fields=fields,
            columns=_mapped_columns(file, fields, options),
            constants={},
            empty_clears=options["empty_clears"],
        )
        plan.constants = plan.constant_values(_pairs(options["constants"], "--set"), options["source"], reader)
        plan.check_required()
        data_columns = [i for i, name in enumerate(file.header) if name not in (ROW_NUMBER_COLUMN, REASON_COLUMN)]
        return CsvReading(
            total=file.total,
            header=[file.header[i] for i in data_columns],
            encoding=file.encoding,
            delimiter=file.delimiter,
            unused_columns=[
                file.header[i] for i in data_columns if file.header[i] and i not in {c.index for c in plan.columns}
            ],
            file=file,
            plan=plan,
            reader=reader,
        )


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A field and the column that it is taken from; index None: the row's number."""

    field: ItemField
    name: str
    index: int | None


@dataclass(kw_only=True)
class _Plan:
    """How a row becomes an item."""

    collection: str
    fields: ItemFields
    columns: list[_Column]
    constants: dict[str, object]
    empty_clears: bool

    def constant_values(self, given: Mapping[str, str], source: str | None, reader: CellReader) -> dict[str, object]:
        """Return what every row gets: `--set`, and `--source` for each field of that name that is in use."""
        values: dict[str, object] = {}
        for path, text in given.items():
            field = _known_field(self.fields, path, self.collection)
            try:
                values[path] = reader.value(text, field.kind, day_ends=(self.collection, path) in DAY_ENDS)
            except CellError as error:
                raise WrongOptions(f"--set {path}={text}: {error}.") from None
        if source is not None:
            taken = {column.field.path for column in self.columns} | values.keys()
            owners = {"", *(column.field.owner for column in self.columns), *(p.rpartition(".")[0] for p in values)}
            sources = [f.path for f in self.fields if f.path.rpartition(".")[2] == "source" and f.owner in owners]
            if not sources:
                raise WrongOptions(f"--source does not apply: {self.collection} have no field 'source' here.")
            values |= {path: source for path in sources if path not in taken}
        return values

    def check_required(self) -> None:
        """Raise `WrongOptions` when a field that every item needs is neither mapped nor set."""
        given = {column.field.path for column in self.columns} | self.constants.keys()
        parts = {"", *(path.rpartition(".")[0] for path in given)}
        if whole := sorted(parts & given):
            raise WrongOptions(f"'{whole[0]}' is given as a whole and in parts: choose one.")
        missing = [f.path for f in self.fields if f.is_required and f.owner in parts and f.path not in given]
        if missing:
            raise WrongOptions(
                f"{self.collection} need {_listed(missing)}: add --map {missing[0]}=COLUMN or --set {missing[0]}=VALUE"
                + (" or --source NAME." if missing[0].rpartition(".")[2] == "source" else ".")
            )

    def item(self, number: int, cells: Sequence[str], reader: CellReader) -> tuple[dict[str, object], list[RowProblem]]:
        """Return the item of a row, and what is wrong with its cells."""
        values: dict[str, object] = {}
        problems: list[RowProblem] = []
        for column in self.columns:
            path = column.field.path
            cell = str(number) if column.index is None else cells[column.index]
            if cell.strip() == "":
                if self.empty_clears:
                    values[path] = None
                continue
            try:
                values[path] = reader.value(cell, column.field.kind, day_ends=(self.collection, path) in DAY_ENDS)
            except CellError as error:
                problems.append(RowProblem(column=column.name, value=cell, reason=str(error)))
        values |= self._constants_for(values)
        return _nested(values), problems

    def _constants_for(self, values: Mapping[str, object]) -> dict[str, object]:
        """
        Return the constants of a row. A part (such as `contact`) that is mapped but empty in this row
        gets none: a guest order has no contact, not one with a source and no id. Nor does what the row takes
        from another one that it names: a refund has the kind of its original.
        """
        mapped = {column.field.owner for column in self.columns if column.field.owner}
        filled = {path.rpartition(".")[0] for path, value in values.items() if value is not None}
        taken = {path for part in filled for path in TAKEN_FROM.get((self.collection, part), ())}
        return {
            path: value
            for path, value in self.constants.items()
            if ((owner := path.rpartition(".")[0]) not in mapped or owner in filled) and path not in taken
        }


@dataclass(kw_only=True)
class CsvReading(Reading):
    """A CSV file that was checked to its end, with the plan for its rows."""

    file: CsvFile
    plan: _Plan
    reader: CellReader

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row that is not empty."""
        number_at = _index(self.file.header, ROW_NUMBER_COLUMN)
        own = {number_at, _index(self.file.header, REASON_COLUMN)}
        for place, cells in self.file.records():
            number = _row_number(cells, number_at, place)
            problems = _shape_problems(cells, self.file.header)
            item: dict[str, object] = {}
            if not problems:
                item, problems = self.plan.item(number, cells, self.reader)
            yield SourceRow(
                number=number,
                collection=self.plan.collection,
                item=item,
                cells=[cell for i, cell in enumerate(cells) if i not in own],
                problems=problems,
            )
        times = self.reader.local_times
        self.notes = {
            "times in an hour that came twice": times.ambiguous,
            "times in an hour that never came": times.missing,
        }

    def problem(self, row: SourceRow, *, item_field: str, reason: str) -> RowProblem:
        """Return the reason with the column that the field was taken from, and what stands there."""
        for column in self.plan.columns:
            if column.field.path == item_field or (item_field and column.field.path.startswith(f"{item_field}.")):
                if column.index is None:
                    return RowProblem(column=column.name, value=str(row.number), reason=reason)
                return RowProblem(column=column.name, value=_cell(row, column.name, self.header), reason=reason)
        value = self.plan.constants.get(item_field)
        return RowProblem(column=item_field, value="" if value is None else str(value), reason=reason)


def _mapped_columns(file: CsvFile, fields: ItemFields, options: Mapping[str, Any]) -> list[_Column]:
    """Return the columns in use: those that `--map` names; without any, those that are called like a field."""
    named = [name for name in file.header if name]
    columns = []
    for path, name in _pairs(options["mapping"], "--map").items():
        field = _known_field(fields, path, options["collection"])
        if name != ROW_NUMBER and name not in file.header:
            raise WrongOptions(f"{file.path.name} has no column '{name}'. Its columns: {_listed(named)}.")
        columns.append(_Column(field=field, name=name, index=_index(file.header, name)))
    if not columns:
        constants = _pairs(options["constants"], "--set")
        columns = [
            _Column(field=found, name=name, index=_index(file.header, name))
            for name in named
            if (found := fields.get(name))
            and name not in constants
            and not (options["source"] and name.rpartition(".")[2] == "source")
        ]
    if not columns:
        raise WrongOptions(
            f"No column of {file.path.name} is called like a field. Say what they mean with --map FIELD=COLUMN. "
            f"Fields: {_listed(fields.paths())}. Columns: {_listed(named)}."
        )
    return columns


def _known_field(fields: ItemFields, path: str, collection: str) -> ItemField:
    if field := fields.get(path):
        return field
    raise WrongOptions(f"{collection} have no field '{path}'. Fields: {_listed(fields.paths())}.")


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise WrongOptions(f"{option} takes FIELD=…, such as {option} email=Mail. '{text}' is not of that form.")
        if name in pairs:
            raise WrongOptions(f"{option} names the field '{name}' twice.")
        pairs[name] = value
    return pairs


def _shape_problems(cells: Sequence[str], header: Sequence[str]) -> list[RowProblem]:
    if len(cells) != len(header):
        return [
            RowProblem(
                column="", value="", reason=f"the row has {len(cells)} cells where the header has {len(header)} columns"
            )
        ]
    return [
        RowProblem(column=name, value=cell.replace("\0", "␀"), reason="the cell holds a NUL character")
        for name, cell in zip(header, cells, strict=True)
        if "\0" in cell
    ]


def _row_number(cells: Sequence[str], number_at: int | None, place: int) -> int:
    """Return the number that an error file remembers for the row, else the row's place in this file."""
    if number_at is not None and number_at < len(cells) and cells[number_at].strip().isdecimal():
        return int(cells[number_at])
    return place


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    item: dict[str, Any] = {}
    for path, value in values.items():
        *parts, name = path.split(".")
        part = item
        for step in parts:
            part = part.setdefault(step, {})
        part[name] = value
    return {name: _cleared(value) for name, value in item.items()}


def _cleared(value: object) -> object:
    """Return null for a part of which every field is cleared: clearing contact.external_id clears the contact."""
    if isinstance(value, dict):
        fields = {name: _cleared(field) for name, field in value.items()}
        return fields if any(field is not None for field in fields.values()) else None
    return value


def _cell(row: SourceRow, name: str, header: Sequence[str]) -> str:
    index = _index(header, name)
    return row.cells[index] if index is not None and index < len(row.cells) else ""


def _index(header: Sequence[str], name: str) -> int | None:
    return header.index(name) if name in header else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"
