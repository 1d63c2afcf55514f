import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("crm", "0008_duplicates"),
        ("gateway", "0002_history_of_keys"),
        ("jobs", "0001_initial"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Erasure",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("contacts", models.JSONField(default=list)),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("asked", "the person asked for it (GDPR 17)"),
                                    ("withdrawn", "the person withdrew the consent"),
                                    ("not_needed", "the data are no longer needed"),
                                    ("unlawful", "there was no right to keep the data"),
                                    ("replayed", "repeated after a restore from backup"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("erased_at", models.DateTimeField()),
                        ("erased_through", models.CharField(help_text="admin, command or replay", max_length=20)),
                        ("rows", models.JSONField(default=dict, help_text="what was done in each table")),
                        (
                            "erased_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="crm.contact"
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": ("view",),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reason__in", ["asked", "withdrawn", "not_needed", "unlawful", "replayed"])
                                ),
                                name="crm_erasure_reason_known",
                                violation_error_message="The reason is not one that Kith knows.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PersonExport",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("size", models.PositiveBigIntegerField(blank=True, help_text="bytes", null=True)),
                        ("purged_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "job",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="person_export", to="jobs.job"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="crm.contact"
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_key",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="gateway.apikey",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": ("view",),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("expires_at__isnull", True), ("size__isnull", True)),
                                    models.Q(("expires_at__isnull", False), ("size__isnull", False)),
                                    _connector="OR",
                                ),
                                name="crm_personexport_ready_paired",
                                violation_error_message="A file that is ready has a size and an end.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PersonExportDownload",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("downloaded_at", models.DateTimeField()),
                        (
                            "export",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="downloads",
                                to="crm.personexport",
                            ),
                        ),
                        (
                            "key",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="gateway.apikey",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="PersonExportPart",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("content", models.BinaryField()),
                        (
                            "export",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="parts",
                                to="crm.personexport",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("export", "number"),
                                name="crm_personexportpart_once",
                                violation_error_message="The file has this piece already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Suppression",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("digest", models.BinaryField(max_length=32, unique=True)),
                        (
                            "erasure",
                            models.ForeignKey(
                                help_text="empty: repeated after a restore, of somebody whom the backup did not know",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="suppressions",
                                to="crm.erasure",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
            ],
        ),
        migrations.AlterModelOptions(
            name="contact",
            options={
                "permissions": [
                    ("merge_contact", "Can merge contacts and take merges apart"),
                    ("export_personal_data", "Can export everything about a person"),
                    ("erase_contact", "Can erase a person"),
                    ("export_audience", "Can export lists of addresses"),
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
        migrations.AddField(
            model_name="contact",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, help_text="since when it is a pseudonym", null=True),
        ),
        migrations.AddField(
            model_name="contactevent",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, help_text="since when it is a pseudonym", null=True),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("company_id", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."company_id", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="0bfe2eac2e4032d049209a7002d4e627fdcfc04e",
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
                    condition='WHEN (OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."custom_fields" IS DISTINCT FROM (NEW."custom_fields") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."erased_at" IS DISTINCT FROM (NEW."erased_at") OR OLD."full_name" IS DISTINCT FROM (NEW."full_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id") OR OLD."motivation" IS DISTINCT FROM (NEW."motivation") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."preferred_name" IS DISTINCT FROM (NEW."preferred_name") OR OLD."source_updated_at" IS DISTINCT FROM (NEW."source_updated_at") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."updated_at" IS DISTINCT FROM (NEW."updated_at"))',
                    func='INSERT INTO "crm_contactevent" ("company_id", "created_at", "custom_fields", "do_not_contact", "erased_at", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."company_id", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."erased_at", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="0caf36d74a42b1ffdab8ef5893c109dee9b46b05",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_eb23d",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("company__isnull", True),
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
