"""Statistics of the facts after a large import, on committed rows."""

import time

import pytest
from django.db import connection

from metrics.fact_statistics import analyze_changed_facts

pytestmark = pytest.mark.django_db(transaction=True)


def rows_planned_for():
    """Return how many contacts PostgreSQL believes that there are."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT FROM crm_contact WHERE stage = 'customer'")
        return cursor.fetchone()[0][0]["Plan"]["Plan Rows"]


def flush():
    """Wait until the counters say what this connection did: they are sent with its next commit, once a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT 1")


def test_table_that_grew_is_looked_at_once():
    flush()
    analyze_changed_facts()  # what tests before this one left uncounted
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE crm_contact SET (autovacuum_enabled = false)")
        cursor.execute(
            "INSERT INTO crm_contact (full_name, stage) SELECT 'Person ' || n, %s FROM generate_series(1, 5000) n",
            ["customer"],
        )
    try:
        flush()
        deadline = time.monotonic() + 10
        while "crm_contact" not in (looked_at := analyze_changed_facts()):
            assert time.monotonic() < deadline, looked_at
            time.sleep(0.05)
        assert rows_planned_for() == pytest.approx(5000, rel=0.05)
        assert "community_interaction" not in looked_at
        flush()
        assert "crm_contact" not in analyze_changed_facts()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE crm_contact RESET (autovacuum_enabled)")
