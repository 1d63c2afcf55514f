"""Computing all figures from facts that were loaded a moment ago, in the transaction of a test."""

from datetime import datetime

from django.db import connection

from metrics.recompute import recompute_all


def compute_all(*, now: datetime) -> None:
    """
    Recompute everything, after the database has looked at how many facts there are.

    Outside of a test autovacuum does so by itself; rows that are not committed it cannot see.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    recompute_all(now=now)
