"""What PostgreSQL knows of the facts when it plans: brought up to date before much is computed from them."""

from django.apps import apps
from django.db import connection

FACT_APPS = ("crm", "community")

# Tables that grew or changed by more than a fifth since they were last looked at, or were never looked at.
_OUTDATED = """
    SELECT s.relid::regclass::text
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.relname = ANY(%s) AND s.n_mod_since_analyze > 1000 + 0.2 * greatest(c.reltuples, 0)
    ORDER BY s.relid
"""


def analyze_changed_facts() -> list[str]:
    """
    Look again at the fact tables of which much is new, and return their names.

    Autovacuum does the same within a minute or two. A full recompute right after an import cannot wait: planned by
    what was known of empty tables, a statement may take twenty times as long. Tables that somebody else looks at
    right now are left to them. One query, and one statement when there is something to do.
    """
    facts = [model._meta.db_table for app in FACT_APPS for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(_OUTDATED, [facts])
        outdated = [name for (name,) in cursor.fetchall()]
        if outdated:
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(outdated)}")
    return outdated
