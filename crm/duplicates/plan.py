"""What joining many pairs would do, before anybody does it: who becomes one person, and which pairs deserve a look."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db import connection, transaction
from django.db.models import Count

from crm.duplicates.evidence import evidence
from crm.duplicates.joining import as_they_stay, refuse_too_many
from crm.duplicates.search import Pair, about_pairs
from crm.folding import fold
from crm.models import Contact, DuplicateSuggestion
from crm.stages import stage_now

MOST_COMPARED = 10  # people who become one and of whom any two are compared; of more, the pairs that were chosen
SAME_NAME = {kind.key for kind in evidence if kind.about == "name"} | {"handle_and_name"}

State = DuplicateSuggestion.State


@dataclass(frozen=True)
class PlannedPair:
    """A pair that would be joined: who stays, who comes into them, and why somebody should look at the two first."""

    suggestion: DuplicateSuggestion
    survivor: Contact
    loser: Contact
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Together:
    """A number of people before and after."""

    label: str
    before: int
    after: int


@dataclass(frozen=True)
class JoiningPlan:
    """
    What a job of these suggestions would join: pairs that deserve a look first, then the best.

    `left_out` is how many of the suggestions are no open pair of two people, `records` how many records these have.
    """

    pairs: Sequence[PlannedPair]
    left_out: int
    records: int
    together: Sequence[Together]

    @property
    def undoubted(self) -> list[PlannedPair]:
        return [pair for pair in self.pairs if not pair.doubts]


def plan_of_joining(suggestion_ids: Sequence[int]) -> JoiningPlan:
    """
    Return what joining the pairs of these suggestions would do: the same number of queries for one and for many.

    Raises `TooManyPairs`.
    """
    ids = set(suggestion_ids)
    refuse_too_many(len(ids))
    asked = DuplicateSuggestion.objects.filter(pk__in=ids, state=State.OPEN)
    asked = asked.select_related("first", "second", "said_by")
    open_pairs = {
        suggestion: _pair(suggestion)
        for suggestion in asked.order_by("-score", "pk")
        if suggestion.first.person_id != suggestion.second.person_id
        and suggestion.first.erased_at is None
        and suggestion.second.erased_at is None
    }
    people = (
        Contact.objects.filter(pk__in={person for pair in open_pairs.values() for person in pair})
        .select_related("company")
        .annotate(stage_now=stage_now())
        .in_bulk()
    )
    groups = _groups(open_pairs.values())
    doubts = _doubts(open_pairs, people, groups)
    pairs = []
    for suggestion, pair in open_pairs.items():
        survivor, loser = as_they_stay(people[person] for person in pair)
        pairs.append(PlannedPair(suggestion, survivor, loser, tuple(doubts[pair])))
    pairs.sort(key=lambda planned: not planned.doubts)  # the best first among each
    records, together = _together(people, groups)
    return JoiningPlan(pairs, len(ids) - len(pairs), records, together)


def _pair(suggestion: DuplicateSuggestion) -> Pair:
    one, other = suggestion.first.person_id, suggestion.second.person_id
    assert one is not None  # the database sets it
    assert other is not None
    return min(one, other), max(one, other)


Groups = Mapping[int, frozenset[int]]


def _groups(pairs: Iterable[Pair]) -> Groups:
    """Return for each person all who become one with them, themselves included."""
    groups: dict[int, frozenset[int]] = {}
    for one, other in pairs:
        both = groups.get(one, frozenset({one})) | groups.get(other, frozenset({other}))
        groups.update(dict.fromkeys(both, both))
    return groups


def _doubts(
    open_pairs: Mapping[DuplicateSuggestion, Pair], people: Mapping[int, Contact], groups: Groups
) -> Mapping[Pair, list[str]]:
    """Return for each pair what speaks for a look, also what speaks against any two of those who become one."""
    inner: dict[Pair, frozenset[int]] = {pair: groups[pair[0]] for pair in open_pairs.values()}
    for group in set(groups.values()):
        if 2 < len(group) <= MOST_COMPARED:
            inner |= dict.fromkeys(combinations(sorted(group), 2), group)
    against: dict[frozenset[int], set[str]] = defaultdict(set)
    with transaction.atomic(), connection.cursor() as cursor:
        for pair, found in about_pairs(cursor, inner).items():
            against[inner[pair]] |= {key for key, _ in found if evidence[key].points < 0}
    different = DuplicateSuggestion.objects.filter(
        first__person__in=people, second__person__in=people, state=State.DIFFERENT
    ).values_list("first__person", "second__person")
    apart = {groups[one] for one, other in different if one and other in groups[one]}
    doubts: dict[Pair, list[str]] = {}
    for suggestion, pair in open_pairs.items():
        group = groups[pair[0]]
        said = [evidence[key].sentence.removeprefix("but ") for key in sorted(against[group])]
        if len(group) > 2:
            said = [f"of these, two {sentence.removeprefix('both ')}" for sentence in said]
            said.insert(0, f"{len(group)} people become one: {_named(group, people)}")
        if group in apart:
            said.append("somebody said that two of them are different people" if len(group) > 2 else DIFFERENT)
        doubts[pair] = said + _differences(suggestion, *(people[person] for person in pair))
    return doubts


DIFFERENT = "somebody said of other records of theirs that they are different people"


def _named(group: frozenset[int], people: Mapping[int, Contact]) -> str:
    names = [str(people[person]) for person in sorted(group)]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _differences(suggestion: DuplicateSuggestion, one: Contact, other: Contact) -> list[str]:
    """Return what the two say of themselves and cannot both be true of one person."""
    said = []
    names = fold(one.full_name), fold(other.full_name)
    is_like = any(reason["key"] in SAME_NAME for reason in suggestion.reasons)
    if all(names) and names[0] != names[1] and not is_like:
        said.append("different names")
    if one.birth_year and other.birth_year and one.birth_year != other.birth_year:
        said.append("different years of birth")
    return said


def _together(people: Mapping[int, Any], groups: Groups) -> tuple[int, list[Together]]:
    """Return how many records these people have, and how many people of each sort there are before and after."""
    counted = (
        Contact.objects.filter(person__in=people)
        .order_by()
        .values("person")
        .annotate(n=Count("pk"), does_not_want=BoolOr("do_not_contact"))
    )
    records, silent = 0, set[int]()
    for row in counted:
        records += row["n"]
        if row["does_not_want"] and row["person"]:
            silent.add(row["person"])
    customers = {pk for pk, person in people.items() if person.stage_now == Contact.Stage.CUSTOMER}
    sorts = (("People", set(people)), ("Customers", customers), ("Do not want to be contacted", silent))
    together = [Together(label, len(some), len({groups[person] for person in some})) for label, some in sorts]
    return records, [one for one in together if one.before]
