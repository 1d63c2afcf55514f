"""
`merge` and `unmerge`: the two services behind the admin, the API, jobs and rules.

All merges take one lock, the same that the database's own trigger takes, before they look at anything:
two at once come one after the other, and the second sees what the first has done.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected

from crm.duplicates.decisions import note_merge, note_unmerge, remember_different
from crm.merging.fields import (
    ABSENT,
    Choice,
    columns_of,
    default_choice,
    fields_of,
    label_of,
    layers,
    place_of,
    same,
    set_value,
    shown,
    value_of,
)
from crm.models import Company, Consent, Contact, Merge
from crm.motivation import ON_RECORD, kept_of_contacts
from crm.search import refresh_search_text
from gateway.errors import DomainError
from gateway.history import events_of
from gateway.staging import id_array

logger = logging.getLogger(__name__)

ATTEMPTS = 3  # a deadlock with somebody's long batch is tried again so often
SHELL_RULE = "shell"  # an account's own contact, once it is known whose account it is

Result = TypeVar("Result")


class NoSuchContact(DomainError):
    """There is no such contact."""

    code = "no_such_contact"
    status = 404


class AlreadyOnePerson(DomainError):
    """The two are records of one person already."""

    code = "already_one_person"
    status = 409


class NotMerged(DomainError):
    """The contact is not merged into another one."""

    code = "not_merged"
    status = 409


class PersonErased(DomainError):
    """The person was erased: merges have ended."""

    code = "erased"
    status = 409


class InvalidMerge(DomainError):
    """A field or a side was chosen that there is not."""

    code = "invalid_merge"


@dataclass(frozen=True)
class Restored:
    """A value of the survivor that goes back: its path, the value that it has and the one that it gets."""

    path: str
    value: Any
    becomes: Any

    @property
    def label(self) -> str:
        return label_of(self.path)

    @property
    def shown_value(self) -> str:
        return shown(self.path, self.value)

    @property
    def shown_becomes(self) -> str:
        return shown(self.path, self.becomes)


@dataclass(frozen=True)
class Kept:
    """
    A value of the survivor that stays although the merge decided it, and why.

    `reason` names nobody, so that it may be stored: `{}` in it stands for `other`.
    """

    path: str
    value: Any
    reason: str
    other: Contact | None = None

    @property
    def label(self) -> str:
        return label_of(self.path)

    @property
    def why(self) -> str:
        return self.reason.format(self.other)

    @property
    def shown_value(self) -> str:
        return shown(self.path, self.value)


@dataclass
class Unmerged:
    """
    What taking a merge apart does, or has done. `merge` is None for one that nobody wrote down.

    `wish_noted_at` and `withdrawals` are what staff heard while the two were one: it stays with both.
    """

    survivor: Contact
    loser: Contact
    merge: Merge | None
    restored: list[Restored] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    wish_noted_at: datetime | None = None
    withdrawals: Sequence[Consent] = ()
    _steps: dict[str, Any] = field(default_factory=dict)
    _changed_layers: dict[int, Merge] = field(default_factory=dict)


def merge(
    *,
    survivor_id: int,
    loser_id: int,
    fields: Mapping[str, Choice] | None = None,
    by_user_id: int | None = None,
    rule: str = "",
    reason: str = "",
    job_id: int | None = None,
    now: datetime,
) -> Merge:
    """
    Make two contacts records of one person, and return the merge.

    Both ids stand for persons: one that was merged already leads to its survivor. `fields` says for each
    field whose value the survivor has from now on, the keys as `crm.merging.fields.fields_of` gives them;
    what it leaves out goes by `default_choice`. Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`,
    `InvalidMerge`.
    """

    def attempt() -> Merge:
        with transaction.atomic():
            wait_for_merges()
            survivor, loser = lock_persons(survivor_id, loser_id)
            taken_over = layers(survivor, loser, choices_for(survivor, loser, fields or {}))
            for path, layer in taken_over.items():
                set_value(survivor, path, layer.get("after", ABSENT))
            # Its pointer is empty: whatever is written down as standing was taken apart by hand.
            Merge.objects.standing().filter(loser=loser).update(unmerged_at=now)
            Contact.objects.filter(pk=loser.pk).update(merged_into=survivor, updated_at=Now())
            _store(survivor, taken_over)
            done = Merge.objects.create(
                survivor=survivor,
                loser=loser,
                merged_at=now,
                merged_by_id=by_user_id,
                rule=rule,
                reason=reason,
                job_id=job_id,
                taken_over=taken_over,
            )
            note_merge(done)
            return done

    return _retried(attempt)


def unmerge(*, loser_id: int, are_different: bool = False, by_user_id: int | None = None, now: datetime) -> Unmerged:
    """
    Take a merged contact out of its survivor again, with all that was merged into it before.

    Fields of the survivor that still hold what the merge gave them get their former value; what was
    edited later stays and is listed. Facts need no moving: those of the contact go with it, those entered
    on the survivor stay. Wishes that staff noted meanwhile stay with both: which of the two said so nobody can
    tell. `are_different` remembers that they are not the same person. Raises `NoSuchContact`,
    `NotMerged`, `PersonErased`.
    """

    def attempt() -> Unmerged:
        with transaction.atomic():
            wait_for_merges()
            done = plan_of_unmerge(loser_id, for_update=True)
            Contact.objects.filter(pk=done.loser.pk).update(merged_into=None, updated_at=Now())
            for path, value in done._steps.items():
                set_value(done.survivor, path, value)
            _store(done.survivor, done._steps)
            for changed in done._changed_layers.values():
                changed.save(update_fields=["taken_over"])
            _leave_wishes(done)
            if done.merge is not None:
                done.merge.unmerged_at, done.merge.unmerged_by_id = now, by_user_id
                done.merge.save(update_fields=["unmerged_at", "unmerged_by"])
                note_unmerge(done.merge, are_different=are_different, by_user_id=by_user_id, now=now)
            elif are_different:
                remember_different(done.survivor.pk, done.loser.pk, by_user_id=by_user_id, now=now)
            done.loser.refresh_from_db()
            return done

    return _retried(attempt)


def merge_shells(shells: Mapping[int, int], *, now: datetime) -> None:
    """
    Merge contacts that were made for an account alone into the contacts that the accounts belong to.

    `shells` maps each to the contact named for its account. Nothing is taken over: a shell has nothing.
    The same number of statements for any number of them.
    """
    wait_for_merges()
    pairs = [id_array(shells), id_array(shells.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY(%s::bigint[]) ORDER BY id"
            " FOR NO KEY UPDATE) x",
            [id_array({*shells, *shells.values()})],  # the survivors too: a merge changes what they are called
        )
        cursor.execute(
            "UPDATE crm_merge SET unmerged_at = %s WHERE unmerged_at IS NULL AND loser_id = ANY(%s::bigint[])",
            [now, pairs[0]],
        )
        cursor.execute(
            "UPDATE crm_contact c SET merged_into_id = s.named, updated_at = now()"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS s(shell, named) WHERE c.id = s.shell",
            pairs,
        )
        cursor.execute(
            "INSERT INTO crm_merge (survivor_id, loser_id, merged_at, rule)"
            " SELECT s.named, s.shell, %s, %s FROM unnest(%s::bigint[], %s::bigint[]) AS s(shell, named)",
            [now, SHELL_RULE, *pairs],
        )


def plan_of_unmerge(loser_id: int, *, for_update: bool = False) -> Unmerged:
    """
    Return what taking this contact out of its survivor would do, without doing it.

    Raises `NoSuchContact`, `NotMerged`, `PersonErased`.
    """
    loser = Contact.objects.filter(pk=loser_id).first()
    if loser is None:
        raise NoSuchContact(f"There is no contact {loser_id}.")
    if loser.erased_at is not None:
        raise PersonErased("This person was erased: what was merged stays together.")
    if loser.merged_into_id is None:
        raise NotMerged(f"{loser} is not merged into another contact: there is nothing to take apart.")
    contacts = Contact.objects.filter(pk__in=[loser.pk, loser.merged_into_id]).order_by("pk")
    locked = {contact.pk: contact for contact in (contacts.select_for_update(no_key=True) if for_update else contacts)}
    survivor = locked[loser.merged_into_id]
    if locked[loser.pk].erased_at is not None:  # meanwhile
        raise PersonErased("This person was erased: what was merged stays together.")
    merges = list(Merge.objects.standing().filter(survivor=survivor).order_by("pk"))
    own = next((one for one in merges if one.loser_id == loser.pk), None)
    plan = Unmerged(survivor, locked[loser.pk], own)
    _plan_wishes(plan)
    if own is None:
        return plan
    above = list(
        Merge.objects.standing().filter(loser=survivor).select_related("survivor")
    )  # where the survivor was merged further, its values may have been taken over once more
    later = [one for one in merges if one.pk > own.pk]
    for path in sorted(own.taken_over, key=place_of):
        _plan_path(plan, path, own.taken_over[path], later=later, above=above)
    _keep_what_is_gone(plan)
    _keep_back(plan)
    return plan


def _plan_path(
    plan: Unmerged, path: str, layer: Mapping[str, Any], *, later: Sequence[Merge], above: Sequence[Merge]
) -> None:
    """Decide what becomes of one path: back, or what lies on top of it stays."""
    before, after = layer.get("before", ABSENT), layer.get("after", ABSENT)
    current = value_of(plan.survivor, path)
    for merge_on_top in later:
        on_top = merge_on_top.taken_over.get(path)
        if on_top is None:
            continue
        if same(on_top.get("before", ABSENT), after):
            # The later layer now lies on what this one lay on, and goes back to that one day.
            on_top.pop("before", None)
            if before is not ABSENT:
                on_top["before"] = before
            plan._changed_layers[merge_on_top.pk] = merge_on_top
        if not same(before, after):
            plan.kept.append(Kept(path, _known(current), "decided again by the merge of {}", merge_on_top.loser))
        return
    if same(before, after):
        return
    if not same(current, after):
        plan.kept.append(Kept(path, _known(current), "changed since"))
        return
    if path == "do_not_contact" and plan.survivor.do_not_contact_noted_at is not None:
        plan.kept.append(Kept(path, current, "noted by staff since"))
        return
    plan._steps[path] = before
    plan.restored.append(Restored(path, _known(after), _known(before)))
    for further in above:
        if path in further.taken_over and same(value_of(further.survivor, path), after):
            reason = "taken over by {} as well, into whom this was merged"
            plan.kept.append(Kept(path, after, reason, further.survivor))


def _plan_wishes(plan: Unmerged) -> None:
    """
    Find the wishes that staff noted on the record at the end of the chain while the loser was one of its records.

    What a source says of another record is that record's. Of a merge that nobody wrote down it is not known since when
    it stands: then whatever was noted counts for both. Four queries for a chain of any length.
    """
    records = Contact.objects.filter(person=plan.loser.person_id).in_bulk()
    joined_at = dict(Merge.objects.standing().filter(loser__in=records).values_list("loser", "merged_at"))
    since: dict[int, datetime | None] = {}  # by the records above: when the loser was joined with each
    record, latest = plan.loser, None
    while record.merged_into_id is not None:
        latest = max(filter(None, (latest, joined_at.get(record.pk))), default=None)
        record = records[record.merged_into_id]
        since[record.pk] = latest

    def was_noted_meanwhile(contact_id: int, at: datetime) -> bool:
        start = since[contact_id]
        return start is None or at >= start

    wishes = [at for pk in since if (at := records[pk].do_not_contact_noted_at) and was_noted_meanwhile(pk, at)]
    if plan.loser.do_not_contact_noted_at is None:
        plan.wish_noted_at = max(wishes, default=None)
    withdrawn = Consent.objects.filter(contact__in=since, withdrawn_at__isnull=False).order_by("pk").in_bulk()
    told = events_of(Consent).filter(pgh_obj__in=withdrawn, withdrawn_at__isnull=False, acted_id__isnull=False)
    by_staff = {
        event.pgh_obj_id
        for event in told
        if was_noted_meanwhile(event.contact_id, max(event.pgh_created_at, event.withdrawn_at))
    }  # told by a user: what a client sends speaks of one record
    plan.withdrawals = [consent for pk, consent in withdrawn.items() if pk in by_staff]


def _leave_wishes(done: Unmerged) -> None:
    """Write what was noted of both on the record that stands alone again too."""
    if done.wish_noted_at is not None:
        wish = {"do_not_contact": True, "do_not_contact_noted_at": done.wish_noted_at}
        Contact.objects.filter(pk=done.loser.pk).update(**wish)
    told = ("purpose", "channel", "granted_at", "withdrawn_at", "source")
    Consent.objects.bulk_create(
        Consent(contact=done.loser, **{name: getattr(consent, name) for name in told}) for consent in done.withdrawals
    )


def _keep_what_is_gone(plan: Unmerged) -> None:
    """Leave a company or owner as it is where the former one was deleted meanwhile."""
    for path, model in (("company", Company), ("owner", get_user_model())):
        before = plan._steps.get(path)
        if before is not None and not model._default_manager.filter(pk=before).exists():
            del plan._steps[path]
            plan.restored = [step for step in plan.restored if step.path != path]
            plan.kept.append(Kept(path, value_of(plan.survivor, path), "the former one was deleted"))


def _keep_back(plan: Unmerged) -> None:
    """Say of what moves the person only that it is known, where they do not agree that it is shown."""
    paths = {step.path for step in plan.restored} | {kept.path for kept in plan.kept}
    if "motivation" not in paths or not kept_of_contacts([plan.survivor.pk]):
        return

    def told(one: Any, *sides: str) -> Any:
        return replace(one, **{side: getattr(one, side) and ON_RECORD for side in sides if one.path == "motivation"})

    plan.restored = [told(step, "value", "becomes") for step in plan.restored]
    plan.kept = [told(kept, "value") for kept in plan.kept]


def wait_for_merges() -> None:
    """Wait until no other merge or unmerge is under way; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm_contact.merged_into'))")


def lock_persons(survivor_id: int, loser_id: int) -> tuple[Contact, Contact]:
    """
    Return the contacts at the end of both chains, locked in the order of their ids.

    Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`.
    """
    persons = persons_of(survivor_id, loser_id)
    locked = {
        contact.pk: contact
        for contact in Contact.objects.filter(pk__in=persons).order_by("pk").select_for_update(no_key=True)
    }
    _refuse_erased(locked.values())  # meanwhile
    return locked[persons[0]], locked[persons[1]]


def persons_of(survivor_id: int, loser_id: int) -> tuple[int, int]:
    """
    Return the persons that two contacts are records of.

    Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`.
    """
    found = Contact.objects.in_bulk([survivor_id, loser_id])
    for pk in (survivor_id, loser_id):
        if pk not in found:
            raise NoSuchContact(f"There is no contact {pk}.")
    survivor, loser = found[survivor_id].person_id, found[loser_id].person_id
    assert survivor is not None  # the database sets it
    assert loser is not None
    _refuse_erased(found.values())
    if survivor == loser:
        raise AlreadyOnePerson("These are records of one person already: there is nothing to merge.")
    return survivor, loser


def _refuse_erased(contacts: Iterable[Contact]) -> None:
    if any(contact.erased_at is not None for contact in contacts):
        raise PersonErased("One of the two was erased: nobody can be merged with a pseudonym.")


def choices_for(survivor: Contact, loser: Contact, asked: Mapping[str, Choice]) -> dict[str, Choice]:
    """Return a choice for every field: the one asked for, else the default. Raises `InvalidMerge`."""
    known = {one.key: one for one in fields_of(survivor, loser)}
    for key, choice in asked.items():
        if key not in known:
            raise InvalidMerge(f"There is no field '{key}' to choose. Known: {', '.join(known)}.")
        if choice not in known[key].choices:
            raise InvalidMerge(f"'{choice}' is no choice for '{key}'. Use one of: {', '.join(known[key].choices)}.")
    return {key: asked.get(key) or default_choice(one, survivor, loser) for key, one in known.items()}


def _store(survivor: Contact, paths: Mapping[str, object]) -> None:
    """Write the columns of the survivor that these paths touch, and that it was touched."""
    values = {column: getattr(survivor, column) for column in columns_of(paths)}
    Contact.objects.filter(pk=survivor.pk).update(**values, updated_at=Now())
    if {"full_name", "preferred_name"} & values.keys():
        refresh_search_text([survivor.pk])


def _known(value: Any) -> Any:
    return None if value is ABSENT else value


def _retried(attempt: Callable[[], Result]) -> Result:
    """Run one transaction, again where it collided with somebody's batch; inside a transaction only once."""
    remaining = 1 if connection.in_atomic_block else ATTEMPTS
    while True:
        remaining -= 1
        try:
            return attempt()
        except OperationalError as error:
            if not remaining or not isinstance(error.__cause__, DeadlockDetected):
                raise
            logger.info("Trying a merge again after a deadlock.")
