"""What raises in a recompute: it holds up nothing else, is tried again, and ends as a sentence for whoever asked."""

import datetime as dt
import logging
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.models import Conversion
from jobs.models import Job
from metrics.models import ConversionResult, CostDay, RecomputeChunk, StaleMark
from metrics.recompute import recompute_stale, start_full_recompute
from metrics.reports.freshness import behind_reason
from tests.factories.community import CostFactory
from tests.factories.crm import ContactFactory, ConversionFactory
from tests.metrics.oracle import expected_tables, stored_tables

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@contextmanager
def broken(conversion):
    """Let no result of this conversion be written: whatever computes it raises."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE metrics_conversionresult ADD CONSTRAINT broken CHECK (conversion_id <> %s) NOT VALID",
            [conversion.pk],
        )
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE metrics_conversionresult DROP CONSTRAINT IF EXISTS broken")


@pytest.fixture
def purchases():
    """Joe, Mia and Zoe bought something, and nothing is computed of it; Joe's is the oldest person."""
    return [ConversionFactory(contact=ContactFactory(), amount=Decimal("10.00")) for _ in range(3)]


def values():
    return sorted(ConversionResult.objects.values_list("conversion", "value_minor"))


def test_a_mark_that_raises_holds_up_no_other_and_is_computed_once_it_can_be(purchases, caplog):
    joes, mias, zoes = purchases
    recompute_stale(now=NOW)
    Conversion.objects.update(amount=Decimal("20.00"))

    with broken(joes), caplog.at_level(logging.ERROR, logger="metrics"):
        recompute_stale(now=NOW)
        assert values() == [(joes.pk, 1000), (mias.pk, 2000), (zoes.pk, 2000)]
        assert list(StaleMark.objects.values_list("conversion_id", "attempts")) == [(joes.pk, 1)]
        assert behind_reason() == (
            "Some figures could not be computed. They are tried again by themselves, and the log says why."
        )
        assert [bool(record.exc_info) for record in caplog.records] == [True, True]  # together, and then alone
        for minutes in (1, 11, 71, 131):
            Conversion.objects.filter(pk=zoes.pk).update(amount=Decimal(minutes))
            recompute_stale(now=NOW + minutes * MINUTE)
            assert values()[2] == (zoes.pk, minutes * 100)  # figures go on following

    assert list(StaleMark.objects.values_list("attempts", "retry_at")) == [(3, NOW + 191 * MINUTE)]
    assert [bool(record.exc_info) for record in caplog.records] == [True] * 4 + [False] * 2  # no traceback every hour
    recompute_stale(now=NOW + 190 * MINUTE)
    assert values()[0] == (joes.pk, 1000)
    recompute_stale(now=NOW + 191 * MINUTE)
    assert values()[0] == (joes.pk, 2000)
    assert behind_reason() is None
    assert stored_tables() == expected_tables()


def test_a_change_of_what_raised_is_followed_at_once(purchases):
    joes = purchases[0]
    recompute_stale(now=NOW)

    with broken(joes):
        Conversion.objects.filter(pk=joes.pk).update(amount=Decimal("20.00"))
        recompute_stale(now=NOW)
    Conversion.objects.filter(pk=joes.pk).update(amount=Decimal("30.00"))
    recompute_stale(now=NOW)

    assert values()[0] == (joes.pk, 3000)


def test_a_chunk_that_raises_holds_up_neither_chunks_nor_marks_and_ends_as_a_failed_job(purchases, caplog):
    joes, mias, zoes = purchases
    job = start_full_recompute(now=NOW, chunk_persons=1)
    persons = zoes.contact_id - joes.contact_id + 1

    with broken(joes):
        recompute_stale(now=NOW)
        job.refresh_from_db()
        assert (job.state, job.done, job.total) == ("running", persons, persons + 1)
        assert values() == [(mias.pk, 1000), (zoes.pk, 1000)]
        Conversion.objects.filter(pk=mias.pk).update(amount=Decimal("20.00"))
        recompute_stale(now=NOW)
        assert values() == [(mias.pk, 2000), (zoes.pk, 1000)]
        recompute_stale(now=NOW + MINUTE)
        assert RecomputeChunk.objects.filter(done_at=None).values_list("attempts", flat=True).get() == 2
        recompute_stale(now=NOW + 11 * MINUTE)

    job.refresh_from_db()
    assert (job.state, job.done, job.finished_at) == ("failed", persons, NOW + 11 * MINUTE)
    assert job.error == (
        "Some chunks could not be computed: the log says why. "
        "What is in them is marked as stale and tried again by itself."
    )
    assert 'violates check constraint "broken"' in caplog.text
    assert "Traceback" in caplog.text
    assert not RecomputeChunk.objects.exists()
    assert list(StaleMark.objects.values_list("conversion_id", "attempts")) == [(joes.pk, 1)]
    recompute_stale(now=NOW + HOUR)
    assert Job.objects.count() == 1  # nothing is begun all over again
    assert behind_reason() is None
    assert stored_tables() == expected_tables()


def test_the_costs_of_a_chunk_of_guests_that_raises_are_tried_again(purchases):
    CostFactory(amount=Decimal("31.00"))
    guest = ConversionFactory(contact=None, amount=Decimal("10.00"))
    job = start_full_recompute(now=NOW)

    with broken(guest):
        for minutes in (0, 1, 11):
            recompute_stale(now=NOW + minutes * MINUTE)

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("failed", 1, 2)
    assert CostDay.objects.exists()  # marked with the chunk, and computed without what raised
    recompute_stale(now=NOW + HOUR)
    assert stored_tables() == expected_tables()


def test_the_command_says_what_is_left_and_takes_it_up_again_at_once(purchases):
    joes = purchases[0]

    with broken(joes), pytest.raises(CommandError, match="0 chunks and 1 stale marks are left") as failed:
        call_command("recompute", "--in-process")
    assert failed.value.returncode == 1
    assert len(values()) == 2

    call_command("recompute", "--in-process")

    assert len(values()) == 3
