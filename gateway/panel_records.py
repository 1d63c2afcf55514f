"""Panels, tiles and tables as data: what a page shows, for the API. Rounded as in reports, never formatted."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

import pydantic

from gateway.panels import Figure, Link, PanelContent, Table, Unit

Json = dict[str, Any]
Value = str | int | bool | None  # money and ratios as texts, times and days in ISO 8601

FRACTION = Decimal("0.0001")


class _Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")


class NamedRecord(_Shape):
    """The record that something leads to: its type, such as `community.interaction`, and its id."""

    type: str
    id: int | str


class FigureRecord(_Shape):
    """
    One figure. `value` null is undefined, and `note` says why.

    By `unit`: money is in the reporting currency, percent and times are fractions with four decimals
    ("1.0000" is 100 %), time is an instant, day a date or an instant of which the day matters.
    """

    label: str
    value: Value
    unit: str
    note: str
    record: NamedRecord | None


class TileRecord(FigureRecord):
    """A figure at the top of the page, by its stable key."""

    key: str


class ColumnRecord(_Shape):
    label: str
    unit: str


class RowRecord(_Shape):
    """One value for each column, and the record that each leads to, if any."""

    values: list[Value]
    records: list[NamedRecord | None]


class TableRecord(_Shape):
    title: str
    columns: list[ColumnRecord]
    rows: list[RowRecord]


class PanelRecord(_Shape):
    """A part of the page, by its stable key."""

    key: str
    title: str
    figures: list[FigureRecord]
    tables: list[TableRecord]
    notes: list[str]


def figure_as_json(figure: Figure) -> Json:
    """Return a figure as `FigureRecord` describes it."""
    return {
        "label": figure.label,
        "value": _plain(figure.value, figure.unit),
        "unit": figure.unit,
        "note": figure.note,
        "record": named(figure.link),
    }


def table_as_json(table: Table) -> Json:
    """Return a table as `TableRecord` describes it."""
    return {
        "title": table.title,
        "columns": [{"label": column.label, "unit": column.unit} for column in table.columns],
        "rows": [
            {
                "values": [_plain(value, column.unit) for value, column in zip(row.values, table.columns, strict=True)],
                "records": [named(row.links.get(place)) for place in range(len(row.values))],
            }
            for row in table.rows
        ],
    }


def tables_as_json(tables: Iterable[Table]) -> list[Json]:
    """Return tables as `TableRecord` describes them."""
    return [table_as_json(table) for table in tables]


class Titled(Protocol):
    """What has a stable key and a title: a panel, or a part of a preview."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...


def panels_as_json(panels: Sequence[tuple[Titled, PanelContent]]) -> list[Json]:
    """Return panels with their contents as `PanelRecord` describes them."""
    return [
        {
            "key": panel.key,
            "title": panel.title,
            "figures": [figure_as_json(figure) for figure in content.figures],
            "tables": tables_as_json(content.tables),
            "notes": list(content.notes),
        }
        for panel, content in panels
    ]


def named(link: Link | None) -> Json | None:
    """Return the record that a link of the admin leads to; None for a list, or for none."""
    if link is None or not link.page.endswith("_change") or not link.args:
        return None
    app, _, model = link.page.removeprefix("admin:").removesuffix("_change").partition("_")
    return {"type": f"{app}.{model}", "id": link.args[0]}


def _plain(value: object, unit: Unit) -> object:
    """Return a value as JSON can hold it; ratios rounded half up to four decimals."""
    if isinstance(value, Decimal) and unit in ("percent", "times", "rating", "decimal"):
        return value.quantize(FRACTION, rounding=ROUND_HALF_UP)
    if isinstance(value, list | tuple | dict):
        return str(value)
    return value
