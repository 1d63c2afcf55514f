from django.db import migrations

# Whoever has accounts already is called by them: what the triggers do for one, for all.
CALL_EVERYBODY = """
    WITH handle AS (
        SELECT whose.id AS contact_id, m.handle, min(m.id) AS first
        FROM community_member m
        JOIN crm_contact c ON c.id = m.contact_id
        CROSS JOIN LATERAL (VALUES (c.id), (c.person_id)) whose (id)
        WHERE m.handle <> ''
        GROUP BY whose.id, m.handle
    ), called AS (
        SELECT contact_id, string_agg(handle, ', ' ORDER BY first) AS known_as
        FROM (SELECT *, row_number() OVER (PARTITION BY contact_id ORDER BY first) AS place FROM handle) placed
        WHERE place <= 10
        GROUP BY contact_id
    )
    UPDATE crm_contact t
    SET known_as = called.known_as,
        search_text = lower(normalize(concat_ws(E'\\n', NULLIF(t.full_name, ''), NULLIF(t.preferred_name, ''),
            called.known_as, (
                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)
                FROM crm_contactpoint p WHERE p.contact_id = t.id
            ))))
    FROM called
    WHERE t.id = called.contact_id AND t.known_as <> called.known_as
"""


class Migration(migrations.Migration):
    dependencies = [("community", "0006_known_as")]

    operations = [migrations.RunSQL(CALL_EVERYBODY, migrations.RunSQL.noop)]
