"""
The search: chunk by chunk, what changed is compared with what is near it, and what is found is written down.

Each chunk is one transaction that claims its contacts, searches, writes suggestions and deletes the claim.
A worker that dies leaves the claim to the next one; two workers share the work.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q
from django.db.models.functions import Greatest, Least

from crm.duplicates.evidence import SUGGESTED_FROM, Reason, evidence, score_of
from crm.extensions import duplicate_sources
from crm.models import ChangedIdentity, Contact, DuplicateSuggestion
from jobs.attempts import ATTEMPTS, due, retry_at
from jobs.models import Job

logger = logging.getLogger(__name__)

JOB_KIND = "find_duplicates"
CHUNK = 5_000  # contacts of one transaction
_SOME_FAILED = (
    "Some contacts could not be compared because of an error that the log tells. They are tried again every hour."
)
MOST_PER_PERSON = 10  # new suggestions for one person from one chunk, the best

# Everything is looked up by index, whatever the planner believes of a table that was empty when it was last looked at:
# reading all contacts for each of 5,000 takes hours.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL enable_sort = {sorting}"
_AS_BEFORE = "RESET enable_seqscan; RESET jit; RESET enable_sort"

Pair = tuple[int, int]
State = DuplicateSuggestion.State


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search did: contacts looked at, suggestions that are new."""

    contacts: int = 0
    suggestions: int = 0

    def __add__(self, other: "Searched") -> "Searched":
        return Searched(contacts=self.contacts + other.contacts, suggestions=self.suggestions + other.suggestions)


def start_search(*, now: datetime, requested_by: int | None = None, requested_through: str = "") -> Job:
    """
    Write down that every contact is to be looked at, as a job, and return it; one that still runs is returned instead.

    The work is done by `search_changed`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm.find_duplicates'))")
        running = Job.objects.unfinished().filter(kind=JOB_KIND).first()
        if running is not None:
            return running
        job = Job.objects.create(
            kind=JOB_KIND, unit="contacts", requested_by_id=requested_by, requested_through=requested_through
        )
        cursor.execute("INSERT INTO crm_changedidentity (contact_id, job_id) SELECT id, %s FROM crm_contact", [job.pk])
        job.total = cursor.rowcount
        job.report = {"suggestions": 0}
        if job.total == 0:
            job.state, job.started_at, job.finished_at = Job.State.SUCCEEDED, now, now
        job.save()
    return job


def search_changed(*, now: datetime, seconds: float | None = None, chunk: int = CHUNK) -> Searched:
    """Search for duplicates of whatever changed until nothing is left, or no new chunk after `seconds`."""
    deadline = None if seconds is None else time.monotonic() + seconds
    done = Searched()
    while deadline is None or time.monotonic() < deadline:
        step = search_chunk(now=now, chunk=chunk)
        if step is None:
            break
        done += step
    return done


def search_chunk(*, now: datetime, chunk: int = CHUNK) -> Searched | None:
    """
    Search for duplicates of up to `chunk` changed contacts. Returns None when there is none.

    What raises is logged and put off, which counts as a chunk of nobody.
    """
    claimed: list[ChangedIdentity] = []
    try:
        return _search_chunk(claimed, now=now, chunk=chunk)
    except Exception:
        if not claimed:
            raise
        logger.exception("%s contacts could not be compared, first of them %s.", len(claimed), claimed[0].contact_id)
        _put_off(claimed, now=now)
        return Searched()


def _search_chunk(rows: list[ChangedIdentity], *, now: datetime, chunk: int) -> Searched | None:
    """Search for duplicates of what is claimed, which is added to `rows`."""
    with transaction.atomic(), connection.cursor() as cursor:
        waiting = ChangedIdentity.objects.order_by("pk").select_for_update(skip_locked=True)
        rows += waiting.filter(attempts=None)[:chunk]
        if not rows and (first := waiting.filter(due(now), attempts__isnull=False).first()):
            rows += waiting.filter(contact_id=first.contact_id, attempts=first.attempts)
        if not rows:
            return None
        claimed = [(row.pk, row.contact_id, row.job_id) for row in rows]
        contacts = sorted({contact for _, contact, _ in claimed})
        found = find(cursor, contacts)
        new = _write(found, contacts, now=now)
        ChangedIdentity.objects.filter(pk__in=[pk for pk, _, _ in claimed]).delete()
        for job_id, number in Counter(job for _, _, job in claimed if job is not None).items():
            _count(job_id, number, new, now=now)
        return Searched(contacts=len(contacts), suggestions=new)


def _put_off(rows: list[ChangedIdentity], *, now: datetime) -> None:
    """
    Let contacts that raised together be claimed one by one, and one that was alone pause.

    After the last attempt a search of everybody ends without it, as failed; it is tried again every hour.
    """
    known = rows[0].attempts
    changes: dict[str, object] = {"attempts": 0}
    if known is not None or len({row.contact_id for row in rows}) == 1:
        attempts = min((known or 0) + 1, ATTEMPTS)
        changes = {"attempts": attempts, "retry_at": retry_at(attempts, now=now)}
        if attempts == ATTEMPTS:
            changes["job"] = None
    with transaction.atomic():
        free = ChangedIdentity.objects.filter(pk__in=[row.pk for row in rows], attempts=known)
        free = free.select_for_update(skip_locked=True)
        if ChangedIdentity.objects.filter(pk__in=free.values("pk")).update(**changes) and "job" in changes:
            jobs = {row.job_id for row in rows if row.job_id is not None}
            Job.objects.unfinished().filter(pk__in=jobs).update(error=_SOME_FAILED)
            for job_id in jobs:
                _count(job_id, 0, 0, now=now)


@dataclass
class Found:
    """What was found on one pair of persons: of all that is about one thing the strongest evidence, by that thing."""

    reasons: dict[str, Reason] = field(default_factory=dict)

    def add(self, key: str, weight: float) -> None:
        kind = evidence[key]
        reason = Reason(key, round(kind.points * float(weight)))
        known = self.reasons.get(kind.about or key)
        if known is None or abs(reason.points) > abs(known.points):
            self.reasons[kind.about or key] = reason

    @property
    def score(self) -> int:
        return score_of(list(self.reasons.values()))

    @property
    def is_doubted(self) -> bool:
        """Whether anything speaks against it."""
        return any(reason.points < 0 for reason in self.reasons.values())


def find(cursor: CursorWrapper, contacts: Sequence[int]) -> dict[Pair, Found]:
    """
    Return the pairs of persons that the persons of these contacts are part of, each with its reasons.

    All records of a person are looked at: what is known of a pair is known whole, whichever of them changed.
    """
    cursor.execute(
        "CREATE TEMP TABLE searched ON COMMIT DROP AS SELECT id AS contact_id FROM crm_contact"
        " WHERE person_id IN (SELECT person_id FROM crm_contact WHERE id = ANY(%s::bigint[]))",
        [list(contacts)],
    )
    cursor.execute("ANALYZE searched")
    found: dict[Pair, Found] = defaultdict(Found)
    for source in duplicate_sources:
        if source.pairs:
            cursor.execute(_BY_INDEX.format(sorting="off" if source.is_ordered else "on"))
            cursor.execute(
                f"""
                SELECT least(mine.person_id, theirs.person_id), greatest(mine.person_id, theirs.person_id),
                    pair.key, max(pair.weight)
                FROM ({source.pairs}) AS pair (contact_id, other_id, key, weight)
                JOIN crm_contact mine ON mine.id = pair.contact_id
                JOIN crm_contact theirs ON theirs.id = pair.other_id
                WHERE mine.person_id <> theirs.person_id AND mine.erased_at IS NULL AND theirs.erased_at IS NULL
                GROUP BY 1, 2, 3
                """
            )
            for first, second, key, weight in cursor.fetchall():
                found[first, second].add(key, weight)
    cursor.execute(_AS_BEFORE)
    cursor.execute("DROP TABLE searched")
    for pair, reasons in about_pairs(cursor, found).items():
        for key, weight in reasons:
            found[pair].add(key, weight)
    return found


def about_pairs(cursor: CursorWrapper, pairs: Iterable[Pair]) -> dict[Pair, list[tuple[str, float]]]:
    """Return what else speaks for or against these pairs of persons: key and weight."""
    pairs = list(pairs)
    known: dict[Pair, list[tuple[str, float]]] = defaultdict(list)
    if not pairs:
        return known
    cursor.execute(
        "CREATE TEMP TABLE found_pair ON COMMIT DROP AS"
        " SELECT first, second FROM unnest(%s::bigint[], %s::bigint[]) AS pair (first, second)",
        [[first for first, _ in pairs], [second for _, second in pairs]],
    )
    cursor.execute("ANALYZE found_pair")
    cursor.execute(_BY_INDEX.format(sorting="on"))
    for source in duplicate_sources:
        if source.about:
            cursor.execute(source.about)
            for first, second, key, weight in cursor.fetchall():
                known[first, second].append((key, weight))
    cursor.execute(_AS_BEFORE)
    cursor.execute("DROP TABLE found_pair")
    return known


def _write(found: dict[Pair, Found], contacts: Sequence[int], *, now: datetime) -> int:
    """
    Write down what is worth a look and was not decided yet; return how many suggestions are new.

    `found` is all there is about the persons of these contacts: an open suggestion that is not in it, or scores too
    little, is withdrawn.
    """
    worth = {pair: one for pair, one in found.items() if one.score >= SUGGESTED_FROM}
    rows = _known(contacts)
    DuplicateSuggestion.objects.filter(
        pk__in=[row.pk for pair, row in rows if row.state == State.OPEN and pair not in worth]
    ).delete()
    known: dict[Pair, DuplicateSuggestion] = {}
    for pair, row in rows:
        if pair not in known or known[pair].state != State.DIFFERENT:  # of several records, this decision wins
            known[pair] = row
    new: list[DuplicateSuggestion] = []
    changed: list[DuplicateSuggestion] = []
    taken: Counter[int] = Counter()
    for pair, one in sorted(worth.items(), key=lambda entry: (-entry[1].score, entry[0])):
        reasons = [reason.as_json() for _, reason in sorted(one.reasons.items())]
        suggestion = known.get(pair)
        if suggestion is None:
            if max(taken[person] for person in pair) < MOST_PER_PERSON:
                taken.update(pair)
                new.append(
                    DuplicateSuggestion(
                        first_id=pair[0], second_id=pair[1], score=one.score, reasons=reasons, found_at=now
                    )
                )
        elif suggestion.state != State.DIFFERENT and (
            (suggestion.state, suggestion.reasons, suggestion.left_alone_at) != (State.OPEN, reasons, None)
        ):
            # Merged, and taken apart since without a word on whether they are different: open again.
            suggestion.state, suggestion.score, suggestion.reasons = State.OPEN, one.score, reasons
            suggestion.left_alone_at = None  # rules look at it again
            changed.append(suggestion)
    # In one order, so that two workers who found the same pairs wait for each other and not in a circle.
    new.sort(key=lambda suggestion: (suggestion.first_id, suggestion.second_id))
    DuplicateSuggestion.objects.bulk_create(new, ignore_conflicts=True)
    DuplicateSuggestion.objects.bulk_update(changed, ["state", "score", "reasons", "left_alone_at"])
    return len(new)


def _known(contacts: Sequence[int]) -> list[tuple[Pair, DuplicateSuggestion]]:
    """
    Return what is written down about the persons of these contacts, with the pairs of persons that it is about today.

    The rows are locked: whoever decides about one in this moment is not overruled, and waits until all is written.
    """
    persons = Contact.objects.filter(pk__in=contacts).values("person_id")
    records = Contact.objects.filter(person_id__in=persons).values("pk")
    rows = (
        DuplicateSuggestion.objects.filter(Q(first__in=records) | Q(second__in=records))
        .annotate(one=Least("first__person", "second__person"), other=Greatest("first__person", "second__person"))
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    return [((row.one, row.other), row) for row in rows]


def _count(job_id: int, number: int, suggestions: int, *, now: datetime) -> None:
    """Note the progress of a search of everybody, and its end when nothing of it is left."""
    job = Job.objects.unfinished().filter(pk=job_id).select_for_update(no_key=True).first()
    if job is None:
        return
    job.state = Job.State.RUNNING
    job.started_at = job.started_at or now
    job.done = min(job.done + number, job.total or 0)
    job.report = {"suggestions": job.report.get("suggestions", 0) + suggestions}
    if not ChangedIdentity.objects.filter(job=job).exists():
        job.state, job.finished_at = Job.State.SUCCEEDED, now
        if job.error:
            job.state = Job.State.FAILED
        else:
            job.done = job.total or 0
    job.save(update_fields=["state", "started_at", "done", "report", "finished_at"])
