import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0024_told_with_other_rows"),
    ]

    operations = [
        gateway.migration_operations.RemoveTrigger(
            model_name="contactpoint",
            name="update_update",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="contactref",
            name="update_update",
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; parents bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            parents := ARRAY(\n                SELECT p.id FROM crm_contact p\n                WHERE p.id = ANY(ARRAY(SELECT n.contact_id FROM new_rows n)) AND p.created_at < now()\n            );\n            IF parents <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO crm_contactpointevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, contact_id, kind, raw, normalised, verified_at, verified_by, created_at\n                )\n                SELECT n.id, now(), 'insert', context, n.id, n.contact_id, n.kind, n.raw, n.normalised, n.verified_at, n.verified_by, n.created_at\n                FROM new_rows n\n                JOIN unnest(parents) there (id) ON there.id = n.contact_id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="b1c189907b2f5eb0a7fcf0e60942bf38276e9197",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_2c9ef",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; changed bigint[]; arrived bigint[]; begun bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE false) INTO changed, arrived\n            FROM new_rows n\n            JOIN old_rows o ON o.id = n.id\n            WHERE (n.id, n.contact_id, n.kind, n.raw, n.normalised, n.verified_at, n.verified_by, n.created_at) IS DISTINCT FROM (o.id, o.contact_id, o.kind, o.raw, o.normalised, o.verified_at, o.verified_by, o.created_at);\n            IF changed IS NOT NULL THEN\n                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM crm_contactpointevent WHERE pgh_obj_id = ANY(changed));\n                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));\n            END IF;\n            IF changed <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO crm_contactpointevent (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, contact_id, kind, raw, normalised, verified_at, verified_by, created_at)\n                SELECT o.id, now(), 'before', context, o.id, o.contact_id, o.kind, o.raw, o.normalised, o.verified_at, o.verified_by, o.created_at\n                FROM old_rows o\n                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;\n                INSERT INTO crm_contactpointevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, contact_id, kind, raw, normalised, verified_at, verified_by, created_at\n                )\n                SELECT\n                    n.id, now(), 'update', context, \n                    n.id, n.contact_id, n.kind, n.raw, n.normalised, n.verified_at, n.verified_by, n.created_at\n                FROM new_rows n\n                JOIN old_rows o ON o.id = n.id\n                JOIN unnest(changed) told (id) ON told.id = n.id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="c3df3810658d8d556f777371d677ac9857932947",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_6383a",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; parents bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            parents := ARRAY(\n                SELECT p.id FROM crm_contact p\n                WHERE p.id = ANY(ARRAY(SELECT n.contact_id FROM new_rows n)) AND p.created_at < now()\n            );\n            IF parents <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO crm_contactrefevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, source, external_id, contact_id, created_at\n                )\n                SELECT n.id, now(), 'insert', context, n.id, n.source, n.external_id, n.contact_id, n.created_at\n                FROM new_rows n\n                JOIN unnest(parents) there (id) ON there.id = n.contact_id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="db868ccc3f4a50fdf9ae932f7d8e4ff6b7e3b271",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_3f7df",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; changed bigint[]; arrived bigint[]; begun bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE false) INTO changed, arrived\n            FROM new_rows n\n            JOIN old_rows o ON o.id = n.id\n            WHERE (n.id, n.source, n.external_id, n.contact_id, n.created_at) IS DISTINCT FROM (o.id, o.source, o.external_id, o.contact_id, o.created_at);\n            IF changed IS NOT NULL THEN\n                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM crm_contactrefevent WHERE pgh_obj_id = ANY(changed));\n                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));\n            END IF;\n            IF changed <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO crm_contactrefevent (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, source, external_id, contact_id, created_at)\n                SELECT o.id, now(), 'before', context, o.id, o.source, o.external_id, o.contact_id, o.created_at\n                FROM old_rows o\n                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;\n                INSERT INTO crm_contactrefevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, id, source, external_id, contact_id, created_at\n                )\n                SELECT\n                    n.id, now(), 'update', context, \n                    n.id, n.source, n.external_id, n.contact_id, n.created_at\n                FROM new_rows n\n                JOIN old_rows o ON o.id = n.id\n                JOIN unnest(changed) told (id) ON told.id = n.id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="eb405b9ec5d3f4492bba96c5f532205b8e9e5c3d",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_30e34",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
    ]
