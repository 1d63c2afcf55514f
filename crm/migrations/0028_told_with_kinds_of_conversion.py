"""Who is a customer by a kind of conversion is told anew when the kind has value, or no longer."""

import pgtrigger.compiler
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0027_pairs_left_alone_by_rules"),
    ]

    operations = [
        migrations.AlterField(
            model_name="conversionkind",
            name="has_value",
            field=models.BooleanField(db_default=True, default=True, help_text="whoever did this is a customer"),
        ),
        migrations.AlterField(
            model_name="conversionkindevent",
            name="has_value",
            field=models.BooleanField(db_default=True, default=True, help_text="whoever did this is a customer"),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversionkind",
            trigger=pgtrigger.compiler.Trigger(
                name="told_with_value",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."has_value" IS DISTINCT FROM (NEW."has_value"))',
                    func="\n    WITH turned AS (\n        SELECT c.id\n        FROM (\n            SELECT DISTINCT buyer.person_id\n            FROM crm_conversion v\n            JOIN crm_contact buyer ON buyer.id = v.contact_id\n            WHERE v.kind_id = NEW.key AND v.voided_at IS NULL\n        ) person\n        JOIN crm_contact c ON c.person_id = person.person_id\n        WHERE c.stage <> 'customer' AND NOT EXISTS (\n            SELECT FROM crm_contact theirs\n            JOIN crm_conversion v ON v.contact_id = theirs.id\n            JOIN crm_conversionkind k ON k.key = v.kind_id\n            WHERE theirs.person_id = person.person_id AND v.voided_at IS NULL AND k.has_value AND k.key <> NEW.key\n        )\n    ),\n    locked AS (\n        SELECT c.id FROM crm_contact c WHERE c.id IN (SELECT id FROM turned) ORDER BY c.id FOR NO KEY UPDATE\n    )\n    UPDATE crm_contact SET updated_at = now() WHERE id IN (SELECT id FROM locked);\n    RETURN NULL;\n",
                    hash="bec98dcba51c185747c89bb2e6a71a91016d098c",
                    operation='UPDATE OF "has_value"',
                    pgid="pgtrigger_told_with_value_15e07",
                    table="crm_conversionkind",
                    when="AFTER",
                ),
            ),
        ),
    ]
