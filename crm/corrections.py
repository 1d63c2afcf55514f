"""
Correcting what somebody is called and where they are reached, by whoever hears it.

Nothing else of a contact is changed here: whose it is, its stage and its custom fields are not what a caller tells. A
system that the person comes from goes on sending what it knows, and overwrites: it has to be told as well.
"""

from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now

from crm.contact_points import normalise
from crm.models import Contact, ContactPoint
from crm.personal_data.suppression import NAME_ERASED, PERSON_ERASED, SourceName, erased_names, hold_off_erasures
from crm.search import refresh_search_text
from gateway.acting import acting
from gateway.errors import DomainError


class RefusedCorrection(DomainError):
    """A correction that cannot be made like this. `field` names what has to be mended: see `correct_person`."""

    code = "refused_correction"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def correct_person(
    *,
    contact_id: int,
    names: Mapping[str, str] | None = None,
    addresses: Mapping[int, str] | None = None,
    more: Mapping[str, str] | None = None,
    by_user_id: int | None,
) -> Contact:
    """
    Bring the names of a person, and addresses on any of their records, to what is told; return the person's record.

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
    person.refresh_from_db()
    return person


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
