import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0003_requests_per_minute"),
    ]

    operations = [
        gateway.migration_operations.AddTrigger(
            model_name="apikey",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "gateway_apikeyevent" ("created_at", "created_by_id", "expires_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prefix", "requests_per_minute", "revoked_at", "scopes") VALUES (OLD."created_at", OLD."created_by_id", OLD."expires_at", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."prefix", OLD."requests_per_minute", OLD."revoked_at", OLD."scopes"); RETURN NULL;',
                    hash="e9f70060fd628d22affb2fa27d1572f70cfc1515",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d3f9e",
                    table="gateway_apikey",
                    when="AFTER",
                ),
            ),
        ),
    ]
