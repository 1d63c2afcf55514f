import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0014_history_of_rates_and_kinds"),
    ]

    operations = [
        gateway.migration_operations.AddTrigger(
            model_name="campaign",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_campaignevent" ("budget", "code", "created_at", "currency", "ends_on", "id", "is_pilot", "name", "objective", "owner_id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "starts_on", "status", "updated_at") VALUES (OLD."budget", OLD."code", OLD."created_at", OLD."currency", OLD."ends_on", OLD."id", OLD."is_pilot", OLD."name", OLD."objective", OLD."owner_id", OLD."parent_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source_updated_at", OLD."starts_on", OLD."status", OLD."updated_at"); RETURN NULL;',
                    hash="586393bebe9b80df6737acbe56cc8c4c248b9ec3",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_e20c7",
                    table="crm_campaign",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="company",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_companyevent" ("created_at", "domain", "external_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "updated_at") VALUES (OLD."created_at", OLD."domain", OLD."external_id", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source", OLD."source_updated_at", OLD."updated_at"); RETURN NULL;',
                    hash="2497b7e32f34d4e43144f6d5a269f3a17c7b6d0d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_1e803",
                    table="crm_company",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="consent",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_consentevent" ("channel", "contact_id", "granted_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "source", "withdrawn_at") VALUES (OLD."channel", OLD."contact_id", OLD."granted_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."purpose", OLD."source", OLD."withdrawn_at"); RETURN NULL;',
                    hash="4ce4379f1fdc0fc6d5c5bfa9b9aedfada935ed98",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_3af8a",
                    table="crm_consent",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("company_id", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (OLD."company_id", OLD."created_at", OLD."custom_fields", OLD."do_not_contact", OLD."erased_at", OLD."full_name", OLD."id", OLD."language", OLD."merged_into_id", OLD."motivation", OLD."owner_id", OLD."person_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."preferred_name", OLD."source_updated_at", OLD."stage", OLD."tags", OLD."time_zone", OLD."updated_at"); RETURN NULL;',
                    hash="4cbf3ed10f33e7a8ed6dab0a4c85e438313305de",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_c9be7",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversion",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_conversionevent" ("amount", "contact_id", "created_at", "currency", "external_id", "id", "kind_id", "occurred_at", "order_number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refund_of_external_id", "refund_of_source", "source", "source_updated_at", "updated_at", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "void_reason", "voided_at") VALUES (OLD."amount", OLD."contact_id", OLD."created_at", OLD."currency", OLD."external_id", OLD."id", OLD."kind_id", OLD."occurred_at", OLD."order_number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."refund_of_external_id", OLD."refund_of_source", OLD."source", OLD."source_updated_at", OLD."updated_at", OLD."utm_campaign", OLD."utm_content", OLD."utm_medium", OLD."utm_source", OLD."utm_term", OLD."void_reason", OLD."voided_at"); RETURN NULL;',
                    hash="5f79d96337a84ec95241f5be7c94d0706c361724",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_6025b",
                    table="crm_conversion",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="merge",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_mergeevent" ("id", "job_id", "loser_id", "merged_at", "merged_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "rule", "survivor_id", "taken_over", "unmerged_at", "unmerged_by_id") VALUES (OLD."id", OLD."job_id", OLD."loser_id", OLD."merged_at", OLD."merged_by_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."rule", OLD."survivor_id", OLD."taken_over", OLD."unmerged_at", OLD."unmerged_by_id"); RETURN NULL;',
                    hash="c3f846d403310a7489f48eaa21111f4544f12f5f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_54f7a",
                    table="crm_merge",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="outcomemark",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_outcomemarkevent" ("contact_id", "id", "marked_by_id", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reached_at", "reason") VALUES (OLD."contact_id", OLD."id", OLD."marked_by_id", OLD."outcome", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reached_at", OLD."reason"); RETURN NULL;',
                    hash="ad49fa4a95273591c0e70872e4a0bf796b843cfe",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_91f28",
                    table="crm_outcomemark",
                    when="AFTER",
                ),
            ),
        ),
    ]
