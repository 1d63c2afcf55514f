import django.core.validators
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import crm.countries
import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0016_neighbors_by_index_alone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
        migrations.RemoveConstraint(
            model_name="contact",
            name="crm_contact_erased_is_nobody",
        ),
        migrations.AddField(
            model_name="contact",
            name="birth_year",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="as this person says",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1900),
                    django.core.validators.MaxValueValidator(2100),
                ],
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="country",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="where this person says they live",
                max_length=2,
                choices=crm.countries.countries_by_name,
            ),
        ),
        migrations.AddField(
            model_name="contactevent",
            name="birth_year",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="as this person says",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1900),
                    django.core.validators.MaxValueValidator(2100),
                ],
            ),
        ),
        migrations.AddField(
            model_name="contactevent",
            name="country",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="where this person says they live",
                max_length=2,
                choices=crm.countries.countries_by_name,
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."birth_year", NEW."company_id", NEW."country", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="2ecc8ac47255065068a0bbf24c7f5329c304a395",
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
                    condition='WHEN (OLD."birth_year" IS DISTINCT FROM (NEW."birth_year") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."custom_fields" IS DISTINCT FROM (NEW."custom_fields") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."erased_at" IS DISTINCT FROM (NEW."erased_at") OR OLD."full_name" IS DISTINCT FROM (NEW."full_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id") OR OLD."motivation" IS DISTINCT FROM (NEW."motivation") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."preferred_name" IS DISTINCT FROM (NEW."preferred_name") OR OLD."source_updated_at" IS DISTINCT FROM (NEW."source_updated_at") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."updated_at" IS DISTINCT FROM (NEW."updated_at"))',
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."birth_year", NEW."company_id", NEW."country", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="e3e53d70dd8164c39e5897a6ee2eaffa3f6ea132",
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
                    func='INSERT INTO "crm_contactevent" ("birth_year", "company_id", "country", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (OLD."birth_year", OLD."company_id", OLD."country", OLD."created_at", OLD."custom_fields", OLD."do_not_contact", OLD."erased_at", OLD."full_name", OLD."id", OLD."language", OLD."merged_into_id", OLD."motivation", OLD."owner_id", OLD."person_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."preferred_name", OLD."source_updated_at", OLD."stage", OLD."tags", OLD."time_zone", OLD."updated_at"); RETURN NULL;',
                    hash="c213e8c040a2d0f3b15d0ae65987d793455a15c8",
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
                condition=models.Q(("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"),
                name="crm_contact_country_iso_3166",
                violation_error_message="The country must be a code of ISO 3166-1 in capitals, such as IE.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("birth_year__isnull", True),
                    models.Q(("birth_year__gte", 1900), ("birth_year__lte", 2100)),
                    _connector="OR",
                ),
                name="crm_contact_birth_year_near",
                violation_error_message="The year of birth lies between 1900 and 2100.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("birth_year__isnull", True),
                        ("company__isnull", True),
                        ("country", ""),
                        ("custom_fields", {}),
                        ("do_not_contact", True),
                        ("full_name__startswith", "Erased person "),
                        ("known_as", ""),
                        ("motivation", ""),
                        ("preferred_name", ""),
                        ("search_text", django.db.models.functions.text.Lower("full_name")),
                        ("tags", []),
                    ),
                    _connector="OR",
                ),
                name="crm_contact_erased_is_nobody",
                violation_error_message="This person was erased: the record is a pseudonym and stays empty.",
            ),
        ),
    ]
