"""
Taking a merge apart: what goes back, what stays and why, before and while it is done.

It waits like a merge for whatever changes chains of records (see merge.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Now

from crm.duplicates.decisions import note_unmerge, remember_different
from crm.merging.fields import ABSENT, label_of, place_of, same, set_value, shown, value_of
from crm.merging.merge import NoSuchContact, PersonErased, store, wait_for_merges
from crm.models import Company, Consent, Contact, Merge
from crm.motivation import ON_RECORD, kept_of_contacts
from gateway.collisions import retried
from gateway.errors import DomainError
from gateway.history import events_of


class NotMerged(DomainError):
    """The contact is not merged into another one."""

    code = "not_merged"
    status = 409


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
            store(done.survivor, done._steps)
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

    return retried(attempt)


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


def _known(value: Any) -> Any:
    return None if value is ABSENT else value
