"""
What a merge can take over from the losing record, value by value.

Every value has a path: a column (`full_name`), one tag (`tags:vip`) or one custom field
(`custom_fields:plan`). A merge decides some paths of the survivor and notes for each what it was before
and after: a layer. Layers of later merges lie on top of each other, so each can be taken out alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.auth import get_user_model

from crm.models import Company, Contact
from crm.stages import later_stage, stage_label
from gateway.users import name_of_user

Choice = Literal["survivor", "loser", "both"]
Layer = dict[str, Any]  # "before" and "after"; a value that was not there has no entry

ABSENT: Any = object()


@dataclass(frozen=True)
class MergeField:
    """A field to choose: `column` holds it, `choices` are the sides to choose from, the first one the default."""

    key: str
    label: str
    column: str
    choices: tuple[Choice, ...] = ("survivor", "loser")


# United unless somebody says otherwise: a wish not to be contacted is never lost by accident.
_UNITED: tuple[Choice, ...] = ("both", "survivor")
COLUMNS = (
    MergeField("full_name", "Full name", "full_name"),
    MergeField("preferred_name", "Preferred name", "preferred_name"),
    MergeField("company", "Company", "company_id"),
    MergeField("owner", "Owner", "owner_id"),
    MergeField("stage", "Stage", "stage"),
    MergeField("motivation", "What moves this person", "motivation"),
    MergeField("language", "Language", "language"),
    MergeField("country", "Country", "country"),
    MergeField("birth_year", "Year of birth", "birth_year"),
    MergeField("time_zone", "Time zone", "time_zone"),
    MergeField("tags", "Tags", "tags", _UNITED),
    MergeField("do_not_contact", "Do not contact", "do_not_contact", _UNITED),
)
CUSTOM = "custom_fields"
NAMELESS = "(without a name)"  # a custom field that its source calls nothing


def fields_of(survivor: Contact, loser: Contact) -> list[MergeField]:
    """Return every field that can be chosen for these two, custom fields of either included."""
    names = [*survivor.custom_fields, *(name for name in loser.custom_fields if name not in survivor.custom_fields)]
    return [*COLUMNS, *(MergeField(f"{CUSTOM}:{name}", name or NAMELESS, CUSTOM) for name in names)]


def value_of(contact: Contact, path: str) -> Any:
    """Return the value at a path of a contact; `ABSENT` for a tag or custom field that it does not have."""
    column, _, name = path.partition(":")
    match column:
        case "tags" if name:
            return True if name in contact.tags else ABSENT
        case "custom_fields":
            return contact.custom_fields.get(name, ABSENT)
        case "company" | "owner":
            return getattr(contact, f"{column}_id")
    return getattr(contact, column)


def set_value(contact: Contact, path: str, value: Any) -> None:
    """Put a value at a path of a contact in memory; `ABSENT` takes a tag or custom field away."""
    column, _, name = path.partition(":")
    if column == "tags":
        if value is ABSENT:
            contact.tags = [tag for tag in contact.tags if tag != name]
        elif name not in contact.tags:
            contact.tags = [*contact.tags, name]
    elif column == CUSTOM:
        others = {key: kept for key, kept in contact.custom_fields.items() if key != name}
        contact.custom_fields = others if value is ABSENT else {**contact.custom_fields, name: value}
    else:
        setattr(contact, f"{column}_id" if column in ("company", "owner") else column, value)


def columns_of(paths: Iterable[str]) -> set[str]:
    """Return the columns that these paths are in, by the names that the database gives them."""
    columns = {field.key: field.column for field in COLUMNS} | {CUSTOM: CUSTOM}
    return {columns[path.partition(":")[0]] for path in paths}


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the letter: 1, 1.0 and true are three values of a custom field."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def default_choice(field: MergeField, survivor: Contact, loser: Contact) -> Choice:
    """
    Return the side that is taken unless somebody chooses.

    The survivor's value where there is one, the later stage, all tags, and the wish not to be contacted
    of either.
    """
    if field.choices is _UNITED:
        return "both"
    mine, theirs = value_of(survivor, field.key), value_of(loser, field.key)
    if field.key == "stage":
        return "survivor" if later_stage(mine, theirs) == mine else "loser"
    return "loser" if _is_empty(mine) and not _is_empty(theirs) else "survivor"


def layers(survivor: Contact, loser: Contact, choices: Mapping[str, Choice]) -> dict[str, Layer]:
    """
    Return what a merge with these choices decides of the survivor: a layer for each path.

    A path that is decided without being changed has a layer too: it stands when an earlier merge that
    brought the same is taken apart.
    """
    decided = {}
    for path, after in _decided(survivor, loser, choices):
        before = value_of(survivor, path)
        decided[path] = {name: value for name, value in (("before", before), ("after", after)) if value is not ABSENT}
    return decided


def _decided(survivor: Contact, loser: Contact, choices: Mapping[str, Choice]) -> Iterator[tuple[str, Any]]:
    for field in fields_of(survivor, loser):
        choice = choices[field.key]
        if field.key == "tags":
            if choice == "both":
                yield from ((f"tags:{tag}", True) for tag in loser.tags)
        elif field.key == "do_not_contact":
            if choice == "both" and loser.do_not_contact:
                yield "do_not_contact", True
        elif choice == "loser":
            yield field.key, value_of(loser, field.key)


def label_of(path: str) -> str:
    """Return what people call the value at a path: “Full name”, “Tag vip”, the name of a custom field."""
    column, _, name = path.partition(":")
    if column == "tags":
        return f"Tag “{name}”"
    if column == CUSTOM:
        return name or NAMELESS
    return next(field.label for field in COLUMNS if field.key == column)


def shown(path: str, value: Any) -> str:
    """Return a value at a path as a person reads it; empty for none. A query for a company or an owner."""
    if _is_empty(value):
        return ""
    match path:
        case "company":
            return str(Company.objects.filter(pk=value).first() or "one that was deleted")
        case "owner":
            return name_of_user(get_user_model().objects.filter(pk=value).first()) or "one that was deleted"
        case "stage":
            return stage_label(value)
        case "tags":
            return ", ".join(value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)


def place_of(path: str) -> tuple[int, str]:
    """Return by what paths are ordered for people: columns as they stand above, custom fields after them."""
    order = [field.key for field in COLUMNS]
    column = path.partition(":")[0]
    return (order.index(column) if column in order else len(order)), path


def _is_empty(value: Any) -> bool:
    return value is ABSENT or value is None or value == ""
