import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0020_consents_in_one_spelling"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contact",
            options={
                "permissions": [
                    ("merge_contact", "Can merge contacts and take merges apart"),
                    ("export_personal_data", "Can export everything about a person"),
                    ("erase_contact", "Can erase a person"),
                    ("export_audience", "Can export lists of addresses"),
                    ("note_wishes", "Can note consents, and the wish not to be contacted"),
                    ("correct_contact", "Can correct names and addresses"),
                ]
            },
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="contact",
            name="insert_insert",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="contact",
            name="update_update",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="contact",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="contact",
            name="do_not_contact_noted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="contactevent",
            name="do_not_contact_noted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="wish_lifted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NOT NEW."do_not_contact" AND OLD."do_not_contact")',
                    func="NEW.do_not_contact_noted_at := NULL; RETURN NEW;",
                    hash="fa8d862b0aa892052a6591518b366d6a382c3a5f",
                    operation='UPDATE OF "do_not_contact"',
                    pgid="pgtrigger_wish_lifted_c1e6b",
                    table="crm_contact",
                    when="BEFORE",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "do_not_contact_noted_at", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."birth_year", NEW."company_id", NEW."country", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."do_not_contact_noted_at", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="2bbce8dc912338f0de99a38febc40ac90f989758",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_5fbb8",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."birth_year" IS DISTINCT FROM (NEW."birth_year") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."custom_fields" IS DISTINCT FROM (NEW."custom_fields") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."do_not_contact_noted_at" IS DISTINCT FROM (NEW."do_not_contact_noted_at") OR OLD."erased_at" IS DISTINCT FROM (NEW."erased_at") OR OLD."full_name" IS DISTINCT FROM (NEW."full_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id") OR OLD."motivation" IS DISTINCT FROM (NEW."motivation") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."preferred_name" IS DISTINCT FROM (NEW."preferred_name") OR OLD."source_updated_at" IS DISTINCT FROM (NEW."source_updated_at") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."updated_at" IS DISTINCT FROM (NEW."updated_at"))',
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "do_not_contact_noted_at", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."birth_year", NEW."company_id", NEW."country", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."do_not_contact_noted_at", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="612780ce72542c1531ea6374d103db1f44aa7e60",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_eb23d",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "do_not_contact_noted_at", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (OLD."birth_year", OLD."company_id", OLD."country", OLD."created_at", OLD."custom_fields", OLD."do_not_contact", OLD."do_not_contact_noted_at", OLD."erased_at", OLD."full_name", OLD."id", OLD."language", OLD."merged_into_id", OLD."motivation", OLD."owner_id", OLD."person_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."preferred_name", OLD."source_updated_at", OLD."stage", OLD."tags", OLD."time_zone", OLD."updated_at"); RETURN NULL;',
                    hash="d4a17cda4e33d8b5a6501978068244ee6fc1dc03",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_c9be7",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("do_not_contact_noted_at__isnull", True), ("do_not_contact", True), _connector="OR"
                ),
                name="crm_contact_noted_wish_stands",
                violation_error_message="Only a wish not to be contacted that stands was noted at a time.",
            ),
        ),
    ]
