"""
What merges carried from a person's records to somebody else's.

A wrong merge gave another record this person's name or tags; taken apart, the record has its own again, but
its history and the layers of other merges still say what was carried. When the person is erased, each such
value is replaced by the one that was there before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from crm.merging.fields import ABSENT, Layer, columns_of, same, set_value, value_of
from crm.models import Contact, Merge
from crm.search import refresh_search_text
from gateway.history import event_model_of

KEPT = {"stage", "do_not_contact"}  # a word of our own, and a wish: they tell nobody whose they were


@dataclass(frozen=True)
class Carried:
    """A value that somebody else's contact got from the person, and what it had `before`; by the merge with this id."""

    contact_id: int
    path: str
    value: Any
    before: Any
    merge_id: int


def carried_from(contacts: Sequence[int]) -> list[Carried]:
    """
    Return what merges carried from these contacts to others, and from those further.

    One query for each time that the others were merged into still others.
    """
    found: list[Carried] = []
    seen: set[tuple[int, str]] = set()
    said_by: dict[int, list[Carried] | None] = dict.fromkeys(contacts)  # None: whatever they said is the person's
    while said_by:
        merges = Merge.objects.filter(loser__in=said_by).exclude(survivor__in=contacts).order_by("pk")
        new = [
            Carried(merge.survivor_id, path, layer["after"], layer.get("before", ABSENT), merge.pk)
            for merge in merges
            for path, layer in merge.taken_over.items()
            if (merge.pk, path) not in seen and path not in KEPT and _carries(layer, path, said_by[merge.loser_id])
        ]
        seen |= {(one.merge_id, one.path) for one in new}
        found += new
        said_by = {}
        for one in new:
            said_by.setdefault(one.contact_id, []).append(one)  # type: ignore[union-attr]
    return found


def _carries(layer: Layer, path: str, said: Sequence[Carried] | None) -> bool:
    """Whether the layer brought something new that is the person's: anything, or one of what was `said`."""
    if "after" not in layer or same(layer.get("before", ABSENT), layer["after"]):
        return False
    return said is None or any(one.path == path and same(one.value, layer["after"]) for one in said)


def take_back(carried: Sequence[Carried]) -> None:
    """
    Replace what was carried by what was there before: on the contacts, in their history, in layers of merges.

    What a contact has today without the person, because it was said again since, is its own and stays.
    """
    if not carried:
        return
    contacts = (
        Contact.objects.select_for_update(no_key=True).order_by("pk").in_bulk({one.contact_id for one in carried})
    )
    standing = {one.pk: one for one in Merge.objects.standing().filter(survivor__in=contacts)}
    for one in carried:
        if one.merge_id in standing and _is_only_source(one, standing.values()):
            _change(contacts[one.contact_id], one)
    left = [one for one in carried if not same(value_of(contacts[one.contact_id], one.path), one.value)]
    by_contact: dict[int, list[Carried]] = {}
    for one in left:
        by_contact.setdefault(one.contact_id, []).append(one)
    _rewrite_history(event_model_of(Contact)._default_manager.filter(pgh_obj__in=by_contact), by_contact)
    for model in (Merge, event_model_of(Merge)):
        _rewrite_layers(model._default_manager.filter(survivor__in=by_contact), by_contact)


def _is_only_source(one: Carried, standing: Iterable[Merge]) -> bool:
    """Whether no other merge that stands gives the contact the same value."""
    return not any(
        other.survivor_id == one.contact_id
        and other.pk != one.merge_id
        and same(other.taken_over.get(one.path, {}).get("after", ABSENT), one.value)
        for other in standing
    )


def _change(contact: Contact, one: Carried) -> None:
    """Take the value off a contact where it still has it: it was carried on before its origin was taken apart."""
    if not same(value_of(contact, one.path), one.value):
        return
    set_value(contact, one.path, one.before)
    values = {column: getattr(contact, column) for column in columns_of([one.path])}
    Contact.objects.filter(pk=contact.pk).update(**values, updated_at=Now())
    refresh_search_text([contact.pk])


def _rewrite_history(rows: QuerySet[Any], by_contact: Mapping[int, Sequence[Carried]]) -> None:
    """Put what was before in place of what was carried, in the history of these contacts."""
    changed: list[Model] = []
    columns: set[str] = set()
    for row in rows.order_by("pk"):
        wrong = [one for one in by_contact[row.pgh_obj_id] if same(value_of(row, one.path), one.value)]
        for one in wrong:
            set_value(row, one.path, one.before)
        if wrong:
            changed.append(row)
            columns |= columns_of(one.path for one in wrong)
    if changed:
        rows.model._default_manager.bulk_update(changed, sorted(columns), batch_size=500)


def _rewrite_layers(merges: QuerySet[Any], by_contact: Mapping[int, Sequence[Carried]]) -> None:
    """Do the same in what merges into these contacts took over."""
    changed = []
    for merge in merges.order_by("pk"):
        wrong = [one for one in by_contact[merge.survivor_id] if one.path in merge.taken_over]
        for one in wrong:
            layer = merge.taken_over[one.path]
            for side in ("before", "after"):
                if same(layer.get(side, ABSENT), one.value):
                    layer.pop(side, None)
                    if one.before is not ABSENT:
                        layer[side] = one.before
            if not layer:  # the very name of a tag or field was carried
                del merge.taken_over[one.path]
        if wrong:
            changed.append(merge)
    if changed:
        merges.model._default_manager.bulk_update(changed, ["taken_over"], batch_size=500)
