"""
Correcting what somebody is called and where they are reached, by whoever hears it.

Nothing else of a contact is changed here: whose it is, its stage and its custom fields are not what a caller tells. A
system that the person comes from goes on sending what it knows, and overwrites: it has to be told as well.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from crm.contact_points import normalise
from crm.models import Contact, ContactPoint
from crm.personal_data.suppression import NAME_ERASED, PERSON_ERASED, SourceName, erased_names, hold_off_erasures
from crm.search import refresh_search_text
from gateway.acting import acting, noted_by
from gateway.errors import DomainError
from gateway.history import event_model_of, events_of
from gateway.tracking import BEFORE

NAMES = ("full_name", "preferred_name")
OF_AN_ADDRESS = ("raw", "normalised", "verified_at", "verified_by")


class RefusedCorrection(DomainError):
    """A correction that cannot be made like this. `field` names what has to be mended: see `correct_person`."""

    code = "refused_correction"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NothingToTakeBack(DomainError):
    """Nothing that the correction wrote still stands."""

    code = "nothing_to_take_back"
    status = 409


@dataclass(frozen=True)
class Corrected:
    """
    The person after a correction, and by what the history notes together all that it wrote.

    `is_whole` is false of one that was taken back but for what somebody has changed since.
    """

    person: Contact
    act: UUID | None
    is_whole: bool = True


def correct_person(
    *,
    contact_id: int,
    names: Mapping[str, str] | None = None,
    addresses: Mapping[int, str] | None = None,
    more: Mapping[str, str] | None = None,
    by_user_id: int | None,
) -> Corrected:
    """
    Bring the names of a person, and addresses on any of their records, to what is told; return the person.

    What is not told stays. `names` holds `full_name` and `preferred_name`. `addresses` holds, by id, what stored
    addresses are: an empty one is taken away, one that becomes another is no longer verified. `more` holds new ones by
    their kind (`email`, `phone`), for the person's own record. Raises `RefusedCorrection`, whose `field` is
    `full_name`, the id of an address as text, or the kind of a new one.
    """
    with transaction.atomic(), acting(user=by_user_id):
        hold_off_erasures()
        person_id = Contact.objects.values_list("person_id", flat=True).get(pk=contact_id)
        person = Contact.objects.select_for_update(no_key=True).get(pk=person_id)
        if person.erased_at is not None:
            raise RefusedCorrection(PERSON_ERASED)
        names, addresses, more = names or {}, addresses or {}, more or {}
        if person.full_name and not names.get("full_name", person.full_name):
            raise RefusedCorrection("A name can be corrected, but not taken away.", field="full_name")
        stored = {
            point.pk: point
            for point in ContactPoint.objects.select_for_update(of=("self",), no_key=True)
            .filter(contact__person=person_id)
            .order_by("pk")
        }
        points = [*_corrected(stored, addresses), *_new(person, more)]
        _check(points, stored)
        gone = [pk for pk, raw in addresses.items() if pk in stored and not raw]
        ContactPoint.objects.filter(pk__in=gone).delete()
        ContactPoint.objects.bulk_create([point for point in points if point.pk is None])
        ContactPoint.objects.bulk_update(
            [point for point in points if point.pk is not None], ["raw", "normalised", "verified_at", "verified_by"]
        )
        touched = {point.contact_id for point in points} | {stored[pk].contact_id for pk in gone}
        if names:
            Contact.objects.filter(pk=person_id).update(**names, updated_at=Now())
        Contact.objects.filter(pk__in=touched - {person_id} if names else touched).update(updated_at=Now())
        refresh_search_text(sorted({*touched, person.pk}))
        act = noted_by()
    person.refresh_from_db()
    return Corrected(person, act)


def take_back_correction(act: UUID | None, *, contact_id: int, by_user_id: int | None) -> Corrected:
    """
    Let the names and addresses of a person be what they were before a correction of this user; return the person.

    `act` is what `correct_person` gave. What it was is read from the history. What anybody changed since stays.
    Raises `NothingToTakeBack`, and `RefusedCorrection` where the person, or who has such an address, was erased.
    """
    with transaction.atomic(), acting(user=by_user_id):
        hold_off_erasures()
        person_id = Contact.objects.values_list("person_id", flat=True).get(pk=contact_id)
        person = Contact.objects.select_for_update(no_key=True).get(pk=person_id)
        if person.erased_at is not None:
            raise RefusedCorrection(PERSON_ERASED)
        names, told = _names_before(person, act, by_user_id)
        points, gone, told_of_points = _points_before(person, act, by_user_id)
        if not (names or points or gone):
            raise NothingToTakeBack("There is nothing to take back: it was, or somebody has gone on from there.")
        if erased_names([("address", point.normalised) for point in points]):
            raise RefusedCorrection(NAME_ERASED)
        touched = {point.contact_id for point in [*points, *gone]}
        ContactPoint.objects.filter(pk__in=[point.pk for point in gone]).delete()
        there = set(ContactPoint.objects.filter(pk__in=[point.pk for point in points]).values_list("pk", flat=True))
        ContactPoint.objects.bulk_update([point for point in points if point.pk in there], OF_AN_ADDRESS)
        ContactPoint.objects.bulk_create([point for point in points if point.pk not in there])
        Contact.objects.filter(pk__in=touched).update(updated_at=Now())
        if names:
            Contact.objects.filter(pk=person_id).update(**names, updated_at=Now())
        refresh_search_text(sorted({*touched, person.pk}))
        taken_back = noted_by()
    person.refresh_from_db()
    return Corrected(person, taken_back, is_whole=len(names) + len(points) + len(gone) == told + told_of_points)


def _names_before(person: Contact, act: UUID | None, by_user_id: int | None) -> tuple[dict[str, str], int]:
    """Return the names that go back, and how many the act told: two queries."""
    told = list(events_of(Contact).filter(pgh_context=act, acted_id=by_user_id, pgh_obj=person.pk).order_by("pgh_id"))
    if not told:
        return {}, 0
    earlier = event_model_of(Contact)._default_manager.filter(pgh_obj=person.pk, pgh_id__lt=told[0].pgh_id)
    before = earlier.order_by("-pgh_id").first()
    if before is None:
        return {}, 0
    changed = [name for name in NAMES if getattr(before, name) != getattr(told[-1], name)]
    back = {name: getattr(before, name) for name in changed if getattr(person, name) == getattr(told[-1], name)}
    return back, len(changed)


def _points_before(
    person: Contact, act: UUID | None, by_user_id: int | None
) -> tuple[list[ContactPoint], list[ContactPoint], int]:
    """Return the addresses as they go back, those that go, and how many the act told: three queries."""
    acts: dict[int, list[Any]] = defaultdict(list)
    of_act = events_of(ContactPoint).filter(pgh_context=act, acted_id=by_user_id, contact__person=person.pk)
    for event in of_act.order_by("pgh_id"):
        acts[event.pgh_obj_id].append(event)
    if not acts:
        return [], [], 0
    history: dict[int, list[Any]] = defaultdict(list)
    for event in event_model_of(ContactPoint)._default_manager.filter(pgh_obj__in=acts).order_by("pgh_id"):
        history[event.pgh_obj_id].append(event)  # type: ignore[attr-defined]  # pghistory's own
    of_person = ContactPoint.objects.select_for_update(of=("self",), no_key=True).filter(contact__person=person.pk)
    stored = {point.pk: point for point in of_person.order_by("pk")}
    taken = {(point.contact_id, point.kind, point.normalised): pk for pk, point in stored.items()}
    back: list[ContactPoint] = []
    gone: list[ContactPoint] = []
    for pk, told in acts.items():
        point, last = stored.get(pk), told[-1]
        if last.pgh_label == "delete":
            if point is None:
                back.append(_as_it_was(pk, last))
        elif point is not None and all(getattr(point, name) == getattr(last, name) for name in OF_AN_ADDRESS):
            before = told[0] if told[0].pgh_label == BEFORE else _before(told[0], history[pk])
            if before is None:
                gone.append(point)
            else:
                back.append(_as_it_was(pk, before))
    goes = {point.pk for point in gone} | {point.pk for point in back}
    back = [
        point
        for point in back
        if taken.get((point.contact_id, point.kind, point.normalised), point.pk) in {point.pk, *goes}
    ]
    return back, gone, len(acts)


def _before(first: Any, history: list[Any]) -> Any | None:
    """Return what an address was before the first event of an act; None for one that the act brought."""
    if first.pgh_label == "insert":
        return None
    return next((event for event in reversed(history) if event.pgh_id < first.pgh_id), None)


def _as_it_was(pk: int, event: Any) -> ContactPoint:
    values = {name: getattr(event, name) for name in ("contact_id", "kind", "created_at", *OF_AN_ADDRESS)}
    return ContactPoint(pk=pk, **values)


def _corrected(stored: Mapping[int, ContactPoint], addresses: Mapping[int, str]) -> list[ContactPoint]:
    """Return the stored addresses that become different, as they are to be."""
    changed = []
    for pk, raw in addresses.items():
        if pk not in stored:
            raise RefusedCorrection("Somebody else changed the addresses meanwhile: close this, and look again.")
        if raw and raw != stored[pk].raw:
            point = ContactPoint(pk=pk, contact_id=stored[pk].contact_id, kind=stored[pk].kind, raw=raw)
            point.normalised = _normalised(point.kind, raw, field=str(pk))
            if point.normalised == stored[pk].normalised:  # the same, written otherwise
                point.verified_at, point.verified_by = stored[pk].verified_at, stored[pk].verified_by
            changed.append(point)
    return changed


def _new(person: Contact, more: Mapping[str, str]) -> list[ContactPoint]:
    return [
        ContactPoint(contact=person, kind=kind, raw=raw, normalised=_normalised(kind, raw, field=kind))
        for kind, raw in more.items()
        if raw
    ]


def _normalised(kind: str, raw: str, *, field: str) -> str:
    try:
        return normalise(kind, raw)
    except DomainError as refusal:
        raise RefusedCorrection(refusal.message, field=field) from None


def _check(points: list[ContactPoint], stored: Mapping[int, ContactPoint]) -> None:
    """Refuse an address that the person has already, and one that an erased person was known by."""
    names: dict[str, SourceName] = {}
    seen = {(point.kind, point.normalised): pk for pk, point in stored.items()}
    for point in points:
        field = str(point.pk) if point.pk is not None else point.kind
        if seen.setdefault((point.kind, point.normalised), point.pk) != point.pk:
            raise RefusedCorrection("This person has this address already.", field=field)
        names[field] = ("address", point.normalised)
    erased = erased_names(names.values())
    for field, name in names.items():
        if name in erased:
            raise RefusedCorrection(NAME_ERASED, field=field)
