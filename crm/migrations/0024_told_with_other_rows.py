"""Contacts count as changed with what other rows say of them: wishes, merges, first conversions."""

import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0023_wishes_by_index"),
    ]

    operations = [
        gateway.migration_operations.RemoveTrigger(
            model_name="contact",
            name="person_of_merged",
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="person_of_merged",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                    func="\n    WITH RECURSIVE below(id) AS (\n        SELECT c.id FROM crm_contact c WHERE c.merged_into_id = NEW.id\n        UNION ALL\n        SELECT c.id FROM crm_contact c JOIN below b ON c.merged_into_id = b.id\n    )\n    UPDATE crm_contact c SET person_id = root.person_id, updated_at = now()\n    FROM below b, (SELECT r.person_id FROM crm_contact r WHERE r.id = NEW.id) root\n    WHERE c.id = b.id AND c.person_id IS DISTINCT FROM root.person_id;\n    RETURN NULL;\n",
                    hash="f9f3fc96b45438a89e2393011e65bd618f30f37f",
                    operation='UPDATE OF "merged_into_id"',
                    pgid="pgtrigger_person_of_merged_f2937",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="told_with_wish",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact"))',
                    func="\n    IF EXISTS (SELECT FROM crm_contact c WHERE c.person_id = NEW.person_id AND c.id <> NEW.id) THEN\n        \n        UPDATE crm_contact c SET updated_at = now() WHERE c.person_id = ANY(ARRAY[NEW.person_id]) AND c.id <> NEW.id;\n\n    END IF;\n    RETURN NULL;\n    ",
                    hash="cac7685124353736601efe43c4e4b512a2fa45c3",
                    operation='UPDATE OF "do_not_contact"',
                    pgid="pgtrigger_told_with_wish_dd222",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="told_with_merge",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                    func="\n    IF EXISTS (\n        SELECT FROM crm_contact c\n        WHERE c.person_id IN (OLD.person_id, NEW.person_id)\n            AND (c.do_not_contact OR EXISTS (SELECT FROM crm_conversion v WHERE v.contact_id = c.id))\n    ) THEN\n        \n        UPDATE crm_contact c SET updated_at = now() WHERE c.person_id = ANY(ARRAY[OLD.person_id, NEW.person_id]) AND c.id <> NEW.id;\n\n    END IF;\n    RETURN NULL;\n    ",
                    hash="95d03f42fbe7aa9129efdc818c33720e5710a296",
                    operation='UPDATE OF "merged_into_id"',
                    pgid="pgtrigger_told_with_merge_31d7b",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversion",
            trigger=pgtrigger.compiler.Trigger(
                name="told_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; turned bigint[];",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n    turned := ARRAY(\n        SELECT told.id\n        FROM (\n            SELECT DISTINCT c.person_id\n            FROM (\n                SELECT n.contact_id FROM new_rows n\n                WHERE n.voided_at IS NULL AND (SELECT k.has_value FROM crm_conversionkind k WHERE k.key = n.kind_id)\n) changed\n            CROSS JOIN LATERAL (SELECT c.person_id FROM crm_contact c WHERE c.id = changed.contact_id LIMIT 1) c\n        ) person\n        CROSS JOIN LATERAL (\n            SELECT c.id FROM crm_contact c\n            WHERE c.person_id = person.person_id AND c.stage <> 'customer' AND c.updated_at < now()\n            OFFSET 0\n        ) told\n        WHERE (\n            SELECT bought.id FROM crm_contact theirs\n            CROSS JOIN LATERAL (\n                SELECT v.id FROM crm_conversion v\n                WHERE v.contact_id = theirs.id AND v.voided_at IS NULL\n                    AND (SELECT k.has_value FROM crm_conversionkind k WHERE k.key = v.kind_id)\n                    AND v.id <> ALL (ARRAY(SELECT n.id FROM new_rows n))\n                LIMIT 1\n            ) bought\n            WHERE theirs.person_id = person.person_id\n            LIMIT 1\n        ) IS NULL\n    );\n    IF cardinality(turned) > 0 THEN\n        PERFORM count(*) FROM (SELECT FROM crm_contact WHERE id = ANY(turned) ORDER BY id FOR NO KEY UPDATE) locked;\n        UPDATE crm_contact SET updated_at = now() WHERE id = ANY(turned);\n    END IF;\n\n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="ef7dee051a298a3eeab723a1b9b214d828540f62",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_told_on_insert_27bb6",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_conversion",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversion",
            trigger=pgtrigger.compiler.Trigger(
                name="told_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; turned bigint[];",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n    turned := ARRAY(\n        SELECT told.id\n        FROM (\n            SELECT DISTINCT c.person_id\n            FROM (\n                SELECT unnest(ARRAY[o.contact_id, n.contact_id]) AS contact_id\n                FROM new_rows n JOIN old_rows o ON o.id = n.id\n                WHERE (n.contact_id, n.kind_id, n.voided_at IS NULL)\n                    IS DISTINCT FROM (o.contact_id, o.kind_id, o.voided_at IS NULL)\n) changed\n            CROSS JOIN LATERAL (SELECT c.person_id FROM crm_contact c WHERE c.id = changed.contact_id LIMIT 1) c\n        ) person\n        CROSS JOIN LATERAL (\n            SELECT c.id FROM crm_contact c\n            WHERE c.person_id = person.person_id AND c.stage <> 'customer' AND c.updated_at < now()\n            OFFSET 0\n        ) told\n        WHERE (\n            SELECT bought.id FROM crm_contact theirs\n            CROSS JOIN LATERAL (\n                SELECT v.id FROM crm_conversion v\n                WHERE v.contact_id = theirs.id AND v.voided_at IS NULL\n                    AND (SELECT k.has_value FROM crm_conversionkind k WHERE k.key = v.kind_id)\n                    AND v.id <> ALL (ARRAY(SELECT n.id FROM new_rows n))\n                LIMIT 1\n            ) bought\n            WHERE theirs.person_id = person.person_id\n            LIMIT 1\n        ) IS NULL\n    );\n    IF cardinality(turned) > 0 THEN\n        PERFORM count(*) FROM (SELECT FROM crm_contact WHERE id = ANY(turned) ORDER BY id FOR NO KEY UPDATE) locked;\n        UPDATE crm_contact SET updated_at = now() WHERE id = ANY(turned);\n    END IF;\n\n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="cfde0c546053473fa43890a6c24e50b546c908b8",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_told_on_update_7780c",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_conversion",
                    when="AFTER",
                ),
            ),
        ),
    ]
