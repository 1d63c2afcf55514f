"""
What happens in the gaps: facts committed between any two statements of a recompute, errors at any of them,
and the same work done twice or by two at once.
"""

import datetime as dt
import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from community.models import Interaction
from crm.models import Contact, Conversion
from jobs.models import Job
from metrics.models import Credit, Fingerprint, RecomputeChunk, StaleMark
from metrics.recompute import recompute_claim, recompute_next_chunk, recompute_stale, start_full_recompute
from metrics.tasks import recompute_stale as recompute_stale_task
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ConversionFactory, RefundFactory
from tests.interrupting import AtStatement, die, fail, finishes
from tests.metrics.oracle import empty_tables, expected_tables, stored_tables

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)  # no error keeps a recompute waiting for longer
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def elsewhere():
    """Run `elsewhere(act)` in a session of its own and wait until it has committed."""
    with ThreadPoolExecutor(max_workers=1) as thread:

        def run(act):
            try:
                thread.submit(act).result(timeout=20)
            except TimeoutError:
                pytest.fail("a writer had to wait for the recompute")

        yield run
        thread.submit(lambda: connection.close()).result()  # the thread's own


def touch(member, hours):
    return InteractionFactory(member=member, channel=member.channel, occurred_at=NOON - dt.timedelta(hours=hours))


class Scene:
    """Joe with two touches and a purchase, Ann with none; everything is computed but one new touch of Joe's."""

    def __init__(self, number=0):
        self.order = f"order-{number}"
        self.joe, self.ann = MemberFactory(), MemberFactory()
        self.touches = [touch(self.joe, hours) for hours in (30, 20)]
        self.purchase = ConversionFactory(contact=self.joe.contact, occurred_at=NOON, external_id=self.order)
        recompute_stale(now=NOW)
        touch(self.joe, 10)

    def new_touch(self):
        touch(self.joe, 5)

    def other_actor(self):
        Interaction.objects.filter(pk=self.touches[0].pk).update(member=self.ann)

    def merge(self):
        Contact.objects.filter(pk=self.joe.contact_id).update(merged_into=self.ann.contact)

    def other_buyer(self):
        Conversion.objects.filter(pk=self.purchase.pk).update(contact=self.ann.contact)

    def deletion(self):
        Conversion.objects.filter(pk=self.purchase.pk).delete()

    def refund(self):
        RefundFactory(refund_of_external_id=self.order, amount=Decimal("3.33"))


CHANGES = ["new_touch", "other_actor", "merge", "other_buyer", "deletion", "refund"]


def in_every_gap(act):
    """Call `act` with a scene before each statement of a claim in turn; yield the scene and whether the claim ended."""
    for number in range(1, 100):
        scene = Scene(number)
        gap = AtStatement(number, partial(act, scene))
        with connection.execute_wrapper(gap):
            ended = finishes(partial(recompute_claim, now=NOW))
        yield scene, ended
        if not gap.done:
            assert number > 15, "a claim has more statements than that"
            return


@pytest.mark.parametrize("half", [0, 1])
def test_a_fact_committed_in_any_gap_of_a_claim_is_not_lost(half, elsewhere):
    """Each gap gets two of the six changes, drawn anew in each run."""
    drawn = random.sample(CHANGES, len(CHANGES))
    changes = itertools.cycle(drawn[half * 3 :] + drawn[: half * 3])
    made = []

    def change(scene):
        made.append(next(changes))
        elsewhere(getattr(scene, made[-1]))

    for _, ended in in_every_gap(change):
        assert ended

    recompute_stale(now=NOW)

    assert set(made) == set(CHANGES)
    assert stored_tables() == expected_tables(), f"after {made}, one in each gap"


def test_an_error_at_any_statement_leaves_the_marks_for_the_next_claim():
    for scene, ended in in_every_gap(lambda _: die()):
        assert Credit.objects.filter(conversion=scene.purchase).count() == (3 if ended else 2)
        assert StaleMark.objects.exists() != ended

    recompute_stale(now=NOW)

    assert stored_tables() == expected_tables()


def test_a_fault_at_any_statement_leaves_the_marks_for_a_later_claim():
    for scene, _ in in_every_gap(fail_in):
        assert Credit.objects.filter(conversion=scene.purchase).count() in (2, 3)
        recompute_stale(now=LATER)
        assert Credit.objects.filter(conversion=scene.purchase).count() == 3
        assert not StaleMark.objects.exists()

    assert stored_tables() == expected_tables()


def fail_in(_):
    fail()


def test_an_error_at_any_statement_of_a_full_recompute_is_made_good_by_the_next_look():
    """What happens at each of them, and over what, is drawn anew in each run."""
    scene = Scene()
    expected = {}
    for number in range(1, 200):
        retracted_at = NOW if number % 2 else None  # so that there always is something to write
        Interaction.objects.filter(pk=scene.touches[0].pk).update(retracted_at=retracted_at)
        stop = random.choice([die, fail])
        from_nothing = random.random() < 0.5  # or over what is stored: other statements write it
        if from_nothing:
            empty_tables()
        start_full_recompute(now=NOW)
        death = AtStatement(number, stop)
        with connection.execute_wrapper(death):
            ended = finishes(partial(recompute_stale, now=NOW))
            assert ended != death.done or stop is fail  # which need not end more than the chunk
        recompute_stale(now=NOW if stop is die else LATER)

        assert not RecomputeChunk.objects.exists()
        if retracted_at not in expected:
            expected[retracted_at] = expected_tables()
        assert stored_tables() == expected[retracted_at], f"after {stop.__name__} at statement {number}"
        if not death.done and not from_nothing:  # which takes a statement less
            break

    assert number > 50
    assert expected[NOW] != expected[None]


def end_full_recompute():
    while recompute_next_chunk(now=NOW):
        pass


def test_a_full_recompute_that_ends_while_another_worker_looks_is_not_begun_again(elsewhere):
    Scene()
    Fingerprint.objects.all().delete()
    start_full_recompute(now=NOW)
    number_of_jobs = Job.objects.count()
    looked = []

    def end_it_at_the_first_look_for_jobs(execute, sql, params, many, context):
        if 'FROM "jobs_job"' in sql and not looked:
            looked.append(sql)
            elsewhere(end_full_recompute)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end_it_at_the_first_look_for_jobs):
        recompute_stale(now=NOW)

    assert looked
    assert Job.objects.count() == number_of_jobs
    assert not Job.objects.unfinished().exists()


def test_a_full_recompute_that_another_worker_begins_meanwhile_is_not_begun_again(elsewhere):
    Scene()
    Fingerprint.objects.all().delete()
    number_of_jobs = Job.objects.count()
    looked = []

    def begin_it_after_the_first_look_for_jobs(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if 'FROM "jobs_job"' in sql and not looked:
            looked.append(sql)
            elsewhere(partial(recompute_stale, now=NOW, seconds=0))
        return result

    with connection.execute_wrapper(begin_it_after_the_first_look_for_jobs):
        recompute_stale(now=NOW)

    assert looked
    assert Job.objects.count() == number_of_jobs + 1
    assert Job.objects.order_by("pk").last().state == "succeeded"


def test_the_task_twice_is_the_task_once():
    Scene()

    recompute_stale_task()
    once = stored_tables()
    recompute_stale_task()

    assert stored_tables() == once == expected_tables()


def test_the_task_by_four_workers_at_once_is_the_task_once():
    scene = Scene()
    for hours in range(1, 40):
        touch(scene.joe, hours)
        ConversionFactory(contact=[scene.joe, scene.ann][hours % 2].contact, occurred_at=NOON)
    start_full_recompute(now=NOW, chunk_persons=1)
    errors = []

    def work():
        try:
            recompute_stale(now=NOW, claim_marks=7)
        except Exception as error:  # noqa: BLE001 - handed on to the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recompute_stale(now=NOW)

    assert errors == []
    assert stored_tables() == expected_tables()
