"""
Taking care of what waits: claim, assign, release, snooze, wake, dismiss, restore.

Each act is one transaction over any number of interactions, locks their handling rows in order of id, and
can be undone by its opposite: what is claimed or assigned is released, what is snoozed woken, what is
dismissed restored. Of two people who claim at once one wins, and the other is told who has it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from community.models import Handling, Interaction
from gateway.errors import DomainError


class AlreadyClaimed(DomainError):
    """Somebody else takes care of it. Nothing was changed."""

    code = "already_claimed"
    status = 409


class UnknownInteraction(DomainError):
    """There is no such interaction."""

    code = "unknown_interaction"
    status = 404


class UnknownUser(DomainError):
    """Nobody by that name works here."""

    code = "unknown_user"
    status = 422


class SnoozeEndsTooSoon(DomainError):
    """A snooze ends after now."""

    code = "snooze_ends_too_soon"
    status = 422


class NoReason(DomainError):
    """What needs no reply is dismissed with a reason."""

    code = "no_reason"
    status = 422


def claim(interaction_ids: Sequence[int], *, user_id: int, now: datetime) -> int:
    """
    Let the user take care of the interactions; return how many they had not claimed before.

    Raises `AlreadyClaimed`, with the name of who has one of them, and then changes nothing.
    """
    with transaction.atomic():
        handlings = list(_locked(interaction_ids).select_related("assignee"))
        for handling in handlings:
            if handling.assignee is not None and handling.assignee_id != user_id:
                raise AlreadyClaimed(
                    f"{_name(handling.assignee)} takes care of this already, since {handling.assigned_at:%H:%M} UTC.",
                    extra={"assignee": handling.assignee.get_username()},
                )
        new = [handling.pk for handling in handlings if handling.assignee_id is None]
        return Handling.objects.filter(pk__in=new).update(assignee_id=user_id, assigned_at=now)


def assign(interaction_ids: Sequence[int], *, user_id: int, now: datetime) -> int:
    """Let another user take care of the interactions, whoever did before; return for how many that is new."""
    if not get_user_model().objects.filter(pk=user_id, is_active=True).exists():
        raise UnknownUser("There is no such user, or they no longer work here.")
    with transaction.atomic():
        return _locked(interaction_ids).exclude(assignee_id=user_id).update(assignee_id=user_id, assigned_at=now)


def release(interaction_ids: Sequence[int]) -> int:
    """Let nobody take care of the interactions any more; return how many somebody had."""
    with transaction.atomic():
        return _locked(interaction_ids).exclude(assignee=None).update(assignee=None, assigned_at=None)


def snooze(interaction_ids: Sequence[int], *, until: datetime, now: datetime) -> int:
    """Take the interactions out of the queue until then, or until the person writes again; return how many."""
    if until <= now:
        raise SnoozeEndsTooSoon("Snooze until a time that is still to come.")
    with transaction.atomic():
        return _locked(interaction_ids).update(snoozed_at=now, snoozed_until=until)


def wake(interaction_ids: Sequence[int]) -> int:
    """Put what was snoozed back into the queue; return how many."""
    with transaction.atomic():
        return _locked(interaction_ids).exclude(snoozed_at=None).update(snoozed_at=None, snoozed_until=None)


def dismiss(interaction_ids: Sequence[int], *, reason: str, user_id: int | None, now: datetime) -> int:
    """Say that the interactions need no reply, and why; return how many were not dismissed yet."""
    if not reason.strip():
        raise NoReason("Say why it needs no reply: a few words are enough.")
    with transaction.atomic():
        return (
            _locked(interaction_ids)
            .filter(dismissed_at=None)
            .update(dismissed_at=now, dismissed_by_id=user_id, dismiss_reason=reason.strip()[:255])
        )


def restore(interaction_ids: Sequence[int]) -> int:
    """Let the interactions wait again that were dismissed; return how many."""
    with transaction.atomic():
        return (
            _locked(interaction_ids)
            .exclude(dismissed_at=None)
            .update(dismissed_at=None, dismissed_by=None, dismiss_reason="")
        )


def _locked(interaction_ids: Sequence[int]) -> QuerySet[Handling]:
    """Return the handling rows of the interactions, made where they are missing and locked in order of id."""
    ids = sorted(set(interaction_ids))
    if Interaction.objects.filter(pk__in=ids).count() != len(ids):
        raise UnknownInteraction("The message is not there any more.")
    Handling.objects.bulk_create([Handling(interaction_id=pk) for pk in ids], ignore_conflicts=True)
    rows = Handling.objects.filter(interaction_id__in=ids)
    list(rows.select_for_update().order_by("interaction_id").values_list("pk"))
    return rows


def _name(user: object) -> str:
    return user.get_full_name() or user.get_username()  # type: ignore[attr-defined]
