"""
Panels: what higher apps show on a page that a lower app owns.

The contact page shows help, figures and credits although crm knows nothing of them. The lower app
owns the page and a registry of panels; higher apps register theirs in `ready()`. A panel answers
for a batch of ids in a fixed number of queries and gives plain values, never HTML or model
instances, so the same panel serves the admin and any other reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from gateway.registry import Registry

Unit = Literal["money", "percent", "times", "count", "decimal", "rating", "text", "sentence", "day", "time"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """Where to look closer: the name of a page of the admin, its arguments, and its query."""

    page: str
    args: tuple[object, ...] = ()
    query: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    One number with its label. `value` None is undefined, and `note` says why.

    Money is in the reporting currency in major units, percent a fraction, times a ratio such as ROAS.
    """

    label: str
    value: object
    unit: Unit = "text"
    note: str = ""
    link: Link | None = None
    is_main: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its heading and the unit of its values."""

    label: str
    unit: Unit = "text"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RowAction:
    """
    Something that may be done with a row of a table: the page at `link` asks in a dialog and does it.

    Where `is_at_once`, there is nothing to ask: the page does it by POST, and its message offers to undo.
    """

    label: str
    link: Link
    is_at_once: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    A row of a table: one value per column.

    `links`, `notes` and `signs` go by the position of the column; a note is what a cell says when asked,
    such as why a figure is undefined, a sign a warning beside the value. `actions` stand below the first value.
    `is_current` is the row that the page is about.
    """

    values: tuple[object, ...]
    links: Mapping[int, Link | None] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    signs: Mapping[int, str] = field(default_factory=dict)
    actions: Sequence[RowAction] = ()
    is_total: bool = False
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows behind a figure. `empty` is the sentence shown when there are none; `more` leads to all of them."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str
    more: Link | None = None
    more_label: str = "Show all"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line or set of bars of a chart."""

    label: str
    values: Sequence[object]
    shape: Literal["line", "bar"] = "bar"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Values over time: one label per point, all series in the same unit."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: Unit = "money"


@dataclass(frozen=True, kw_only=True)
class PanelContent:
    """What a panel has to say about one object. `notes` are sentences that belong beside the figures."""

    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class PageAction:
    """
    Something to do from an object's page: a button that opens `page` of the admin with the object's id.

    Where `is_dialog`, the page answers with a fragment and is shown on top of the page it came from;
    what it saves is announced by the event `kith:saved`, and it stands in the rows of lists as well, unless
    `is_in_rows` is false. `shortcut` is one key that does the same. Whoever has the permission `unless` is not offered
    it: there is something better for them.
    """

    key: str
    label: str
    icon: str
    page: str
    permission: str
    order: int = 50
    is_dialog: bool = False
    is_in_rows: bool = True
    shortcut: str = ""
    unless: str = ""


class PermissionCheck(Protocol):
    """
    Whether the reader has a permission, named as `user.has_perm` takes it.

    For a user it is `request.user.has_perm`, for a client of the API the view's `self.may` (its scopes).
    """

    def __call__(self, permission: str, /) -> bool: ...


class Panel(Protocol):
    """A part of a page. `order` is its place, ties broken by key; `permission` is needed to see it."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def permission(self) -> str: ...
    @property
    def description(self) -> str: ...

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        """
        Return the content for each id asked for, in a fixed number of queries.

        `may` says what else the reader may see: texts said in private and addresses are left out by it.
        """


@dataclass(frozen=True, kw_only=True)
class Tile:
    """
    One figure at the top of a page, with a stable key; `order` is its place, ties broken by key.

    `stage` says that the figure's instant is when a person came to that stage, and `because` why.
    """

    key: str
    order: int
    figure: Figure
    stage: str = ""
    because: str = ""


class TileProvider(Protocol):
    """Some of the tiles of a page, worked out together; `permission` is needed to see them."""

    @property
    def key(self) -> str: ...
    @property
    def permission(self) -> str: ...
    @property
    def description(self) -> str: ...

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, Sequence[Tile]]:
        """Return the tiles for each id asked for, in a fixed number of queries."""


def tiles_for(registry: Registry[TileProvider], *, instance_id: int, may: PermissionCheck, now: datetime) -> list[Tile]:
    """Return the permitted tiles of a page for one object, in their order."""
    tiles = [
        tile
        for provider in registry
        if may(provider.permission)
        for tile in provider.load([instance_id], now=now, may=may)[instance_id]
    ]
    return sorted(tiles, key=lambda tile: (tile.order, tile.key))


def actions_for(registry: Registry[PageAction], *, may: PermissionCheck) -> list[PageAction]:
    """Return the permitted actions of a page in their order, ties broken by key."""
    permitted = (action for action in registry if may(action.permission) and not (action.unless and may(action.unless)))
    return sorted(permitted, key=lambda action: (action.order, action.key))


def permitted_panels(registry: Registry[Panel], *, may: PermissionCheck) -> list[Panel]:
    """Return the permitted panels of a page in their order, ties broken by key."""
    return sorted((panel for panel in registry if may(panel.permission)), key=lambda panel: (panel.order, panel.key))


def panels_for(
    registry: Registry[Panel], *, instance_id: int, may: PermissionCheck, now: datetime
) -> list[tuple[Panel, PanelContent]]:
    """Return the permitted panels of a page in their order, each with its content for one object."""
    return [
        (panel, panel.load([instance_id], now=now, may=may)[instance_id])
        for panel in permitted_panels(registry, may=may)
    ]
