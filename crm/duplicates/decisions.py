"""What was decided about pairs: different people, remembered for good; or one person."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from crm.models import DuplicateSuggestion, Merge

State = DuplicateSuggestion.State


@transaction.atomic
def decide_different(suggestion_ids: Sequence[int], *, by_user_id: int | None, now: datetime) -> int:
    """Remember that the persons of these open suggestions are different; return how many were open."""
    return _locked(suggestion_ids, state=State.OPEN).update(
        state=State.DIFFERENT, decided_at=now, decided_by_id=by_user_id
    )


@transaction.atomic
def reopen(suggestion_ids: Sequence[int]) -> int:
    """Take back that they are different; return how many suggestions are open again."""
    return _locked(suggestion_ids, state=State.DIFFERENT).update(state=State.OPEN, decided_at=None, decided_by=None)


def _locked(suggestion_ids: Sequence[int], *, state: State) -> QuerySet[DuplicateSuggestion]:
    """Return those of the suggestions in this state, locked in the order in which a search locks many."""
    found = DuplicateSuggestion.objects.filter(pk__in=suggestion_ids, state=state).order_by("pk")
    return DuplicateSuggestion.objects.filter(
        pk__in=list(found.select_for_update(no_key=True).values_list("pk", flat=True))
    )


def remember_different(one_id: int, other_id: int, *, by_user_id: int | None, now: datetime) -> None:
    """Remember that two contacts are different people, whether anybody suggested them or not."""
    first, second = sorted((one_id, other_id))
    DuplicateSuggestion.objects.update_or_create(
        first_id=first,
        second_id=second,
        defaults={"state": State.DIFFERENT, "decided_at": now, "decided_by_id": by_user_id},
        create_defaults={
            "state": State.DIFFERENT,
            "decided_at": now,
            "decided_by_id": by_user_id,
            "found_at": now,
        },
    )


@transaction.atomic
def decide_different_people(one_id: int, other_id: int, *, by_user_id: int | None, now: datetime) -> None:
    """Remember that two persons are different, whichever of their records was suggested."""
    sides = Q(first__person=one_id, second__person=other_id) | Q(first__person=other_id, second__person=one_id)
    suggested = DuplicateSuggestion.objects.filter(sides, state=State.OPEN).values_list("pk", flat=True)
    decide_different(list(suggested), by_user_id=by_user_id, now=now)
    remember_different(one_id, other_id, by_user_id=by_user_id, now=now)


def note_merge(merge: Merge) -> None:
    """Settle the suggestions about records that a merge has made one person."""
    DuplicateSuggestion.objects.filter(
        first__person=merge.survivor_id, second__person=merge.survivor_id, state=State.OPEN
    ).update(state=State.MERGED, merge=merge, decided_at=merge.merged_at, decided_by=merge.merged_by_id)


@transaction.atomic
def note_unmerge(merge: Merge, *, are_different: bool, by_user_id: int | None, now: datetime) -> None:
    """Open the suggestions again that this merge settled, or remember that the two are different."""
    DuplicateSuggestion.objects.filter(merge=merge, state=State.MERGED).update(
        state=State.OPEN, merge=None, decided_at=None, decided_by=None
    )
    if are_different:
        remember_different(merge.survivor_id, merge.loser_id, by_user_id=by_user_id, now=now)
