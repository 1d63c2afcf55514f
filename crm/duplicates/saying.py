"""That somebody says of two people that they are one: a possible duplicate for those who may join them."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from crm.duplicates.evidence import Reason, evidence, score_of
from crm.merging.merge import persons_of, wait_for_merges
from crm.models import DuplicateSuggestion
from gateway.errors import DomainError

SAID = "said"  # the key of the evidence

State = DuplicateSuggestion.State


class DifferentPeople(DomainError):
    """Somebody who may join people said that the two are different."""

    code = "different_people"
    status = 409


def say_same(one_id: int, other_id: int, *, by_user_id: int | None, now: datetime) -> DuplicateSuggestion:
    """
    Write down that a user takes the persons of two contacts for one, and return the possible duplicate.

    One that is known already gets this as one more reason, and the search keeps it. Raises `NoSuchContact`,
    `AlreadyOnePerson`, `PersonErased`, `DifferentPeople`.
    """
    with transaction.atomic():
        wait_for_merges()  # whose records they are stays as it is
        persons = persons_of(one_id, other_id)
        known = _about(*persons)
        if known.filter(state=State.DIFFERENT).exists():
            raise DifferentPeople("Somebody decided that these are different people. Ask an administrator.")
        pair = known.filter(state=State.OPEN).order_by("-score", "pk").select_for_update(no_key=True).first()
        if pair is None:
            first, second = sorted(persons)
            pair, _ = DuplicateSuggestion.objects.get_or_create(
                first_id=first, second_id=second, defaults={"found_at": now}
            )
        reasons = [reason for reason in pair.reasons if reason["key"] != SAID]
        pair.state, pair.merge = State.OPEN, None  # joined once and taken apart by hand, it is open again
        pair.said_by_id, pair.said_at = by_user_id, now
        _rate(pair, [*reasons, Reason(SAID, evidence[SAID].points).as_json()])
        return pair


def unsay(pair_id: int, *, by_user_id: int) -> bool:
    """Take back that this user said so; return whether they had. A pair without any other reason goes."""
    with transaction.atomic():
        said = DuplicateSuggestion.objects.filter(pk=pair_id, said_by=by_user_id, state=State.OPEN)
        pair = said.select_for_update(no_key=True).first()
        if pair is None:
            return False
        reasons = [reason for reason in pair.reasons if reason["key"] != SAID]
        if not reasons:
            pair.delete()
            return True
        pair.said_by, pair.said_at = None, None
        _rate(pair, reasons)
        return True


def _about(one: int, other: int) -> QuerySet[DuplicateSuggestion]:
    """Return what is known of two persons, on whichever of their records."""
    sides = Q(first__person=one, second__person=other) | Q(first__person=other, second__person=one)
    return DuplicateSuggestion.objects.filter(sides)


def _rate(pair: DuplicateSuggestion, reasons: list[dict[str, object]]) -> None:
    pair.reasons = sorted(reasons, key=lambda reason: str(reason["key"]))
    pair.score = score_of([Reason(str(reason["key"]), int(str(reason["points"]))) for reason in reasons])
    pair.save(update_fields=["reasons", "score", "state", "merge", "said_by", "said_at"])
