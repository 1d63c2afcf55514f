"""A worker that is killed in the middle of finding or joining duplicates: the next one goes on where it was."""

import datetime as dt

import pytest
from django.db import connection

from crm.duplicates.search import CHUNK, search_changed, search_chunk, start_search
from crm.models import ChangedIdentity, DuplicateSuggestion, Merge
from crm.tasks import find_duplicates, request_joining, request_search
from jobs.models import Job
from tests.factories.crm import ContactFactory, EmailFactory
from tests.holding import held, somebody_waits, wait_until
from tests.processes import start_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
ALONE = ("--concurrency", "1")  # one piece after the other, so that it is known where the worker waits


def killed_while_it_waits(environment, folder, *, table: str, pk: int, when=lambda: True) -> None:
    """Let a worker begin, hold it at a row, and kill it as soon as it waits there and `when` holds."""
    with held(table, pk), start_worker(environment, folder=folder, arguments=ALONE) as worker:
        wait_until(lambda: when() and somebody_waits(), ring=find_duplicates.delay)
        worker.kill()


def test_joining_fifty_pairs_goes_on_after_a_kill(subprocess_environment, tmp_path):
    for number in range(50):
        for name in (f"One {number}", ""):
            EmailFactory(contact=ContactFactory(full_name=name), raw=f"p{number}@example.com")
    search_changed(now=NOW)
    pairs = DuplicateSuggestion.objects.order_by("first")
    job = request_joining([pair.pk for pair in pairs], now=NOW)

    def done() -> int:
        return Job.objects.get(pk=job.pk).done

    killed_while_it_waits(
        subprocess_environment, tmp_path, table="crm_contact", pk=pairs[30].second_id, when=lambda: done() == 30
    )
    assert Merge.objects.count() == 30
    assert Job.objects.get(pk=job.pk).state == "running"

    with start_worker(subprocess_environment, folder=tmp_path):
        wait_until(lambda: done() == 50, ring=find_duplicates.delay)

    job.refresh_from_db()
    assert (job.state, job.total) == ("succeeded", 50)
    assert [outcome["suggestion"] for outcome in job.report["outcomes"]] == [pair.pk for pair in pairs]
    assert sorted(Merge.objects.values_list("survivor", "loser")) == [(pair.first_id, pair.second_id) for pair in pairs]


def suggestions() -> set[tuple[int, int, int]]:
    return set(DuplicateSuggestion.objects.values_list("first", "second", "score"))


def test_searching_everybody_goes_on_after_a_kill_and_finds_the_same(subprocess_environment, tmp_path):
    people = CHUNK + 2_000
    with connection.cursor() as cursor:  # every fiftieth has the address of the one before
        cursor.execute(
            "WITH new AS (INSERT INTO crm_contact (full_name) SELECT md5(n::text) FROM generate_series(1, %s) n"
            " RETURNING id), placed AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM new)"
            " INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised)"
            " SELECT id, 'email', address, address FROM (SELECT id, 'p' || n - (n %% 50 = 0)::int || '@example.com'"
            " AS address FROM placed) known",
            [people],
        )
    search_changed(now=NOW)
    undisturbed = suggestions()
    assert len(undisturbed) == people // 50
    DuplicateSuggestion.objects.all().delete()
    job = request_search(now=NOW)
    search_chunk(now=NOW)
    found = suggestions()
    # The second chunk is searched and its suggestions are written when the worker comes to count it.
    killed_while_it_waits(subprocess_environment, tmp_path, table="jobs_job", pk=job.pk)
    wait_until(lambda: not somebody_waits())
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", CHUNK)
    assert suggestions() == found < undisturbed
    assert start_search(now=NOW) == job

    with start_worker(subprocess_environment, folder=tmp_path):
        wait_until(lambda: not ChangedIdentity.objects.exists(), ring=find_duplicates.delay)

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("succeeded", people, people)
    assert suggestions() == undisturbed
