import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("crm", "0005_notes_and_follow_ups"),
        ("jobs", "0001_initial"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Merge",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("merged_at", models.DateTimeField()),
                        (
                            "rule",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="empty: a person decided",
                                max_length=50,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "taken_over",
                            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
                        ),
                        ("unmerged_at", models.DateTimeField(blank=True, null=True, verbose_name="taken apart at")),
                        (
                            "job",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "loser",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="merges", to="crm.contact"
                            ),
                        ),
                        (
                            "merged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "survivor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="merges_taken_in",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "unmerged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="taken apart by",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": ("view",),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("unmerged_at__isnull", True)),
                                fields=("loser",),
                                name="crm_merge_once_at_a_time",
                                violation_error_message="This contact is merged already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("survivor", models.F("loser")), _negated=True),
                                name="crm_merge_of_two",
                                violation_error_message="A contact cannot be merged into itself.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("unmerged_at__isnull", True),
                                    ("unmerged_at__gte", models.F("merged_at")),
                                    _connector="OR",
                                ),
                                name="crm_merge_unmerged_after",
                                violation_error_message="A merge cannot be taken apart before it happened.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MergeEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("merged_at", models.DateTimeField()),
                        (
                            "rule",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="empty: a person decided",
                                max_length=50,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "taken_over",
                            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
                        ),
                        ("unmerged_at", models.DateTimeField(blank=True, null=True, verbose_name="taken apart at")),
                        (
                            "job",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="jobs.job",
                            ),
                        ),
                        (
                            "loser",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "merged_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "pgh_context",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="pghistory.context",
                            ),
                        ),
                        (
                            "pgh_obj",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="events",
                                to="crm.merge",
                            ),
                        ),
                        (
                            "survivor",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "unmerged_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="taken apart by",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
            ],
        ),
        gateway.migration_operations.AddTrigger(
            model_name="merge",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_mergeevent" ("id", "job_id", "loser_id", "merged_at", "merged_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "rule", "survivor_id", "taken_over", "unmerged_at", "unmerged_by_id") VALUES (NEW."id", NEW."job_id", NEW."loser_id", NEW."merged_at", NEW."merged_by_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."rule", NEW."survivor_id", NEW."taken_over", NEW."unmerged_at", NEW."unmerged_by_id"); RETURN NULL;',
                    hash="f41867a7e83b0101094896c672c0751b47189d9f",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_4c9bd",
                    table="crm_merge",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="merge",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_mergeevent" ("id", "job_id", "loser_id", "merged_at", "merged_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "rule", "survivor_id", "taken_over", "unmerged_at", "unmerged_by_id") VALUES (NEW."id", NEW."job_id", NEW."loser_id", NEW."merged_at", NEW."merged_by_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."rule", NEW."survivor_id", NEW."taken_over", NEW."unmerged_at", NEW."unmerged_by_id"); RETURN NULL;',
                    hash="3acc841fc6d20792e1c5beb946cb610655bf723b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_a826e",
                    table="crm_merge",
                    when="AFTER",
                ),
            ),
        ),
    ]
