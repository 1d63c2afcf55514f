"""
From when on a client that follows the changes of a list has to ask again.

A row's `updated_at` is the moment at which its transaction began, and it shows when the transaction ends. One that
waited for a lock, or wrote much, shows what is older than what a client has seen by then, by any time.
"""

from datetime import datetime

from django.db import connection

# Transactions of other databases and one's own write nothing that is still to come. What runs under another role has
# no `xact_start` for those who may not see it. The minute is for hosts whose clocks differ: some rows have their time.
_GO_ON_FROM = """
    SELECT least(min(xact_start), now()) - interval '1 minute' FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def everything_shows_before() -> datetime:
    """Return an instant before which whatever was written can be read now: all that is under way began after it."""
    with connection.cursor() as cursor:
        cursor.execute(_GO_ON_FROM)
        instant: datetime = cursor.fetchone()[0]
    return instant
