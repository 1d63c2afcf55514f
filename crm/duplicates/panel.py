"""On the contact page: which records this person is made of, and who else may be the same person."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from crm.duplicates.evidence import why
from crm.models import Contact, DuplicateSuggestion, Merge
from crm.permissions import MERGE
from gateway.panels import Column, Link, PanelContent, PermissionCheck, Row, Table
from gateway.users import name_of_user


@dataclass(frozen=True)
class SamePerson:
    """Merged records with a way to take them apart, and open suggestions with a way to compare."""

    key: str = "same_person"
    title: str = "One person"
    order: int = 80
    permission: str = MERGE
    description: str = "Records merged into this one, and contacts that may be the same person."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        persons = set[int | None](ids)
        merged = _merged_records(persons)
        suggested = _suggestions(persons)
        return {pk: PanelContent(tables=_tables(merged[pk], suggested[pk])) for pk in ids}


def _tables(merged: Sequence[Row], suggested: Sequence[Row]) -> list[Table]:
    return [
        Table(
            title="May be the same person",
            columns=(
                Column(label="Contact"), Column(label="Score", unit="count"), Column(label="Why", unit="sentence"),
            ),
            rows=suggested,
            empty="Nobody else looks like this person.",
        ),
        Table(
            title="Records of this person",
            columns=(
                Column(label="Record"), Column(label="Merged", unit="time"), Column(label="By"), Column(label="Undo"),
            ),
            rows=merged,
            empty="This is the only record of this person.",
        ),
    ]  # fmt: skip


def _merged_records(persons: set[int | None]) -> Mapping[int | None, list[Row]]:
    """Return a row for each record that was merged into each person. Two queries."""
    records = Contact.objects.filter(person__in=persons, merged_into__isnull=False).order_by("pk")
    merges = {
        merge.loser_id: merge
        for merge in Merge.objects.standing().filter(loser__person__in=persons).select_related("merged_by")
    }
    rows: Mapping[int | None, list[Row]] = defaultdict(list)
    for record in records:
        merge = merges.get(record.pk)
        by = merge and (f"rule: {merge.rule}" if merge.rule else name_of_user(merge.merged_by))
        rows[record.person_id].append(
            Row(
                values=(str(record), merge and merge.merged_at, by or None, "Take apart…"),
                links={3: Link(page="admin:crm_contact_unmerge", args=(record.pk,))},
            )
        )
    return rows


@dataclass(frozen=True)
class Suggested:
    """A person who may be the same as another one, with the score of 0 to 100 and why in words."""

    person: Contact
    score: int
    why: str


def suggested_for(person: int) -> list[Suggested]:
    """Return who may be the same as this person, the likeliest first. One query."""
    return [suggested for _, suggested in _open_suggestions({person})]


def _open_suggestions(persons: set[int | None]) -> Iterator[tuple[int, Suggested]]:
    """Yield each open suggestion about each person, the best first. One query."""
    found = (
        DuplicateSuggestion.objects.filter(
            Q(first__person__in=persons) | Q(second__person__in=persons), state=DuplicateSuggestion.State.OPEN
        )
        .exclude(first__person=F("second__person"))
        .select_related("first__person", "second__person", "said_by")
        .order_by("-score", "pk")
    )
    for suggestion in found:
        both = (suggestion.first.person, suggestion.second.person)
        for one, other in (both, both[::-1]):
            if one is not None and other is not None and one.pk in persons:
                yield one.pk, Suggested(other, suggestion.score, why(suggestion))


def _suggestions(persons: set[int | None]) -> Mapping[int | None, list[Row]]:
    """Return a row for each open suggestion about each person, the best first. One query."""
    rows: Mapping[int | None, list[Row]] = defaultdict(list)
    for pk, other in _open_suggestions(persons):
        compare = Link(page="admin:crm_contact_merge", args=(pk,), query={"with": other.person.pk})
        rows[pk].append(Row(values=(str(other.person), other.score, other.why), links={0: compare}))
    return rows
