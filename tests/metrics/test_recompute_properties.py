"""Random facts through every way of recomputing: the same tables, and those that the oracle expects."""

import datetime as dt
import os
import random
from copy import copy
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.models import StaleMark
from metrics.recompute import chunks as cut
from metrics.recompute import computing, recompute_all, recompute_stale
from tests.metrics.oracle import empty_tables, expected_tables, stored_tables
from tests.metrics.world import OPERATIONS, operations, undone

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
EXAMPLES = int(os.environ.get("KITH_EXAMPLES", "8"))  # worlds per property; more when somebody has the time
quietly = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def in_a_world_of_its_own(beginning):
    """Call an example with a world that it may change; its facts are rolled back."""

    def run(example):
        with undone():
            example(copy(beginning))

    return run


# Ids of persons in one chunk, of about ten in a world. Without a number it ends where enough conversions come together.
chunks = st.none() | st.integers(1, 12)

BUSY = ("add_interaction", "add_interaction", "add_conversion", "add_conversion", "add_refund", "add_member")


@settings(quietly, max_examples=EXAMPLES)
@given(
    facts=operations(*BUSY, "add_thread", "add_role", "add_rate", "add_campaign", "add_help_record", "add_cost",
                     "merge_contact", max_size=60),
    chunk_persons=chunks,
)  # fmt: skip
def test_full_recompute_equals_the_oracle_in_any_chunking(in_a_world_of_its_own, facts, chunk_persons):
    def example(world):
        world.apply(facts)

        with small_chunks():
            recompute_all(now=NOW, chunk_persons=chunk_persons)

        assert stored_tables() == expected_tables()

    in_a_world_of_its_own(example)


def small_chunks():
    """Chunks of two conversions, in blocks of two persons, where nobody says how many persons one shall have."""
    return mock.patch.multiple(cut, CHUNK_CONVERSIONS=2, BLOCK_SIZE=2)


def test_chunks_end_where_enough_conversions_came_together(in_a_world_of_its_own):
    def example(world):  # four people, each of whom bought once
        assert recompute_all(now=NOW).chunks == 1 + 1  # that of guests, and one for all
        with small_chunks():
            assert recompute_all(now=NOW).chunks == 1 + 2
        assert recompute_all(now=NOW, chunk_persons=3).chunks in (1 + 2, 1 + 3)  # ids are cut at multiples of three

    in_a_world_of_its_own(example)


@settings(quietly, max_examples=EXAMPLES)
@given(
    facts=operations(*BUSY, "add_thread", "add_role", "add_rate", "add_campaign", "add_help_record", "add_cost",
                     "merge_contact", max_size=40),
    rounds=st.lists(st.tuples(operations(max_size=6), st.sampled_from([1, 2, 7, 1000])), min_size=1, max_size=6),
    few=st.sampled_from([0, 1, computing.FEW]),
    chunk_persons=st.tuples(chunks, chunks),
    rebuilds=st.booleans(),
)  # fmt: skip
def test_incremental_recompute_equals_the_oracle_and_a_full_recompute(
    in_a_world_of_its_own, facts, rounds, few, chunk_persons, rebuilds
):
    def example(world):
        world.apply(facts)
        recompute_all(now=NOW, chunk_persons=chunk_persons[0])

        for changes, claim_marks in rounds:
            world.apply(changes)
            with mock.patch.object(computing, "FEW", few):  # many are computed by the same text, run in another way
                recompute_stale(now=NOW, claim_marks=claim_marks)

            assert not StaleMark.objects.exists()
            stored = stored_tables()
            assert stored == expected_tables()

        if rebuilds:
            empty_tables()
        with small_chunks():
            done = recompute_all(now=NOW, chunk_persons=chunk_persons[1])
        assert rebuilds or nothing_written(done)
        assert stored_tables() == stored

    in_a_world_of_its_own(example)


def nothing_written(done):
    return (done.credits_written, done.results_written, done.cost_days_written) == (0, 0, 0)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_kind_of_change_is_followed(in_a_world_of_its_own, name):
    chance = random.Random(name)

    def example(world):
        added = [kind for kind in OPERATIONS if kind.startswith("add_")]
        world.apply((kind, [chance.randrange(998) for _ in range(8)]) for kind in [*added, name])
        recompute_all(now=NOW, chunk_persons=chance.randint(1, 12))
        for _ in range(8):
            world.apply([(name, [chance.randrange(998) for _ in range(8)])])
            recompute_stale(now=NOW)
            assert stored_tables() == expected_tables()

    in_a_world_of_its_own(example)
