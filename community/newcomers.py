"""Adding somebody whom Kith does not know yet, while something about them is being recorded; and taking them away."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import DO_NOTHING, Exists, ForeignObjectRel, Model, Q, Value
from django.db.models.functions import Collate, Lower

from community.helping import HELP
from community.models import Channel, HelpRecord, Interaction, Member
from community.models.member import FOLDED_HANDLE, handle_folded
from crm.contact_points import normalise
from crm.models import Contact, ContactPoint, DuplicateSuggestion
from crm.personal_data.suppression import NAME_ERASED, SourceName, erased_names, hold_off_erasures
from crm.search import FoundPerson, people_with, refresh_search_text
from gateway.errors import DomainError
from gateway.history import event_model_of


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


class NoNewcomer(DomainError):
    """The person was not added with this help, or something else is known of them."""

    code = "no_newcomer"
    status = 409


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


def came_with_it_alone(record_id: int) -> bool:
    """
    Whether somebody was added with this help, which was undone since, and nothing else has happened to them.

    Whatever refers to the person, to their account or to the help is looked for.
    """
    return _newcomer(record_id) is not None


def take_newcomer_away(record_id: int, *, now: datetime) -> str:
    """
    Delete somebody who was added with help that was undone, and the help with them; return what they were called.

    The history keeps who they were. The interaction that was written with the help leaves a tombstone, like every
    other, so that whoever follows by `updated_since` hears of it. Raises `NoNewcomer` where anything else is known of
    them.
    """
    with transaction.atomic():
        hold_off_erasures()
        # Whoever refers to them in this moment waits, and finds nobody.
        Contact.objects.filter(help_received=record_id).select_for_update(of=("self",)).first()
        rows = _newcomer(record_id)
        if rows is None:
            raise NoNewcomer("Something else is known of this person by now: they stay.")
        contact = Contact.objects.get(pk__in=rows[Contact])
        HelpRecord.objects.filter(pk__in=rows[HelpRecord]).delete()
        Interaction.objects.filter(pk__in=rows[Interaction]).update(
            text="", to_contact=None, deleted_at=now, updated_at=now
        )
        for model in (Member, Contact):
            model._default_manager.filter(pk__in=rows[model]).delete()
    return str(contact)


Rows = Mapping[type[Model], Collection[int]]


def _newcomer(record_id: int) -> Rows | None:
    """Return all rows that came with the help, the person's own included; None where there is more, or less."""
    record = HelpRecord.objects.select_related("contact", "interaction").filter(pk=record_id).first()
    if record is None or record.withdrawn_at is None or record.recorded_by_id is None:
        return None
    contact = record.contact
    came_together = _made_by_one_act(contact, record)
    if not came_together or contact.owner_id != record.recorded_by_id or contact.person_id != contact.pk:
        return None
    own = {"contact": contact, "created_at__lte": record.created_at}  # which was written last
    rows: Rows = {
        HelpRecord: [record.pk],
        Interaction: [record.interaction_id] if record.interaction.kind == HELP else [],
        Member: list(Member.objects.filter(**own, is_named_here=True).values_list("pk", flat=True)),
        ContactPoint: list(ContactPoint.objects.filter(**own).values_list("pk", flat=True)),
        Contact: [contact.pk],
    }
    return None if _are_referred_to(rows) else rows


def _made_by_one_act(contact: Contact, record: HelpRecord) -> bool:
    """Whether the history notes together that both came into the world. One query for each."""
    acts = [
        event_model_of(type(made))
        ._default_manager.filter(pgh_obj=made.pk, pgh_label="insert", pgh_context__isnull=False)
        .values_list("pgh_context", flat=True)
        .first()
        for made in (contact, record)
    ]
    return acts[0] is not None and acts[0] == acts[1]


def _are_referred_to(rows: Rows) -> bool:
    """Whether any other row leads to these, but for pairs that the search for duplicates found by itself. One query."""
    leads_here = []
    for model, ids in rows.items():
        for relation in model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, ForeignObjectRel) or relation.on_delete is DO_NOTHING:
                continue
            others = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids})
            others = others.exclude(pk__in=rows.get(relation.related_model, ()))
            if relation.related_model is DuplicateSuggestion:
                others = others.exclude(state=DuplicateSuggestion.State.OPEN)
            leads_here.append(Exists(others))
    return Contact.objects.filter(Q(*leads_here, _connector=Q.OR), pk__in=rows[Contact]).exists()


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
