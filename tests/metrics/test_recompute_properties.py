"""Random facts through every way of recomputing: the same tables, and those that the oracle expects."""

import datetime as dt
import os
import random
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import recompute
from metrics.models import StaleMark
from metrics.recompute import recompute_all, recompute_stale
from tests.metrics.oracle import expected_tables, stored_tables
from tests.metrics.world import OPERATIONS, World, operations

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
EXAMPLES = int(os.environ.get("KITH_EXAMPLES", "12"))  # worlds per property; more when somebody has the time
quietly = settings(deadline=None, suppress_health_check=list(HealthCheck))


class UndoneError(Exception):
    """Ends an example: its facts are rolled back."""


def in_a_world_of_its_own(example):
    try:
        with transaction.atomic():
            example(World())
            raise UndoneError
    except UndoneError:
        pass


BUSY = ("add_interaction", "add_interaction", "add_conversion", "add_conversion", "add_refund", "add_member")


@settings(quietly, max_examples=EXAMPLES)
@given(
    facts=operations(*BUSY, "add_thread", "add_role", "add_rate", "add_campaign", "add_help_record", "add_cost",
                     "merge_contact", max_size=60),
    chunk_persons=st.sampled_from([1, 2, 3, 5, 100]),
)  # fmt: skip
def test_full_recompute_equals_the_oracle_in_any_chunking(facts, chunk_persons):
    def example(world):
        world.apply(facts)

        recompute_all(now=NOW, chunk_persons=chunk_persons)

        assert stored_tables() == expected_tables()

    in_a_world_of_its_own(example)


@settings(quietly, max_examples=EXAMPLES)
@given(
    facts=operations(*BUSY, "add_thread", "add_role", "add_rate", "add_campaign", "add_help_record", "add_cost",
                     "merge_contact", max_size=40),
    rounds=st.lists(st.tuples(operations(max_size=6), st.sampled_from([1, 2, 7, 1000])), min_size=1, max_size=6),
    few=st.sampled_from([0, 1, recompute.FEW]),
)  # fmt: skip
def test_incremental_recompute_equals_the_oracle_and_a_full_recompute(facts, rounds, few):
    def example(world):
        world.apply(facts)
        recompute_all(now=NOW)

        for changes, claim_marks in rounds:
            world.apply(changes)
            with mock.patch.object(recompute, "FEW", few):  # many are computed by the same text, run in another way
                recompute_stale(now=NOW, claim_marks=claim_marks)

            assert not StaleMark.objects.exists()
            assert stored_tables() == expected_tables()

        assert nothing_written(recompute_all(now=NOW, chunk_persons=2))

    in_a_world_of_its_own(example)


def nothing_written(done):
    return (done.credits_written, done.results_written, done.cost_days_written) == (0, 0, 0)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_kind_of_change_is_followed(name):
    chance = random.Random(name)

    def example(world):
        added = [kind for kind in OPERATIONS if kind.startswith("add_")]
        world.apply((kind, [chance.randrange(998) for _ in range(8)]) for kind in [*added, name])
        recompute_all(now=NOW)
        for _ in range(8):
            world.apply([(name, [chance.randrange(998) for _ in range(8)])])
            recompute_stale(now=NOW)
            assert stored_tables() == expected_tables()

    in_a_world_of_its_own(example)
