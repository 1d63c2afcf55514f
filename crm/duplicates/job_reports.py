"""Jobs that join pairs, and those that take what was joined apart, by the people that they are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import capfirst

from crm.duplicates.joining import JOB_KIND as JOINING
from crm.duplicates.taking_apart import JOB_KIND as TAKING_APART
from crm.merging.fields import label_of
from crm.models import Contact, DuplicateSuggestion, Merge
from crm.permissions import MERGE
from gateway.panels import Column, Figure, Link, PageAction, PanelContent, PermissionCheck, Row, Table
from jobs.models import Job

SHOWN = 200  # outcomes on a page, those that were refused or failed first
DONE = {"merged", "apart"}

APART = PageAction(
    key="take_job_apart",
    label="Take this job apart…",
    icon="call_split",
    page="admin:crm_merge_job_apart",
    permission=MERGE,
)


@dataclass(frozen=True)
class JoinedPairs:
    """Whom a job joined, whom not and why, and what was taken apart again."""

    key: str = JOINING
    title: str = "Pairs"
    permission: str = "crm.view_contact"

    def load(self, job: Job, *, now: datetime, may: PermissionCheck) -> PanelContent:
        outcomes = _in_part(job)
        merges = _merges(outcomes)
        suggestions = DuplicateSuggestion.objects.select_related("first__person", "second__person").in_bulk(
            [outcome["suggestion"] for outcome in outcomes]
        )
        rows = []
        for outcome in outcomes:
            merge, suggestion = merges.get(outcome.get("merge")), suggestions.get(outcome["suggestion"])
            both: tuple[Contact | None, Contact | None] = (None, None)
            if merge is not None:
                both = (merge.survivor, merge.loser)
            elif suggestion is not None:
                both = (suggestion.first.person, suggestion.second.person)
            is_joined = outcome["status"] == "merged"
            became = capfirst(outcome["message"]) if not is_joined else _became(merge)
            rows.append(_row(both, (became, _apart(merge, may=may)), merge))
        numbers = [
            ("Merged", sum(outcome["status"] == "merged" for outcome in job.report["outcomes"])),
            ("Not merged", sum(outcome["status"] not in DONE for outcome in job.report["outcomes"])),
            ("Taken apart again", Merge.objects.filter(job=job, unmerged_at__isnull=False).count()),
        ]
        return PanelContent(
            figures=[Figure(label=label, value=number, unit="count") for label, number in numbers],
            tables=[
                Table(
                    title="Who was merged",
                    columns=(
                        Column(label="Person"), Column(label="Merged with"),
                        Column(label="What became of it", unit="sentence"), Column(label="Undo"),
                    ),
                    rows=rows,
                    empty="Nobody yet.",
                    more=Link(page="admin:crm_merge_changelist", query={"job__id__exact": job.pk})
                    if may("crm.view_merge")
                    else None,
                    more_label="All merges of this job",
                    note=_left_out(job),
                )
            ],
        )  # fmt: skip

    def actions(self, job: Job, *, may: PermissionCheck) -> Sequence[PageAction]:
        stands = job.finished_at is not None and Merge.objects.standing().filter(job=job).exists()
        return [APART] if stands and may(MERGE) else []


@dataclass(frozen=True)
class TakenApart:
    """Whom a job took apart, what went back and what stayed, and why."""

    key: str = TAKING_APART
    title: str = "Taken apart"
    permission: str = "crm.view_contact"

    def load(self, job: Job, *, now: datetime, may: PermissionCheck) -> PanelContent:
        outcomes = _in_part(job)
        merges = _merges(outcomes)
        named = {kept["contact"] for outcome in outcomes for kept in outcome.get("kept", ())} - {None}
        contacts = Contact.objects.in_bulk(named)
        rows = []
        for outcome in outcomes:
            merge = merges.get(outcome["merge"])
            both = (merge.survivor, merge.loser) if merge is not None else (None, None)
            if outcome["status"] not in DONE:
                rows.append(_row(both, ("Nothing", capfirst(outcome["message"])), merge))
            else:
                back = ", ".join(label_of(path) for path in outcome["restored"]) or "No field"
                rows.append(_row(both, (back, _stays(outcome, contacts)), merge))
        done = job.report["outcomes"]
        numbers = [
            ("Taken apart", sum(outcome["status"] == "apart" for outcome in done)),
            ("Something stays", sum(bool(outcome.get("kept") or outcome.get("wishes_stay")) for outcome in done)),
            ("Not taken apart", sum(outcome["status"] not in DONE for outcome in done)),
        ]
        return PanelContent(
            figures=[Figure(label=label, value=number, unit="count") for label, number in numbers],
            tables=[
                Table(
                    title="Who stands alone again",
                    columns=(
                        Column(label="Person"), Column(label="Taken out of them"),
                        Column(label="Went back", unit="sentence"), Column(label="Stays, and why", unit="sentence"),
                    ),
                    rows=rows,
                    empty="Nobody yet.",
                    more=Link(page="admin:jobs_job_change", args=(job.parameters["job"],)),
                    more_label="The job that merged them",
                    note=_left_out(job),
                )
            ],
        )  # fmt: skip

    def actions(self, job: Job, *, may: PermissionCheck) -> Sequence[PageAction]:
        return []


def _in_part(job: Job) -> list[dict[str, Any]]:
    """Return the outcomes that a page shows, those that were refused or failed first."""
    return sorted(job.report["outcomes"], key=lambda outcome: outcome["status"] in DONE)[:SHOWN]


def _left_out(job: Job) -> str:
    more = len(job.report["outcomes"]) - SHOWN
    return f"And {more:,} more." if more > 0 else ""


def _merges(outcomes: Iterable[Mapping[str, Any]]) -> Mapping[int | None, Merge]:
    ids = [outcome["merge"] for outcome in outcomes if "merge" in outcome]
    return Merge.objects.select_related("survivor", "loser").in_bulk(ids)


def _row(both: Sequence[Contact | None], values: Sequence[object], merge: Merge | None) -> Row:
    """Return a row about two people, each with a link to their page; `values` may bring a link of their own."""
    links = {
        place: Link(page="admin:crm_contact_change", args=(contact.pk,))
        for place, contact in enumerate(both)
        if contact is not None
    }
    shown: list[object] = [contact and str(contact) for contact in both]
    for place, value in enumerate(values, start=2):
        if isinstance(value, Link):
            links[place] = value
        shown.append("Take apart…" if isinstance(value, Link) else value)
    return Row(values=tuple(shown), links=links)


def _became(merge: Merge | None) -> str:
    if merge is None:
        return "Merged"
    return "Merged" if merge.unmerged_at is None else "Merged, and taken apart again"


def _apart(merge: Merge | None, *, may: PermissionCheck) -> Link | None:
    if merge is None or merge.unmerged_at is not None or not may(MERGE):
        return None
    return Link(page="admin:crm_contact_unmerge", args=(merge.loser_id,))


def _stays(outcome: Mapping[str, Any], contacts: Mapping[int, Contact]) -> str:
    """Return each field that stays with its reason, and that wishes do."""
    said = [
        f"{label_of(kept['field'])} ({kept['reason'].format(contacts.get(kept['contact'], 'another record'))})"
        for kept in outcome["kept"]
    ]
    if outcome["wishes_stay"]:
        said.append("what was noted of their wishes meanwhile, with both")
    return capfirst(", ".join(said)) or "Nothing"
