"""
What staff add to the facts by their daily work: answers, help, notes, follow-ups, merges, suggestions, history.

Made by the database as the facts are, the same every time. Of a hundred questions one still waits, and one person
has ten thousand interactions: the page of that person is the longest that there is.
"""

from django.db import connection, transaction

from benchmarks.facts import Scale

BUSIEST = 1  # the contact and member that has the most of everything
MANY = 10_000  # interactions of the busiest

_STATEMENTS = [
    """
    INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_staff, is_active, is_superuser,
                           date_joined)
    SELECT 1000 + n, 'colleague' || n, '!', 'Colleague', n::text, '', true, true, false, now()
    FROM generate_series(1::bigint, 50) n ON CONFLICT DO NOTHING
    """,
    "INSERT INTO community_memberrole (member_id, role) SELECT n, 'staff' FROM generate_series(100, 119) n",
    """
    INSERT INTO crm_company (id, name) SELECT n, 'Company ' || n FROM generate_series(1::bigint, %(contacts)s / 20) n
    ON CONFLICT DO NOTHING
    """,
    "UPDATE crm_contact SET company_id = 1 + id %% (%(contacts)s / 20) WHERE id %% 4 = 0",
    # Each question opens a thread, and nearly each is answered within two days.
    """
    INSERT INTO community_thread (id, channel_id, external_id, title, topic, opened_by_id, opened_at)
    SELECT id, channel_id, 't' || id, 'Question ' || id, 'topic ' || id %% 30, member_id, occurred_at
    FROM community_interaction WHERE kind = 'question' AND direction = 'inbound'
    """,
    "UPDATE community_interaction SET thread_id = id WHERE kind = 'question' AND direction = 'inbound'",
    """
    INSERT INTO community_interaction
        (id, channel_id, external_id, kind, direction, occurred_at, member_id, thread_id, reply_to_id, text)
    SELECT %(interactions)s + q.id, q.channel_id, 'a' || q.id, 'answer', 'between_members',
           q.occurred_at + (1 + q.id %% 2880) * interval '1 minute',
           CASE WHEN q.id %% 3 = 0 THEN 100 + q.id %% 20 ELSE 1 + (q.member_id + q.id) %% %(contacts)s END,
           q.id, q.id, 'Like this, says answer ' || q.id
    FROM community_interaction q
    WHERE q.kind = 'question' AND q.direction = 'inbound' AND q.id %% 100 <> 0
    """,
    """
    INSERT INTO community_watchlistentry (interaction_id)
    SELECT id FROM community_interaction
    WHERE kind = 'question' AND direction = 'inbound' AND (id %% 100 = 0 OR id %% 50 = 1)
    """,
    # A third of the answers are accepted by whoever asked.
    """
    UPDATE community_thread t SET accepted_answer_id = a.id
    FROM community_interaction a WHERE a.id = %(interactions)s + t.id AND t.id %% 3 = 1
    """,
    """
    INSERT INTO community_interaction (id, channel_id, external_id, kind, direction, occurred_at, member_id, text)
    SELECT 3 * %(interactions)s + n, 1, 'many' || n, 'comment', 'inbound',
           '2025-01-01T00:00:00Z'::timestamptz + n * interval '40 minutes', %(busiest)s, 'Comment ' || n
    FROM generate_series(1::bigint, %(many)s) n
    """,
    """
    INSERT INTO community_helprecord (interaction_id, contact_id, helper_member_id, topic, outcome, rating, minutes)
    SELECT a.id, m.contact_id, a.member_id, 'topic ' || a.id %% 30, 'solved',
           CASE WHEN a.id %% 3 = 0 THEN 1 + a.id %% 5 END, 1 + a.id %% 20
    FROM community_interaction a
    JOIN community_interaction q ON q.id = a.reply_to_id
    JOIN community_member m ON m.id = q.member_id
    WHERE a.id > %(interactions)s AND a.id %% 2 = 0
    """,
    """
    INSERT INTO crm_note (contact_id, text, author_id, written_at)
    SELECT CASE WHEN n <= 200 THEN %(busiest)s ELSE 1 + n * 7919 %% %(contacts)s END, 'Note ' || n,
           1001 + n %% 50, '2025-06-01T00:00:00Z'::timestamptz + n * interval '1 minute'
    FROM generate_series(1::bigint, %(contacts)s) n
    """,
    """
    INSERT INTO crm_followup (contact_id, what, due_on, assigned_to_id, recorded_at)
    SELECT CASE WHEN n <= 50 THEN %(busiest)s ELSE 1 + n * 104729 %% %(contacts)s END, 'Call about ' || n,
           date '2025-06-01' + (n %% 400)::int, 1001 + n %% 50, '2025-06-01T00:00:00Z'
    FROM generate_series(1::bigint, %(contacts)s / 5) n
    """,
    """
    INSERT INTO crm_consent (contact_id, purpose, granted_at, source)
    SELECT n, 'newsletter', '2025-01-01T00:00:00Z', 'sign-up' FROM generate_series(1::bigint, %(contacts)s, 2) n
    """,
    """
    INSERT INTO crm_outcomemark (contact_id, outcome, reached_at, reason)
    SELECT n, 'advocate', '2025-01-01T00:00:00Z', 'told others' FROM generate_series(1::bigint, %(contacts)s, 50) n
    """,
    """
    INSERT INTO community_cost (description, category, amount, currency, days, campaign_id)
    SELECT 'Cost ' || n, 'tools', 10, 'EUR', daterange('2025-01-01', '2025-01-11'), 1 + n %% %(campaigns)s
    FROM generate_series(1::bigint, %(contacts)s / 50) n
    """,
    """
    UPDATE crm_contact SET merged_into_id = id - %(contacts)s / 10, person_id = id - %(contacts)s / 10
    WHERE id > %(contacts)s - %(contacts)s / 100
    """,
    """
    INSERT INTO crm_merge (survivor_id, loser_id, merged_at, merged_by_id)
    SELECT merged_into_id, id, '2025-09-01T00:00:00Z', 1001 FROM crm_contact WHERE merged_into_id IS NOT NULL
    """,
    """
    INSERT INTO crm_duplicatesuggestion (first_id, second_id, score, reasons, found_at)
    SELECT 2 * n, 2 * n + 1, 40 + n %% 60, '[{"key": "name", "points": 40}]', '2025-09-01T00:00:00Z'
    FROM generate_series(1::bigint, %(contacts)s / 5) n
    """,
    """
    INSERT INTO crm_contactevent
        (pgh_created_at, pgh_label, pgh_obj_id, id, full_name, preferred_name, stage, tags, custom_fields, motivation,
         language, time_zone, do_not_contact, person_id, created_at, updated_at)
    SELECT '2025-01-01T00:00:00Z'::timestamptz + n * interval '1 minute', 'update', c.id, c.id, c.full_name || n, '',
           c.stage, '{}', '{}', '', '', '', false, c.id, c.created_at, c.updated_at
    FROM generate_series(1::bigint, 2 * %(contacts)s) n
    JOIN crm_contact c ON c.id = CASE WHEN n <= 500 THEN %(busiest)s ELSE 1 + n %% %(contacts)s END
    """,
    """
    INSERT INTO axes_accesslog (username, ip_address, user_agent, http_accept, path_info, attempt_time, session_hash)
    SELECT 'colleague' || n %% 50, '198.51.100.7', 'A browser', '', '/accounts/login/',
           '2025-01-01T00:00:00Z'::timestamptz + n * interval '1 minute', ''
    FROM generate_series(1::bigint, %(contacts)s / 5) n
    """,
    "INSERT INTO auth_group (name) SELECT 'Team ' || n FROM generate_series(1::bigint, 30) n ON CONFLICT DO NOTHING",
    """
    INSERT INTO jobs_job (kind, state, parameters, report, error, unit, requested_through, finished_at)
    SELECT 'recompute', 'succeeded', '{}', '{}', '', 'persons', 'benchmark', now()
    FROM generate_series(1::bigint, 500) n
    """,
]
_TABLES = (
    "crm_company community_thread community_helprecord crm_note crm_followup crm_consent crm_outcomemark"
    " community_cost crm_merge crm_duplicatesuggestion crm_contactevent community_watchlistentry axes_accesslog"
    " community_memberrole jobs_job"
).split()


def load(scale: Scale) -> None:
    """Add staff's daily work to the facts of `scale`, unless it is there. Half a minute at S."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM crm_duplicatesuggestion)")
        if cursor.fetchone()[0]:
            return
    parameters = {
        "contacts": scale.contacts, "interactions": scale.interactions, "campaigns": scale.campaigns,
        "busiest": BUSIEST, "many": MANY,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("crm_contactevent", "community_watchlistentry", "axes_accesslog"):  # go with no contact
            cursor.execute(f"DELETE FROM {table}")
        for statement in _STATEMENTS:
            cursor.execute(statement, parameters)
        for table in ("community_interaction", "community_thread", "crm_company", "auth_user"):  # given ids
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE crm_contact, community_interaction, {', '.join(_TABLES)}")
