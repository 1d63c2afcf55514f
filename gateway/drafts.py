"""
Drafts: checked items on their way into the database, folded by key, written as rows.

A collection's `store` turns what a draft says into the columns of a row and hands the drafts to
`write_rows`; whatever happens to a draft ends in its outcome.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.collections import FieldError, ItemOutcome, Status, may_everything
from gateway.panels import PermissionCheck
from gateway.tables import Change, Key, LostRace, Row, Table


class Additive(dict[Any, Any]):
    """A fact that adds up instead of replacing, such as dated roles: folding keeps what both items give."""


Required = Sequence[str] | Callable[["Draft"], Sequence[str]]


@dataclass(slots=True, eq=False)
class Draft:
    """
    A checked item on its way into the database.

    `facts` holds what the item gives, by name; what it leaves out is not there. `pk` is known from
    the start when a row is patched. `may` says what whoever sent it may see. `parts` are the items
    that were folded into this one, itself among them, when their keys are the same. `store` turns
    names into ids: `row_key` and `values` are the key and the given columns of the row.
    """

    index: int
    key: Key
    facts: dict[str, Any]
    said_at: datetime | None = None
    pk: int | None = None
    may: PermissionCheck = may_everything
    parts: "list[Draft]" = field(default_factory=list)
    row_key: Key = ()
    values: dict[str, Any] = field(default_factory=dict)
    outcome: ItemOutcome | None = None

    def done(self, status: Status, pk: int | None, *, stale: bool = False) -> None:
        self.outcome = ItemOutcome(self.index, status, pk, stale)

    def fail(self, field: str, code: str, message: str) -> None:
        """Refuse the item; several reasons add up."""
        if self.outcome is None or self.outcome.status != "failed":
            self.outcome = ItemOutcome(self.index, "failed")
        self.outcome.errors.append(FieldError(field, code, message))

    @property
    def is_open(self) -> bool:
        """Whether the item has not been settled yet."""
        return self.outcome is None


def fold(known: Draft, later: Draft) -> Draft:
    """Put a later item on top of an earlier one with the same key, unless its source says that it is older."""
    is_stale = later.said_at is not None and known.said_at is not None and later.said_at < known.said_at
    return Draft(
        index=known.index if is_stale else later.index,
        key=known.key,
        facts=known.facts if is_stale else _fold_facts(known.facts, later.facts),
        said_at=known.said_at if is_stale else later.said_at or known.said_at,
        may=later.may,
        parts=[*(known.parts or [known]), later],
    )


def _fold_facts(known: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    added = {
        name: Additive(known[name] | value)
        for name, value in later.items()
        if isinstance(value, Additive) and isinstance(known.get(name), Additive)
    }
    return known | later | added


def write_rows(
    table: Table,
    drafts: Sequence[Draft],
    *,
    required: Required = (),
    beforehand: Callable[[Sequence[int]], None] = lambda ids: None,
) -> None:
    """
    Create or change one row per open draft from its `row_key` and `values`, and settle the draft.

    `required` columns, or those it names for a draft, must be given to create a row. `beforehand` is told which rows
    differ before they are written. Raises `LostRace`.
    """
    drafts = [draft for draft in drafts if draft.is_open]
    known = table.locate([draft.row_key for draft in drafts if draft.pk is None])
    new: list[Draft] = []
    old: dict[int, Draft] = {}
    for draft in drafts:
        if draft.pk is not None:
            old[draft.pk] = draft
        elif draft.row_key in known:
            old[known[draft.row_key][0]] = draft
        elif check_complete(draft, required):
            new.append(draft)
    rows = [
        Row(pk, draft.row_key, draft.values, draft.said_at)
        for pk, draft in zip(table.reserve(len(new)), new, strict=True)
    ]
    table.insert(rows)
    for row, draft in zip(rows, new, strict=True):
        draft.done("created", row.pk)
    changed = [Row(pk, draft.row_key, draft.values, draft.said_at) for pk, draft in old.items()]
    changes = table.change(changed, beforehand=beforehand)
    for pk, draft in old.items():
        settle(draft, pk, changes.get(pk))


def settle(draft: Draft, pk: int, change: Change | None) -> None:
    """Give a draft of the stored row `pk` its outcome. A row deleted since it was found raises `LostRace`."""
    if change is None:
        raise LostRace(draft.key)
    if change == "frozen":
        message = "The record was voided and stays as it is. Restore it, or send the facts under a new external id."
        draft.fail("", "voided", message)
    else:
        draft.done("unchanged" if change == "stale" else change, pk, stale=change == "stale")


def check_complete(draft: Draft, required: Required) -> bool:
    """Return whether the draft gives every column that a new row needs; refuse it by name of the field if not."""
    for column in required(draft) if callable(required) else required:
        if draft.values.get(column) is None:
            draft.fail(column.removesuffix("_id"), "required", "This field is required to create the row.")
    return draft.is_open
