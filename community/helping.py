"""
Recording help: what staff do when somebody was helped, from every page and for every helper.

Help stands on exactly one interaction. Either it exists already (an answer that turned out to help)
and is marked, or one of the kind *help* is written with the record. An interaction of that kind is
therefore the record's own: it changes with the record, and is taken out with it. Nothing is deleted;
who changed what when is kept by the database (pghistory).

Help that solved what was asked is the confirmed answer of its thread, where nothing was accepted or confirmed there:
whoever records it says so. It is that no longer when the help is undone, or turns out not to have solved it.

Rows are locked in one order, the thread before the interaction, and that before its record, as everywhere.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction

from community.interaction_kinds import asking_kinds, help_kinds
from community.models import Colleague, HelpRecord, Interaction, Member, Thread
from community.waiting import replies_to
from crm.models import Contact
from crm.personal_data.suppression import PERSON_ERASED, hold_off_erasures
from gateway.acting import acting
from gateway.errors import DomainError

RECORD_FACTS = ["question", "answer", "topic", "note", "minutes", "outcome", "rating"]

SOLVED = HelpRecord.Outcome.SOLVED
HELP = "help"  # the kind of an interaction that was written with its record
# Why such an interaction is retracted: nothing else is ever taken back with the record.
UNDONE = "The help was undone."
WITHDRAWN = "The help was withdrawn by its source."


class RefusedHelp(DomainError):
    """Help that cannot be recorded like this. `field` names what has to be mended."""

    code = "refused_help"
    field: ClassVar[str | None] = None


class NoHelper(RefusedHelp):
    """Nobody, or more than one, was named as the helper."""

    code = "one_helper"
    field = "helper"


class HelpToOneself(RefusedHelp):
    """The helper is the person helped."""

    code = "help_to_oneself"
    field = "helper"


class PersonErased(RefusedHelp):
    """The person helped was erased."""

    code = "erased"
    status = 409
    field = "contact"


class HelpInFuture(RefusedHelp):
    """The help lies ahead."""

    code = "in_future"
    field = "occurred_at"


class HelpBeforeQuestion(RefusedHelp):
    """The help was given before what it answers was asked."""

    code = "before_question"
    field = "occurred_at"


class NoSuchInteraction(RefusedHelp):
    """The interaction to mark as help is not there, or does not count."""

    code = "no_such_interaction"
    status = 404


class AlreadyHelp(RefusedHelp):
    """Somebody marked the interaction as help before."""

    code = "already_help"
    status = 409


class NoSuchHelp(RefusedHelp):
    """There is no help record with this id."""

    code = "no_such_help"
    status = 404


class NothingToRedo(RefusedHelp):
    """The record stands, or its source withdrew it."""

    code = "nothing_to_redo"
    status = 409


class AnsweredMeanwhile(RefusedHelp):
    """What the help answers was answered since whoever records it looked."""

    code = "answered_meanwhile"
    status = 409


class KeptByInteraction(RefusedHelp):
    """Time and channel of help that was marked are those of the answer that it stands on."""

    code = "kept_by_interaction"
    field = "occurred_at"


def record_help(
    *,
    contact_id: int,
    channel_id: int,
    helper_user_id: int | None = None,
    helper_member_id: int | None = None,
    interaction_id: int | None = None,
    reply_to_id: int | None = None,
    thread_id: int | None = None,
    occurred_at: datetime,
    question: str = "",
    answer: str = "",
    topic: str = "",
    note: str = "",
    minutes: int | None = None,
    outcome: str = "unknown",
    rating: int | None = None,
    recorded_by_id: int | None,
    newest_known_reply: int | None = None,
    now: datetime,
) -> HelpRecord:
    """
    Record help that a contact got, and return the record.

    With `interaction_id` an existing answer is marked: it keeps its channel, time and text, its author
    is the helper unless another is given, and question and topic are those of its thread unless given.
    A record on it that was withdrawn stands again, with what is said now. Otherwise an interaction of
    the kind *help* is written with the record; `reply_to_id` and `thread_id` say what it answers, and
    an answer to something private is private, and so is one in a thread where anything is, unless it
    answers something open there. Help that solved it is confirmed as the answer of its thread.

    `newest_known_reply` is the highest id among the replies that are known to whoever records it (0 where there were
    none): where one came since, nothing is written. Of two who answer at once the second is told.

    Raises `PersonErased`, `NoHelper`, `HelpToOneself`, `HelpInFuture`, `HelpBeforeQuestion`, `NoSuchInteraction`,
    `AlreadyHelp`, `AnsweredMeanwhile`.
    """
    said: dict[str, Any] = {
        "question": question,
        "answer": answer,
        "topic": topic,
        "note": note,
        "minutes": minutes,
        "outcome": outcome,
        "rating": rating,
    }
    with transaction.atomic():
        hold_off_erasures()
        check_person(contact_id)
        thread = None
        if outcome == SOLVED and thread_id is not None:
            thread = _locked_thread(pk=thread_id)
        elif outcome == SOLVED and (interaction_id or reply_to_id) is not None:
            thread = _locked_thread(interactions=interaction_id or reply_to_id)
        if interaction_id is not None:
            interaction = _interaction_to_mark(interaction_id)
            if helper_user_id is None and helper_member_id is None:
                helper_user_id, helper_member_id = interaction.user_id, interaction.member_id
            check_helper(contact_id, helper_user_id, helper_member_id)
            if interaction.thread is not None:
                said["question"] = question or interaction.thread.title
                said["topic"] = topic or interaction.thread.topic
        else:
            check_helper(contact_id, helper_user_id, helper_member_id)
            check_time(occurred_at, now)
            if reply_to_id is not None and newest_known_reply is not None:
                _check_unanswered(reply_to_id, newest_known_reply)
            interaction = _write_interaction(
                contact_id=contact_id,
                channel_id=channel_id,
                helper_user_id=helper_user_id,
                helper_member_id=helper_member_id,
                reply_to_id=reply_to_id,
                thread_id=thread_id,
                occurred_at=occurred_at,
                text=answer,
            )
        record = HelpRecord.objects.select_for_update().filter(interaction=interaction).first()
        if record is not None and record.withdrawn_at is None:
            raise AlreadyHelp("This answer is marked as help already.")
        record = record or HelpRecord(interaction=interaction)
        for name, value in said.items():
            setattr(record, name, value)
        record.contact_id = contact_id
        record.helper_user_id, record.helper_member_id = helper_user_id, helper_member_id
        record.origin = HelpRecord.Origin.STAFF
        record.recorded_by_id = recorded_by_id
        record.withdrawn_at = None
        record.edited_fields = [name for name in record.edited_fields if name != "withdrawn_at"]
        record.save()
        _settle_answer(record, thread, by_user_id=recorded_by_id)
    return record


def edit_help(record_id: int, *, changes: Mapping[str, Any], by_user_id: int | None, now: datetime) -> HelpRecord:
    """
    Change a help record and return it; what becomes different is kept when its source sends it again.

    `changes` holds, by name, facts of the record (question, answer, topic, note, minutes, outcome,
    rating), `contact_id`, `helper_user_id` or `helper_member_id` (the one that is given takes the
    other's place), and `occurred_at` and `channel_id` where the record has an interaction of its own,
    which follows. Raises `NoSuchHelp`, `PersonErased`, `NoHelper`, `HelpToOneself`, `HelpInFuture`,
    `HelpBeforeQuestion`, `KeptByInteraction`.
    """
    columns = {*RECORD_FACTS, "contact_id", "helper_user_id", "helper_member_id"}
    if unknown := changes.keys() - columns - {"occurred_at", "channel_id"}:
        raise TypeError(f"A help record has no {', '.join(sorted(unknown))} to change.")
    wanted = dict(changes)
    if wanted.get("helper_user_id") is not None:
        wanted.setdefault("helper_member_id", None)
    if wanted.get("helper_member_id") is not None:
        wanted.setdefault("helper_user_id", None)
    with transaction.atomic(), acting(user=by_user_id):
        hold_off_erasures()
        thread = _locked_thread(interactions__help_record=record_id)
        record = _locked(record_id)
        interaction = record.interaction
        solved = record.outcome == SOLVED
        edited = {
            column.removesuffix("_id")
            for column in columns & wanted.keys()
            if getattr(record, column) != wanted[column]
        }
        moved = {
            column
            for column in ("occurred_at", "channel_id")
            if column in wanted and getattr(interaction, column) != wanted[column]
        }
        if moved and interaction.kind != HELP:
            raise KeptByInteraction("The help stands on an answer: change when and where it was given there.")
        if "occurred_at" in moved:
            check_time(wanted["occurred_at"], now)
            check_order(wanted["occurred_at"], interaction.reply_to)
        for column in columns & wanted.keys():
            setattr(record, column, wanted[column])
        if edited or moved:
            check_person(record.contact_id)
        if edited & {"contact", "helper_user", "helper_member"}:
            check_helper(record.contact_id, record.helper_user_id, record.helper_member_id)
        if edited:
            record.edited_fields = sorted({*record.edited_fields, *edited})
            record.save()
        if interaction.kind == HELP and (moved or edited & {"answer", "contact", "helper_user", "helper_member"}):
            for column in moved:
                setattr(interaction, column, wanted[column])
            if "answer" in edited and interaction.deleted_at is None:  # a tombstone stays without text
                interaction.text = record.answer
            if "contact" in edited:
                interaction.to_contact_id, interaction.to_member_id = record.contact_id, None
            if edited & {"helper_user", "helper_member"}:
                interaction.user_id, interaction.member_id = record.helper_user_id, record.helper_member_id
                interaction.direction = _direction(record.helper_user_id)
            interaction.save()
        if edited & {"outcome", "contact"} and (solved or record.outcome == SOLVED):
            _settle_answer(record, thread, by_user_id=by_user_id)
    return record


def unless_edited(row: str, column: str, value: str) -> str:
    """
    Return SQL for a column of the help record `row`: what staff edited there stays, else it becomes `value`.

    Who helped is one thing to edit, whichever column says it.
    """
    names = ["helper_user", "helper_member"] if column.startswith("helper_") else [column.removesuffix("_id")]
    return f"CASE WHEN {row}.edited_fields ?| ARRAY{names} THEN {row}.{column} ELSE {value} END"


def withdraw_help(record_id: int, *, now: datetime, by_staff: bool = False) -> HelpRecord:
    """
    Take a help record out of every figure and return it; one that is out already stays as it is.

    An interaction of its own is retracted with it, an answer that it stands on still happened. When its
    source sends it again it stands again, unless it was withdrawn by staff. Raises `NoSuchHelp`.
    """
    with transaction.atomic():
        thread = _locked_thread(interactions__help_record=record_id)
        record = _locked(record_id)
        if record.withdrawn_at is not None:
            return record
        record.withdrawn_at = now
        if by_staff:
            record.edited_fields = sorted({*record.edited_fields, "withdrawn_at"})
        record.save(update_fields=["withdrawn_at", "edited_fields", "updated_at"])
        interaction = record.interaction
        if interaction.kind == HELP and interaction.retracted_at is None:
            interaction.retracted_at = now
            interaction.retract_reason = UNDONE if by_staff else WITHDRAWN
            interaction.save(update_fields=["retracted_at", "retract_reason", "updated_at"])
        if record.outcome == SOLVED:
            _settle_answer(record, thread, by_user_id=None)
    return record


def undo_help(record_id: int, *, now: datetime) -> HelpRecord:
    """Withdraw help that staff recorded by mistake, for good whatever its source says; `redo_help` takes it back."""
    return withdraw_help(record_id, now=now, by_staff=True)


def redo_help(record_id: int) -> HelpRecord:
    """
    Take back `undo_help`: the record, and an interaction of its own, count again as they did.

    Raises `NoSuchHelp`, and `NothingToRedo` for a record that stands or that its source withdrew.
    """
    with transaction.atomic():
        thread = _locked_thread(interactions__help_record=record_id)
        record = _locked(record_id)
        interaction = record.interaction
        was_retracted = interaction.retract_reason in (UNDONE, WITHDRAWN)
        if record.withdrawn_at is None or not ("withdrawn_at" in record.edited_fields or was_retracted):
            raise NothingToRedo("This help was not undone: there is nothing to take back.")
        record.withdrawn_at = None
        record.edited_fields = [name for name in record.edited_fields if name != "withdrawn_at"]
        record.save(update_fields=["withdrawn_at", "edited_fields", "updated_at"])
        if was_retracted:
            interaction.retracted_at, interaction.retract_reason = None, ""
            interaction.save(update_fields=["retracted_at", "retract_reason", "updated_at"])
        if record.outcome == SOLVED:
            _settle_answer(record, thread, by_user_id=record.recorded_by_id)
    return record


def check_person(contact_id: int) -> None:
    """Raise `PersonErased` for somebody who is a pseudonym."""
    if Contact.objects.filter(pk=contact_id).exclude(erased_at=None).exists():
        raise PersonErased(PERSON_ERASED)


def check_helper(contact_id: int, helper_user_id: int | None, helper_member_id: int | None) -> None:
    """Raise `NoHelper` unless exactly one helped, `HelpToOneself` where that is the person helped."""
    if (helper_user_id is None) == (helper_member_id is None):
        raise NoHelper("Say who helped: a colleague or a member, exactly one.")
    people = Contact.objects.filter(pk=contact_id).values("person_id")
    if helper_member_id is None:
        if Colleague.objects.filter(user=helper_user_id, contact__person_id__in=people).exists():
            raise HelpToOneself("This login is that of the person who was helped. Name somebody else who helped.")
        return
    if Member.objects.filter(pk=helper_member_id, contact__person_id__in=people).exists():
        raise HelpToOneself("This account belongs to the person who was helped. Name somebody else who helped.")


def check_time(occurred_at: datetime, now: datetime) -> None:
    """Raise `HelpInFuture` for a time that lies ahead."""
    if occurred_at > now:
        raise HelpInFuture("Help is recorded when it has been given: this time lies ahead.")


def check_order(occurred_at: datetime, answered: Interaction | None) -> None:
    """Raise `HelpBeforeQuestion` for a time before what the help answers: a reply is never before its question."""
    if answered is not None and answered.occurred_at is not None and occurred_at < answered.occurred_at:
        raise HelpBeforeQuestion("What this answers was asked later: the help cannot have been given by then.")


def _check_unanswered(interaction_id: int, newest_known_reply: int) -> None:
    """Lock what is answered, so that two who answer it see each other. Raises `AnsweredMeanwhile`."""
    list(Interaction.objects.select_for_update(no_key=True).filter(pk=interaction_id).values_list("pk"))
    if replies_to(interaction_id).filter(pk__gt=newest_known_reply).exists():
        raise AnsweredMeanwhile("This was answered meanwhile. Save again if your help counts as well.")


def _locked_thread(**of: Any) -> Thread | None:
    return Thread.objects.select_for_update(of=("self",), no_key=True).filter(**of).order_by("pk").first()


def _settle_answer(record: HelpRecord, thread: Thread | None, *, by_user_id: int | None) -> None:
    """
    Let help be the confirmed answer of its thread while it stands and solved what was asked there, else no longer.

    What was accepted, or confirmed otherwise, stays.
    """
    if thread is None:
        return
    if record.withdrawn_at is None and record.outcome == SOLVED and _answers_the_thread(record, thread):
        if thread.accepted_answer_id is not None or thread.confirmed_answer_id is not None:
            return
        thread.confirmed_answer, thread.confirmed_by_id = record.interaction, by_user_id
    elif thread.confirmed_answer_id == record.interaction_id:
        thread.confirmed_answer, thread.confirmed_by_id = None, None
    else:
        return
    thread.save(update_fields=["confirmed_answer", "confirmed_by", "updated_at"])


def _answers_the_thread(record: HelpRecord, thread: Thread) -> bool:
    """Whether it is help to whoever opened the thread, with what was asked there and not with talk about it."""
    answered = record.interaction.reply_to
    if record.interaction.kind not in help_kinds() or (answered is not None and answered.kind not in asking_kinds()):
        return False
    if thread.opened_by_id is None:
        return answered is not None
    return Member.objects.filter(pk=thread.opened_by_id, contact__person__contacts=record.contact_id).exists()


def _locked(record_id: int) -> HelpRecord:
    """Return the record and its interaction, both locked. Raises `NoSuchHelp`."""
    interaction = (
        Interaction.objects.select_for_update(no_key=True).filter(help_record=record_id).order_by("pk").first()
    )
    record = HelpRecord.objects.select_for_update(no_key=True).filter(pk=record_id).first()
    if interaction is None or record is None:
        raise NoSuchHelp(f"There is no help record {record_id}.")
    record.interaction = interaction
    return record


def _interaction_to_mark(interaction_id: int) -> Interaction:
    """Return the interaction, locked, so that two who mark it at once do not make two records of it."""
    interaction = (
        Interaction.objects.counted()
        .select_for_update(of=("self",), no_key=True)
        .select_related("thread")
        .filter(pk=interaction_id)
        .first()
    )
    if interaction is None:
        raise NoSuchInteraction("This answer is not there any more: it was retracted. Record the help anew.")
    return interaction


def _write_interaction(
    *,
    contact_id: int,
    channel_id: int,
    helper_user_id: int | None,
    helper_member_id: int | None,
    reply_to_id: int | None,
    thread_id: int | None,
    occurred_at: datetime,
    text: str,
) -> Interaction:
    answered = Interaction.objects.filter(pk=reply_to_id).first() if reply_to_id is not None else None
    if reply_to_id is not None and answered is None:
        raise NoSuchInteraction("What this help answers is not there any more.")
    check_order(occurred_at, answered)
    return Interaction.objects.create(
        channel_id=channel_id,
        external_id=f"help-{uuid.uuid4()}",
        kind=HELP,
        direction=_direction(helper_user_id),
        occurred_at=occurred_at,
        user_id=helper_user_id,
        member_id=helper_member_id,
        to_contact_id=contact_id,
        reply_to=answered,
        thread_id=thread_id if thread_id is not None or answered is None else answered.thread_id,
        text=text,
        is_private=_is_private(answered, thread_id),
    )


def _is_private(answered: Interaction | None, thread_id: int | None) -> bool:
    """Whether help is private: as what it answers, else as a thread is in which anything was said in private."""
    if answered is not None:
        return answered.is_private
    return thread_id is not None and Interaction.objects.filter(thread=thread_id, is_private=True).exists()


def _direction(helper_user_id: int | None) -> str:
    if helper_user_id is not None:
        return Interaction.Direction.OUTBOUND.value
    return Interaction.Direction.BETWEEN_MEMBERS.value
