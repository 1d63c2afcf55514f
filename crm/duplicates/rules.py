"""
Rules that merge without asking: off unless `KITH_MERGE_RULES` names them, and only on a verified key.

A pair with anything against it (two accounts on one channel) is never merged by a rule, nor is one that
somebody called different. What a rule left alone it looks at again when the search has, or a day later.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Q

from crm.duplicates.joining import survivor_first
from crm.duplicates.search import find
from crm.merging.merge import AlreadyOnePerson, NoSuchContact, PersonErased, merge, persons_of, wait_for_merges
from crm.models import DuplicateSuggestion
from gateway.acting import acting
from gateway.registry import Registry
from jobs.attempts import EVERY

logger = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(days=1)  # what was decided of other records of the two may speak against it no more


@dataclass(frozen=True)
class MergeRule:
    """A rule by its key, which is also that of the evidence that it goes by."""

    key: str
    sentence: str


merge_rules: Registry[MergeRule] = Registry(
    "merge rule",
    MergeRule("verified_email", "both have verified the same e-mail address"),
    MergeRule("verified_phone", "both have verified the same telephone number"),
)


def rules_in_force() -> list[MergeRule]:
    """Return the rules that the settings name. Raises `ImproperlyConfigured` for one that there is not."""
    try:
        return [merge_rules[key] for key in settings.KITH_MERGE_RULES]
    except LookupError as error:
        raise ImproperlyConfigured(f"KITH_MERGE_RULES: {error}") from None


def apply_rules(*, now: datetime, seconds: float | None = None) -> int:
    """
    Merge the persons of open suggestions as the rules in force say; return how many were merged.

    Begins no further merge after `seconds`: what is left is still open. A pair that no rule merges is left alone for a
    day, or until the search has looked at it again.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    rules = rules_in_force()
    if not rules:
        return 0
    for_a_rule = Q(*[("reasons__contains", [{"key": rule.key}]) for rule in rules], _connector=Q.OR)
    not_left_alone = Q(left_alone_at=None) | Q(left_alone_at__lte=now - LOOK_AGAIN)
    pairs = DuplicateSuggestion.objects.filter(for_a_rule, not_left_alone, state=DuplicateSuggestion.State.OPEN)
    merged = 0
    for suggestion, first, second in list(pairs.order_by("pk").values_list("pk", "first_id", "second_id")):
        if deadline is not None and time.monotonic() > deadline:
            break
        left_alone_at = now
        try:
            if _merge(rules, first, second, now=now):
                merged += 1
                continue
        except Exception:
            logger.exception("Contacts %s and %s could not be merged by a rule.", first, second)
            left_alone_at = now - LOOK_AGAIN + EVERY
        DuplicateSuggestion.objects.filter(pk=suggestion).update(left_alone_at=left_alone_at)
    return merged


def _merge(rules: Sequence[MergeRule], first: int, second: int, *, now: datetime) -> bool:
    """
    Merge the persons of two contacts by the first rule that says so, unless something speaks against it.

    Looked at anew and merged in one transaction: the address may not be theirs any more, and the merge before may have
    brought what speaks against this one.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            wait_for_merges()
            persons = persons_of(first, second)
            pair = (min(persons), max(persons))
            found = find(cursor, persons).get(pair)
            if found is None or found.is_doubted or _are_different(pair):
                return False
            rule = next((rule for rule in rules if rule.key in found.reasons), None)
            if rule is None:
                return False
            survivor, loser = survivor_first(*pair)
            with acting(through="rule", rule=rule.key):
                merge(survivor_id=survivor, loser_id=loser, rule=rule.key, now=now)
    except (AlreadyOnePerson, NoSuchContact, PersonErased):
        return False  # somebody was quicker
    return True


def _are_different(pair: tuple[int, int]) -> bool:
    """Whether somebody said of any two records of these persons that they are different people."""
    either = Q(first__person=pair[0], second__person=pair[1]) | Q(first__person=pair[1], second__person=pair[0])
    return DuplicateSuggestion.objects.filter(either, state=DuplicateSuggestion.State.DIFFERENT).exists()
