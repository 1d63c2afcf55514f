"""
Taking care of what waits: claim, assign, release, snooze, wake, dismiss, restore.

Each act is one transaction over any number of interactions, locks their handling rows in order of id, and
can be undone by its opposite: what is claimed or assigned is released, what is snoozed woken, what is
dismissed restored. Of two people who claim at once one wins, and the other is told who has it. What was done to many,
who stood with different people before, is taken back as the history has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from community.models import Handling, Interaction
from crm.periods import organisation_zone
from gateway.errors import DomainError
from gateway.users import name_of_user


class AlreadyClaimed(DomainError):
    """Somebody else takes care of it. Nothing was changed."""

    code = "already_claimed"
    status = 409


class UnknownInteraction(DomainError):
    """There is no such interaction."""

    code = "unknown_interaction"
    status = 404


class UnknownUser(DomainError):
    """There is no active user of that name."""

    code = "unknown_user"
    status = 422


class SnoozeEndsTooSoon(DomainError):
    """A snooze ends after now."""

    code = "snooze_ends_too_soon"
    status = 422


class NothingToTakeBack(DomainError):
    """What is to be taken back was somebody else's, was taken back already, or others have gone on since."""

    code = "nothing_to_take_back"
    status = 409


class NoReason(DomainError):
    """What needs no reply is dismissed with a reason."""

    code = "no_reason"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What became of a claim: how many are new, and those that others take care of, each with what it is about."""

    new: int
    taken: list[Handling]


def claim(interaction_ids: Sequence[int], *, user_id: int, now: datetime) -> int:
    """
    Let the user take care of the interactions; return how many they had not claimed before.

    Raises `AlreadyClaimed`, with the name of who has one of them, and then changes nothing.
    """
    with transaction.atomic():
        claimed = claim_free(interaction_ids, user_id=user_id, now=now)
        if claimed.taken:
            handling = claimed.taken[0]
            assert handling.assignee is not None
            raise AlreadyClaimed(
                f"{name_of_user(handling.assignee)} takes care of this already, since {claimed_at(handling)}.",
                extra={"assignee": handling.assignee.get_username()},
            )
    return claimed.new


def claim_free(interaction_ids: Sequence[int], *, user_id: int, now: datetime) -> Claimed:
    """Let the user take care of those of the interactions that nobody else takes care of."""
    with transaction.atomic():
        about = ("assignee", "interaction__channel", "interaction__member__contact__person")
        handlings = list(_locked(interaction_ids).select_related(*about).order_by("interaction_id"))
        free = [handling.pk for handling in handlings if handling.assignee_id is None]
        return Claimed(
            new=Handling.objects.filter(pk__in=free).update(assignee_id=user_id, assigned_at=now),
            taken=[one for one in handlings if one.assignee_id is not None and one.assignee_id != user_id],
        )


def claimed_at(handling: Handling) -> str:
    """Return since when somebody takes care of it, as it is read here: “2 Mar 2026, 12:30”."""
    return date_format(timezone.localtime(handling.assigned_at, organisation_zone()), "j M Y, H:i")


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


def take_back(act: UUID | None, *, user_id: int) -> int:
    """
    Let what a user did in one go be as it was before; return for how many interactions.

    `act` is what the history notes that together by (`gateway.acting.noted_by`). What anybody did to one of the
    interactions since then stays. Raises `NothingToTakeBack` where nothing is left that the user did.
    """
    parameters = {"act": act, "user": str(user_id)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_OF_ACT, parameters)
        cursor.execute(_TAKE_BACK.format(users=get_user_model()._meta.db_table), parameters)
        number = cursor.rowcount
    if not number:
        raise NothingToTakeBack("There is nothing to take back: it was, or somebody has gone on from there.")
    return number


# What the user's act wrote, by the handling: its first event and its last.
_OF_ACT = """
    SELECT event.pgh_obj_id AS id, min(event.pgh_id) AS first, max(event.pgh_id) AS last
    FROM community_handlingevent event
    JOIN pghistory_context context ON context.id = event.pgh_context_id AND context.metadata ->> 'user' = %(user)s
    WHERE event.pgh_context_id = %(act)s::uuid
    GROUP BY event.pgh_obj_id
"""
_LOCK_OF_ACT = f"""
    SELECT handling.id FROM community_handling handling
    WHERE handling.id IN (SELECT id FROM ({_OF_ACT}) act)
    ORDER BY handling.interaction_id FOR UPDATE
"""
# Where nothing is known before the act, there was nothing. Whoever is gone since takes care of nothing.
_TAKE_BACK = f"""
    WITH act AS MATERIALIZED ({_OF_ACT}),
    before AS MATERIALIZED (
        SELECT act.id, event.*
        FROM act
        LEFT JOIN LATERAL (
            SELECT assignee_id, assigned_at, snoozed_at, snoozed_until, dismissed_at, dismissed_by_id, dismiss_reason
            FROM community_handlingevent
            WHERE pgh_obj_id = act.id AND pgh_id < act.first
            ORDER BY pgh_id DESC LIMIT 1
        ) event ON true
        WHERE NOT EXISTS (
            SELECT FROM community_handlingevent WHERE pgh_obj_id = act.id AND pgh_id > act.last
        )
    )
    UPDATE community_handling handling
    SET assignee_id = assignee.id,
        assigned_at = CASE WHEN assignee.id IS NOT NULL THEN before.assigned_at END,
        snoozed_at = before.snoozed_at, snoozed_until = before.snoozed_until,
        dismissed_at = before.dismissed_at, dismissed_by_id = dismisser.id,
        dismiss_reason = COALESCE(before.dismiss_reason, '')
    FROM before
    LEFT JOIN {{users}} assignee ON assignee.id = before.assignee_id
    LEFT JOIN {{users}} dismisser ON dismisser.id = before.dismissed_by_id
    WHERE handling.id = before.id
"""


def _locked(interaction_ids: Sequence[int]) -> QuerySet[Handling]:
    """Return the handling rows of the interactions, made where they are missing and locked in order of id."""
    ids = sorted(set(interaction_ids))
    if Interaction.objects.filter(pk__in=ids).count() != len(ids):
        raise UnknownInteraction("The message is not there any more.")
    Handling.objects.bulk_create([Handling(interaction_id=pk) for pk in ids], ignore_conflicts=True)
    rows = Handling.objects.filter(interaction_id__in=ids)
    list(rows.select_for_update().order_by("interaction_id").values_list("pk"))
    return rows
