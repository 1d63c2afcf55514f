"""What people without a name are called is written into a search text that is folded."""

import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0020_colleague"),
        ("crm", "0022_names_in_any_spelling"),
    ]

    operations = [
        gateway.migration_operations.RemoveTrigger(
            model_name="calledcontact",
            name="known_as_on_merge",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="member",
            name="known_as_on_insert",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="member",
            name="known_as_on_update",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="member",
            name="known_as_on_delete",
        ),
        gateway.migration_operations.AddTrigger(
            model_name="calledcontact",
            trigger=pgtrigger.compiler.Trigger(
                name="known_as_on_merge",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."person_id" IS DISTINCT FROM (NEW."person_id"))',
                    declare="DECLARE concerned bigint[];",
                    func="concerned := ARRAY[NEW.id, OLD.person_id, NEW.person_id];\n    EXECUTE 'SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) x'\n    USING concerned;\n    EXECUTE $statement$\n        WITH one AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1) AS id),\n        whose AS MATERIALIZED (\n            SELECT id AS called_id, id AS record_id FROM one\n            UNION\n            SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY($1)\n        ),\n        handle AS MATERIALIZED (\n            SELECT whose.called_id, m.handle, min(m.id) AS first\n            FROM whose\n            JOIN community_member m ON m.contact_id = whose.record_id\n            WHERE m.handle <> ''\n            GROUP BY whose.called_id, m.handle\n        ),\n        placed AS MATERIALIZED (\n            SELECT *, row_number() OVER (PARTITION BY called_id ORDER BY first) AS place FROM handle\n        ),\n        called AS MATERIALIZED (\n            SELECT one.id,\n                COALESCE(string_agg(p.handle, ', ' ORDER BY p.first) FILTER (WHERE p.place <= 10), '')\n                    AS known_as\n            FROM one\n            LEFT JOIN placed p ON p.called_id = one.id\n            GROUP BY one.id\n        )\n        UPDATE crm_contact t\n        SET known_as = called.known_as, search_text = \n            kith_fold(concat_ws(E'\\n', NULLIF(t.full_name, ''), NULLIF(t.preferred_name, ''),\n                NULLIF(called.known_as, ''), (\n                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)\n                FROM crm_contactpoint p WHERE p.contact_id = t.id\n            )))\n        FROM called\n        WHERE t.id = called.id AND t.known_as <> called.known_as\n    $statement$ USING concerned;\n    RETURN NULL;\n",
                    hash="386dcc84042653c54cf8d1a896102c132ef7bb65",
                    operation='UPDATE OF "merged_into_id", "person_id"',
                    pgid="pgtrigger_known_as_on_merge_10d9c",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="known_as_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE concerned bigint[];",
                    func="\n    EXECUTE $statement$\n        SELECT array_agg(changed.contact_id) FROM (SELECT contact_id FROM new_rows WHERE handle <> '') changed (contact_id)\n    $statement$ INTO concerned;\n    IF concerned IS NULL THEN\n        RETURN NULL;\n    END IF;\n    EXECUTE 'SELECT array_agg(DISTINCT whose.id) FROM crm_contact c'\n            ' CROSS JOIN LATERAL (VALUES (c.id), (c.person_id)) whose (id) WHERE c.id = ANY($1)'\n    INTO concerned USING concerned;\n    \n    EXECUTE 'SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) x'\n    USING concerned;\n    EXECUTE $statement$\n        WITH one AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1) AS id),\n        whose AS MATERIALIZED (\n            SELECT id AS called_id, id AS record_id FROM one\n            UNION\n            SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY($1)\n        ),\n        handle AS MATERIALIZED (\n            SELECT whose.called_id, m.handle, min(m.id) AS first\n            FROM whose\n            JOIN community_member m ON m.contact_id = whose.record_id\n            WHERE m.handle <> ''\n            GROUP BY whose.called_id, m.handle\n        ),\n        placed AS MATERIALIZED (\n            SELECT *, row_number() OVER (PARTITION BY called_id ORDER BY first) AS place FROM handle\n        ),\n        called AS MATERIALIZED (\n            SELECT one.id,\n                COALESCE(string_agg(p.handle, ', ' ORDER BY p.first) FILTER (WHERE p.place <= 10), '')\n                    AS known_as\n            FROM one\n            LEFT JOIN placed p ON p.called_id = one.id\n            GROUP BY one.id\n        )\n        UPDATE crm_contact t\n        SET known_as = called.known_as, search_text = \n            kith_fold(concat_ws(E'\\n', NULLIF(t.full_name, ''), NULLIF(t.preferred_name, ''),\n                NULLIF(called.known_as, ''), (\n                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)\n                FROM crm_contactpoint p WHERE p.contact_id = t.id\n            )))\n        FROM called\n        WHERE t.id = called.id AND t.known_as <> called.known_as\n    $statement$ USING concerned;\n    RETURN NULL;\n\n",
                    hash="4a13c3211999a844e111715c8c4268ab04fdf044",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_known_as_on_insert_b3659",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="known_as_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE concerned bigint[];",
                    func="\n    EXECUTE $statement$\n        SELECT array_agg(changed.contact_id) FROM (\n    SELECT whose.contact_id\n    FROM old_rows o\n    JOIN new_rows n ON n.id = o.id\n    CROSS JOIN LATERAL (VALUES (o.contact_id), (n.contact_id)) whose (contact_id)\n    WHERE (n.contact_id, n.handle) IS DISTINCT FROM (o.contact_id, o.handle)\n) changed (contact_id)\n    $statement$ INTO concerned;\n    IF concerned IS NULL THEN\n        RETURN NULL;\n    END IF;\n    EXECUTE 'SELECT array_agg(DISTINCT whose.id) FROM crm_contact c'\n            ' CROSS JOIN LATERAL (VALUES (c.id), (c.person_id)) whose (id) WHERE c.id = ANY($1)'\n    INTO concerned USING concerned;\n    \n    EXECUTE 'SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) x'\n    USING concerned;\n    EXECUTE $statement$\n        WITH one AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1) AS id),\n        whose AS MATERIALIZED (\n            SELECT id AS called_id, id AS record_id FROM one\n            UNION\n            SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY($1)\n        ),\n        handle AS MATERIALIZED (\n            SELECT whose.called_id, m.handle, min(m.id) AS first\n            FROM whose\n            JOIN community_member m ON m.contact_id = whose.record_id\n            WHERE m.handle <> ''\n            GROUP BY whose.called_id, m.handle\n        ),\n        placed AS MATERIALIZED (\n            SELECT *, row_number() OVER (PARTITION BY called_id ORDER BY first) AS place FROM handle\n        ),\n        called AS MATERIALIZED (\n            SELECT one.id,\n                COALESCE(string_agg(p.handle, ', ' ORDER BY p.first) FILTER (WHERE p.place <= 10), '')\n                    AS known_as\n            FROM one\n            LEFT JOIN placed p ON p.called_id = one.id\n            GROUP BY one.id\n        )\n        UPDATE crm_contact t\n        SET known_as = called.known_as, search_text = \n            kith_fold(concat_ws(E'\\n', NULLIF(t.full_name, ''), NULLIF(t.preferred_name, ''),\n                NULLIF(called.known_as, ''), (\n                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)\n                FROM crm_contactpoint p WHERE p.contact_id = t.id\n            )))\n        FROM called\n        WHERE t.id = called.id AND t.known_as <> called.known_as\n    $statement$ USING concerned;\n    RETURN NULL;\n\n",
                    hash="37e2e41d2037313cc8eae9a2025b61d4d2add4dd",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_known_as_on_update_ccc98",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="known_as_on_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE concerned bigint[];",
                    func="\n    EXECUTE $statement$\n        SELECT array_agg(changed.contact_id) FROM (SELECT contact_id FROM old_rows WHERE handle <> '') changed (contact_id)\n    $statement$ INTO concerned;\n    IF concerned IS NULL THEN\n        RETURN NULL;\n    END IF;\n    EXECUTE 'SELECT array_agg(DISTINCT whose.id) FROM crm_contact c'\n            ' CROSS JOIN LATERAL (VALUES (c.id), (c.person_id)) whose (id) WHERE c.id = ANY($1)'\n    INTO concerned USING concerned;\n    \n    EXECUTE 'SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) x'\n    USING concerned;\n    EXECUTE $statement$\n        WITH one AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1) AS id),\n        whose AS MATERIALIZED (\n            SELECT id AS called_id, id AS record_id FROM one\n            UNION\n            SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY($1)\n        ),\n        handle AS MATERIALIZED (\n            SELECT whose.called_id, m.handle, min(m.id) AS first\n            FROM whose\n            JOIN community_member m ON m.contact_id = whose.record_id\n            WHERE m.handle <> ''\n            GROUP BY whose.called_id, m.handle\n        ),\n        placed AS MATERIALIZED (\n            SELECT *, row_number() OVER (PARTITION BY called_id ORDER BY first) AS place FROM handle\n        ),\n        called AS MATERIALIZED (\n            SELECT one.id,\n                COALESCE(string_agg(p.handle, ', ' ORDER BY p.first) FILTER (WHERE p.place <= 10), '')\n                    AS known_as\n            FROM one\n            LEFT JOIN placed p ON p.called_id = one.id\n            GROUP BY one.id\n        )\n        UPDATE crm_contact t\n        SET known_as = called.known_as, search_text = \n            kith_fold(concat_ws(E'\\n', NULLIF(t.full_name, ''), NULLIF(t.preferred_name, ''),\n                NULLIF(called.known_as, ''), (\n                SELECT string_agg(concat_ws(E'\\n', p.raw, NULLIF(p.normalised, lower(p.raw))), E'\\n' ORDER BY p.id)\n                FROM crm_contactpoint p WHERE p.contact_id = t.id\n            )))\n        FROM called\n        WHERE t.id = called.id AND t.known_as <> called.known_as\n    $statement$ USING concerned;\n    RETURN NULL;\n\n",
                    hash="1ca445426ed24f82d1b12fb84e535f6b205a2003",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_known_as_on_delete_fb46f",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
    ]
