"""What a merge would do, before anybody does it: fields side by side, what comes together, how figures change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Model

from crm.extensions import merge_previews
from crm.merging.fields import ABSENT, Choice, default_choice, fields_of, shown, value_of
from crm.merging.merge import lock_persons, persons_of, wait_for_merges
from crm.merging.part import MergePreviewPart
from crm.models import Consent, Contact, ContactPoint, ContactRef, Conversion
from crm.motivation import ON_RECORD, motivation_shown
from crm.permissions import VIEW_ADDRESSES
from crm.stages import later_stage, stage_now
from gateway.panels import Column, PanelContent, PermissionCheck, Row, Table


@dataclass(frozen=True)
class FieldChoice:
    """One field of both records. `is_conflict`: both say something, and not the same."""

    key: str
    label: str
    survivor: str
    loser: str
    choices: tuple[Choice, ...]
    default: Choice
    is_conflict: bool


@dataclass(frozen=True)
class SideBySide:
    """
    Both persons, the stage that each is at, and the fields to choose.

    `stage` is the one that they are at together, unless somebody chooses an earlier one for a record.
    """

    survivor: Contact
    loser: Contact
    survivor_stage: Contact.Stage
    loser_stage: Contact.Stage
    stage: Contact.Stage
    fields: list[FieldChoice]


Parts = list[tuple[MergePreviewPart, PanelContent]]


@contextmanager
def as_if_merged(survivor_id: int, loser_id: int) -> Iterator[None]:
    """
    Let the two be one person for the length of the block; then it never happened.

    Whose records they are changes, which is all that anything but the records' own fields follows. The end of the block
    takes back the caller's transaction as a whole, what was done in it before included. Raises as `merge` does.
    """
    with transaction.atomic(savepoint=False):
        wait_for_merges()
        survivor, loser = lock_persons(survivor_id, loser_id)
        Contact.objects.filter(pk=loser.pk).update(merged_into=survivor)
        yield
        transaction.set_rollback(True)


def preview(survivor_id: int, loser_id: int, *, may: PermissionCheck, now: datetime) -> tuple[SideBySide, Parts]:
    """
    Return what merging these two would do: both records, and every part that the reader may see.

    Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`.
    """
    pair = side_by_side(survivor_id, loser_id)
    return pair, loaded(permitted_parts(may), pair, may=may, now=now)


def permitted_parts(may: PermissionCheck) -> list[MergePreviewPart]:
    """Return the parts that the reader may see, in their order."""
    return sorted((part for part in merge_previews if may(part.permission)), key=lambda part: (part.order, part.key))


def loaded(parts: Iterable[MergePreviewPart], pair: SideBySide, *, may: PermissionCheck, now: datetime) -> Parts:
    """Return each of these parts with what it has to say of the two."""
    return [(part, part.load(pair.survivor.pk, pair.loser.pk, now=now, may=may)) for part in parts]


def side_by_side(survivor_id: int, loser_id: int) -> SideBySide:
    """Return both records and their fields. Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`."""
    persons = persons_of(survivor_id, loser_id)
    contacts = Contact.objects.select_related("company", "owner")
    found = contacts.annotate(stage_now=stage_now(), motivation_shown=motivation_shown()).in_bulk(persons)
    survivor, loser = found[persons[0]], found[persons[1]]
    stages = [Contact.Stage(contact.stage_now) for contact in (survivor, loser)]
    return SideBySide(
        survivor=survivor,
        loser=loser,
        survivor_stage=stages[0],
        loser_stage=stages[1],
        stage=later_stage(*stages),
        fields=[
            FieldChoice(
                key=field.key,
                label=field.label,
                survivor=_told(field.key, survivor),
                loser=_told(field.key, loser),
                choices=field.choices,
                default=default_choice(field, survivor, loser),
                is_conflict=_is_conflict(value_of(survivor, field.key), value_of(loser, field.key)),
            )
            for field in fields_of(survivor, loser)
        ],
    )


def _told(path: str, contact: Any) -> str:
    """Return a value as it is shown; of what moves a person who does not agree to show it, that it is known."""
    if path == "motivation" and contact.motivation_shown is None:
        return ON_RECORD
    return shown(path, value_of(contact, path))


def sides(first: str) -> tuple[Column, ...]:
    """Return the columns of a table about two persons: what it is, the survivor, the other one, both together."""
    return (
        Column(label=first),
        Column(label="This record", unit="count"),
        Column(label="The other", unit="count"),
        Column(label="Together", unit="count"),
    )


def _is_conflict(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, list | bool):
        return False  # united
    return mine not in (ABSENT, None, "") and theirs not in (ABSENT, None, "") and mine != theirs


@dataclass(frozen=True)
class Records:
    """What crm itself knows of both: addresses, references, consents, conversions, records merged before."""

    key: str = "records"
    title: str = "What comes together"
    order: int = 10
    permission: str = "crm.view_contact"
    takes_long: bool = False

    def load(self, survivor_id: int, loser_id: int, *, now: datetime, may: PermissionCheck) -> PanelContent:
        both = (survivor_id, loser_id)
        counted: list[tuple[str, type[Model]]] = [
            ("Addresses", ContactPoint),
            ("References in other systems", ContactRef),
            ("Consents", Consent),
            ("Conversions", Conversion),
        ]
        rows = [count_row(label, *counts_by_person(model, both)) for label, model in counted]
        records = dict(Contact.objects.filter(person__in=both).order_by().values_list("person").annotate(n=Count("pk")))
        rows.append(count_row("Records of this person", records.get(survivor_id, 0), records.get(loser_id, 0)))
        tables = [Table(title="Records", columns=sides("What"), rows=rows, empty="Nothing.")]
        if may(VIEW_ADDRESSES):
            tables.append(_addresses(both))
        return PanelContent(tables=tables)


def counts_by_person(model: type[Model], persons: Sequence[int], **conditions: object) -> list[int]:
    """Return how many rows of `model` each of these persons has, in their order. One query."""
    counted: Mapping[int, int] = dict(
        model._default_manager.filter(contact__person__in=persons, **conditions)
        .order_by()
        .values_list("contact__person")
        .annotate(n=Count("pk"))
    )
    return [counted.get(person, 0) for person in persons]


def count_row(label: str, mine: int, theirs: int, together: int | None = None) -> Row:
    """Return a row of counts; together they are the sum unless it is given."""
    return Row(values=(label, mine, theirs, mine + theirs if together is None else together))


def _addresses(persons: Sequence[int]) -> Table:
    points = ContactPoint.objects.filter(contact__person__in=persons).select_related("contact").order_by("kind", "pk")
    found: dict[tuple[str, str], list[ContactPoint]] = {}
    for point in points:
        found.setdefault((point.kind, point.normalised), []).append(point)
    return Table(
        title="Addresses",
        columns=(Column(label="Address"), Column(label="This record"), Column(label="The other")),
        rows=[
            Row(
                values=(
                    same_address[0].raw,
                    *(_verified(same_address, person) for person in persons),
                )
            )
            for same_address in found.values()
        ],
        empty="Neither has an address.",
    )


def _verified(points: Sequence[ContactPoint], person: int) -> str | None:
    own = [point for point in points if point.contact.person_id == person]
    if not own:
        return None
    return "verified" if any(point.verified_at for point in own) else "not verified"
