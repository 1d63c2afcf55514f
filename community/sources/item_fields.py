"""The fields of an item as a flat list: what `--map` and `--set` can name, and what kind of value each takes."""

import enum
import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


class ValueKind(enum.Enum):
    """How a cell has to be read before it can stand in an item."""

    TEXT = "text"
    INTEGER = "whole number"
    DECIMAL = "number"
    BOOLEAN = "yes or no"
    DATE = "date"
    INSTANT = "time"
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class ItemField:
    """One field by its dotted path. `is_required`: an item (or the part of it that holds the field) needs it."""

    path: str
    kind: ValueKind
    is_required: bool

    @property
    def owner(self) -> str:
        """The path of the part that holds this field: "contact" for contact.external_id, empty for the item."""
        return self.path.rpartition(".")[0]


class ItemFields:
    """
    The fields of one item class, nested ones by dots (`contact.external_id`).

    A field that is an open dictionary (`custom_fields`) takes any name after the dot, as text. Lists
    of parts (several addresses at once) have no place in one cell and are left out.
    """

    def __init__(self, item: type[BaseModel]) -> None:
        self._fields: dict[str, ItemField] = {}
        self._open: list[str] = []
        self._collect(item, prefix="")

    def __iter__(self) -> Any:
        return iter(self._fields.values())

    def get(self, path: str) -> ItemField | None:
        """Return the field at `path`, or None where there is none."""
        if field := self._fields.get(path):
            return field
        for prefix in self._open:
            if path.startswith(f"{prefix}.") and "." not in path.removeprefix(f"{prefix}.") != "":
                return ItemField(path=path, kind=ValueKind.TEXT, is_required=False)
        return None

    def paths(self) -> list[str]:
        """Return what can be named, in the order of the item: paths, and `name.*` for open dictionaries."""
        return [*self._fields, *(f"{prefix}.*" for prefix in self._open)]

    def _collect(self, item: type[BaseModel], *, prefix: str) -> None:
        for name, info in item.model_fields.items():
            path = f"{prefix}{name}"
            plain: list[Any] = []
            for choice in _choices(info.annotation):
                origin = get_origin(choice) or choice
                if isinstance(origin, type) and issubclass(origin, BaseModel):
                    self._collect(origin, prefix=f"{path}.")
                elif origin in (dict, types.MappingProxyType):
                    self._open.append(path)
                elif origin in (list, tuple, set, frozenset) and _holds_parts(choice):
                    continue
                else:
                    plain.append(origin)
            if plain:
                self._fields[path] = ItemField(path=path, kind=_kind(plain), is_required=info.is_required())


def _choices(annotation: Any) -> list[Any]:
    """Return what a value may be: the members of a union without None, markers of Annotated taken off."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _choices(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [choice for member in get_args(annotation) for choice in _choices(member)]
    return [] if annotation is type(None) else [annotation]


def _holds_parts(annotation: Any) -> bool:
    members = (get_origin(choice) or choice for argument in get_args(annotation) for choice in _choices(argument))
    return any(isinstance(member, type) and issubclass(member, BaseModel | dict) for member in members)


def _kind(choices: list[Any]) -> ValueKind:
    types_ = [choice for choice in choices if isinstance(choice, type)]
    if any(issubclass(t, list | tuple | set | frozenset) for t in types_):
        return ValueKind.LIST
    for wanted, kind in (
        (datetime, ValueKind.INSTANT),
        (date, ValueKind.DATE),
        (Decimal, ValueKind.DECIMAL),
        (bool, ValueKind.BOOLEAN),
        (int, ValueKind.INTEGER),
    ):
        if any(issubclass(t, wanted) for t in types_) and not (
            wanted is int and any(issubclass(t, str) and t is str for t in types_)
        ):
            return kind
    return ValueKind.TEXT
