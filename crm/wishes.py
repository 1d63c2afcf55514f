"""
What people wish of us, written down by whoever hears it: to be left alone, to be contacted for a purpose, or no longer.

A wish counts for the person, on whichever record it stands; what is noted here stands on the person's own. No source
takes it back by sending what it sent before: of the wish not to be contacted the contact knows that it was noted
(`crm/merging/said_again.py`), and a withdrawal is a row of its own, which no item means, and which takes back
whatever was granted until then. Whoever noted something by mistake takes back just that.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from crm.models import Consent, Contact
from crm.models.consent import consent_word
from crm.personal_data.suppression import PERSON_ERASED, hold_off_erasures
from gateway.acting import acting
from gateway.errors import DomainError
from gateway.history import event_model_of, events_of

NEWEST = 2_000  # consents whose purposes are offered for a new one


class PersonErased(DomainError):
    """The person was erased: a pseudonym wishes nothing."""

    code = "erased"
    status = 409


def wishes_no_contact(person: str = "person") -> Exists:
    """Return whether the person at this path wishes not to be contacted, on whichever of their records that stands."""
    return Exists(Contact.objects.filter(person=OuterRef(person), do_not_contact=True))


def note_do_not_contact(*, contact_id: int, by_user_id: int | None, now: datetime) -> bool:
    """
    Note that the person wishes not to be contacted; return False where that was noted before.

    The wish may stand already, as a source said it: noted here, that source no longer lifts it. Raises `PersonErased`.
    """
    with transaction.atomic(), acting(user=by_user_id):
        person = _locked_person(contact_id)
        if person.do_not_contact_noted_at is not None:
            return False
        person.do_not_contact, person.do_not_contact_noted_at = True, now
        person.save(update_fields=["do_not_contact", "do_not_contact_noted_at", "updated_at"])
        return True


def do_not_contact_noted_by(person: Contact) -> int | None:
    """Return the user who noted the wish that stands on this record; None without one. At most one query."""
    if person.do_not_contact_noted_at is None:
        return None
    noted = events_of(Contact).filter(pgh_obj=person.pk, do_not_contact_noted_at=person.do_not_contact_noted_at)
    return noted.order_by("pgh_id").values_list("acted_id", flat=True).first()


def lift_do_not_contact(*, contact_id: int, by_user_id: int | None) -> bool:
    """
    Take back what `note_do_not_contact` noted and return True; False where nothing is noted.

    What a source had said before it stands again. Raises `PersonErased`.
    """
    with transaction.atomic(), acting(user=by_user_id):
        person = _locked_person(contact_id)
        if person.do_not_contact_noted_at is None:
            return False
        events = event_model_of(Contact)._default_manager.filter(pgh_obj=person.pk, do_not_contact_noted_at=None)
        before = events.order_by("-pgh_id").values_list("do_not_contact", flat=True).first()
        person.do_not_contact, person.do_not_contact_noted_at = bool(before), None
        person.save(update_fields=["do_not_contact", "do_not_contact_noted_at", "updated_at"])
        return True


def standing_consents(person_id: int, *, now: datetime) -> Sequence[Consent]:
    """Return the consents of the person that stand, one for each purpose and channel, the oldest of it. One query."""
    standing = Consent.objects.filter(contact__person=person_id).standing(now=now)
    return list(standing.order_by("purpose", "channel", "granted_at", "pk").distinct("purpose", "channel"))


def purposes_in_use() -> Sequence[str]:
    """Return the purposes of the newest consents, sorted: what to offer for a new one. One query."""
    newest = Consent.objects.order_by("-pk").values("pk")[:NEWEST]
    lately = Consent.objects.filter(pk__in=newest).order_by("purpose")
    return list(lately.values_list("purpose", flat=True).distinct())


def note_consent(
    *, contact_id: int, purpose: str, channel: str, source: str, by_user_id: int | None, now: datetime
) -> Consent:
    """
    Note that the person agrees, from now on, to be contacted for `purpose` by `channel` (empty: by any).

    Raises `PersonErased`.
    """
    with transaction.atomic(), acting(user=by_user_id):
        person = _locked_person(contact_id)
        return Consent.objects.create(
            contact=person,
            purpose=consent_word(purpose),
            channel=consent_word(channel),
            granted_at=now,
            source=source,
        )


def note_withdrawal(
    *, contact_id: int, consent: Consent, source: str, by_user_id: int | None, now: datetime
) -> Consent:
    """
    Note that the person takes back what `consent` says, on any of their records, and return the row that says so.

    It tells since when the person had agreed, and that they no longer do; what other rows say stays as evidence.
    Raises `PersonErased`.
    """
    with transaction.atomic(), acting(user=by_user_id):
        person = _locked_person(contact_id)
        return Consent.objects.create(
            contact=person,
            purpose=consent.purpose,
            channel=consent.channel,
            granted_at=consent.granted_at,
            withdrawn_at=now,
            source=source,
        )


def consent_noted_by(consent: Consent) -> int | None:
    """Return the user who wrote the consent down; None where a source sent it. One query."""
    written = events_of(Consent).filter(pgh_obj=consent.pk).order_by("pgh_id")
    return written.values_list("acted_id", flat=True).first()


def _locked_person(contact_id: int) -> Contact:
    """Return the person of a contact, locked against others who write to it. Raises `PersonErased`."""
    hold_off_erasures()
    person_id = Contact.objects.values_list("person_id", flat=True).get(pk=contact_id)
    person = Contact.objects.select_for_update(no_key=True).get(pk=person_id)
    if person.erased_at is not None:
        raise PersonErased(PERSON_ERASED)
    return person
