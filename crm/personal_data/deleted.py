"""
Erasing what is left of a record that was deleted.

A contact that nothing needs can be deleted. Its history stays, and says who deleted what: names and addresses too.
So that nothing has to be known twice, the record is put back under its id, as empty as one can be, and erased like any
other: its history is found by the same declared ways, and a pseudonym stands where nobody stood.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.apps import apps
from django.db import transaction

from crm.models import Contact, ContactRef
from crm.personal_data.erasing import erase_person, plan_erasure
from crm.personal_data.erasure_report import ErasureReport
from gateway.batches import NotFound
from gateway.errors import DomainError


class SeveralRecords(DomainError):
    """More than one deleted record was known by the reference."""

    code = "several_records"
    status = 409


def plan_erasure_of_any(contact_id: int) -> ErasureReport:
    """Return what erasing this contact's person would do, deleted or not, and change nothing. Raises `NotFound`."""
    is_deleted = not Contact.objects.filter(pk=contact_id).exists()
    with transaction.atomic():
        put_back({contact_id: None})
        report = plan_erasure(contact_id)
        transaction.set_rollback(True)
    return replace(report, name=_former_name(contact_id) or report.name) if is_deleted else report


def _former_name(contact_id: int) -> str:
    """Return what a deleted contact was called last; empty where it never had a name."""
    events = apps.get_model("crm", "ContactEvent")._default_manager.filter(pgh_obj=contact_id).exclude(full_name="")
    return events.order_by("-pgh_id").values_list("full_name", flat=True).first() or ""


def erase_any(*, contact_id: int, reason: str, now: datetime, through: str) -> ErasureReport:
    """Erase the person of this contact, deleted or not: see `erase_person`. Raises `NotFound`, `AlreadyErased`."""
    with transaction.atomic():
        put_back({contact_id: None})
        return erase_person(contact_id=contact_id, reason=reason, now=now, through=through)


def put_back(contacts: Mapping[int, datetime | None]) -> None:
    """
    Make those of these contacts anew, without a word, that were deleted. What was never there is left alone.

    With the instant at which it was made, a record is put back only if it was made then: see `replaying`.
    """
    missing = set(contacts) - set(Contact.objects.filter(pk__in=contacts).values_list("pk", flat=True))
    events = apps.get_model("crm", "ContactEvent")._default_manager.filter(pgh_obj__in=missing)
    made_at = dict(events.order_by("pgh_id").values_list("pgh_obj_id", "created_at"))
    Contact.objects.bulk_create(
        [Contact(pk=pk, created_at=at) for pk, at in sorted(made_at.items()) if contacts[pk] in (None, at)]
    )


def contact_of_reference(source: str, external_id: str) -> int:
    """
    Return the id of the contact that has this reference, else of the deleted one that had it.

    Raises `NotFound`, and `SeveralRecords` where it is not known which of the deleted ones is meant.
    """
    called = {"source": source, "external_id": external_id}
    held = ContactRef.objects.filter(**called).values_list("contact_id", flat=True).first()
    if held is not None:
        return held
    events = apps.get_model("crm", "ContactRefEvent")._default_manager
    former = set(events.filter(**called).values_list("contact_id", flat=True))
    deleted = sorted(former - set(Contact.objects.filter(pk__in=former).values_list("pk", flat=True)))
    if not deleted:
        raise NotFound(f"Nobody has the reference {source}:{external_id}, and no deleted contact had it.")
    if len(deleted) > 1:
        ids = ", ".join(map(str, deleted))
        raise SeveralRecords(f"Several deleted contacts had the reference {source}:{external_id}: name one of {ids}.")
    return deleted[0]
