"""Adding somebody whom Kith does not know yet, while something about them is being recorded."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Collate, Lower

from community.models import Channel, Member
from community.models.member import FOLDED_HANDLE, handle_folded
from crm.contact_points import normalise
from crm.models import Contact, ContactPoint
from crm.personal_data.suppression import NAME_ERASED, SourceName, erased_names
from crm.search import FoundPerson, people_with, refresh_search_text
from gateway.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """What is known of somebody new; one of it is enough."""

    name: str = ""
    email: str = ""
    phone: str = ""
    handle: str = ""

    @property
    def is_given(self) -> bool:
        """Whether anything is known."""
        return any((self.name, self.email, self.phone, self.handle))


class RefusedPerson(DomainError):
    """Somebody who cannot be added like this; `field` names what has to be mended."""

    code = "refused_person"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def add_person(new: NewPerson, *, channel_id: int, owner_id: int | None) -> Contact:
    """
    Write a new contact with its addresses, and with a handle an account on the channel; return the contact.

    Somebody with a name or an address is a lead, somebody with a handle alone is audience. An equal address
    of another contact makes a suggestion to merge, never a merge. What the channel calls the account is not known:
    it is marked as named here, and becomes that of the source when one brings the handle (sync/named_here.py).
    Raises `RefusedPerson`, also for what an erased person was known by.
    """
    points = _points(new)
    names: list[tuple[str, SourceName]] = [(point.kind, ("address", point.normalised)) for point in points]
    handle = new.handle.removeprefix("@")
    if new.handle and not handle:
        raise RefusedPerson("A handle is more than an @.", field="handle")
    if handle:
        names += [("handle", ("member", channel_id, handle)), ("handle", ("handle", channel_id, handle))]
    with transaction.atomic():
        gone = erased_names(name for _, name in names)
        for field, name in names:
            if name in gone:
                raise RefusedPerson(NAME_ERASED, field=field)
        if handle:
            # Colleagues who add somebody to one channel at once come one after the other.
            channel = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
            if _is_there(handle, channel):
                raise _there_already(handle, channel)
        stage = Contact.Stage.LEAD if new.name or points else Contact.Stage.AUDIENCE
        contact = Contact.objects.create(full_name=new.name, stage=stage, owner_id=owner_id)
        for point in points:
            point.contact = contact
        ContactPoint.objects.bulk_create(points)
        if handle:
            try:
                with transaction.atomic():
                    Member.objects.create(
                        channel=channel, external_id=handle, handle=handle, contact=contact, is_named_here=True
                    )
            except IntegrityError:  # one with this external id, whatever its handle
                raise _there_already(handle, channel) from None
        refresh_search_text([contact.pk])
        contact.refresh_from_db()
    return contact


def who_has(new: NewPerson) -> list[FoundPerson]:
    """
    Return the persons who have an address of somebody new already: for readers who may see addresses, and no others.

    Raises `RefusedPerson` for what is no address.
    """
    return people_with([point.normalised for point in _points(new)])


def _points(new: NewPerson) -> list[ContactPoint]:
    """Return the addresses of somebody new, not yet anybody's. Raises `RefusedPerson`."""
    points = []
    for kind, raw in ((ContactPoint.Kind.EMAIL.value, new.email), (ContactPoint.Kind.PHONE.value, new.phone)):
        if raw:
            try:
                points.append(ContactPoint(kind=kind, raw=raw, normalised=normalise(kind, raw)))
            except DomainError as refusal:
                raise RefusedPerson(refusal.message, field=kind) from None
    return points


def _is_there(handle: str, channel: Channel) -> bool:
    """Whether an account of the channel goes by this handle today, in whatever case. By the index of handles."""
    alike = Member.objects.alias(folded=Collate(FOLDED_HANDLE, "C"), lower=Lower("handle")).filter(
        channel=channel, folded=Collate(handle_folded(Value(handle)), "C"), lower=Lower(Value(handle))
    )
    return alike.exclude(handle="").exists()


def _there_already(handle: str, channel: Channel) -> RefusedPerson:
    return RefusedPerson(f"{handle} on {channel} is already in Kith: choose the person above.", field="handle")
