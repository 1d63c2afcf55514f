import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("crm", "0007_known_as"),
        ("jobs", "0001_initial"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="ChangedIdentity",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("contact_id", models.BigIntegerField()),
                        ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "job",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="jobs.job",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="DuplicateSuggestion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("score", models.PositiveSmallIntegerField(db_default=0, default=0)),
                        (
                            "reasons",
                            models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "open"), ("different", "not the same person"), ("merged", "merged")],
                                db_default="open",
                                default="open",
                                max_length=10,
                            ),
                        ),
                        ("found_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "first",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "merge",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.merge",
                            ),
                        ),
                        (
                            "second",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.contact"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "possible duplicate",
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["state", "-score", "id"], name="crm_duplicate_by_score")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("first", "second"),
                                name="crm_duplicatesuggestion_once",
                                violation_error_message="This pair is suggested already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("first__lt", models.F("second"))),
                                name="crm_duplicatesuggestion_ordered",
                                violation_error_message="The contact with the lower id comes first.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("score__lte", 100)),
                                name="crm_duplicatesuggestion_score",
                                violation_error_message="A score is at most 100.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["open", "different", "merged"])),
                                name="crm_duplicatesuggestion_state_known",
                                violation_error_message="The state is one of open, different, merged.",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                django.db.models.functions.comparison.Collate(django.db.models.functions.text.Lower("full_name"), "C"),
                models.F("id"),
                condition=models.Q(("full_name", ""), _negated=True),
                name="crm_contact_names",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    django.db.models.functions.text.Reverse(django.db.models.functions.text.Lower("full_name")), "C"
                ),
                models.F("id"),
                condition=models.Q(("full_name", ""), _negated=True),
                name="crm_contact_name_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="contactref",
            index=models.Index(fields=["external_id"], name="crm_contactref_external_id"),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id) SELECT id FROM new_rows WHERE full_name <> '';\n        RETURN NULL;\n    ",
                    hash="720c97296346544c8173a6f46e12fa477bd7a728",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_compare_on_insert_7baf0",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id)\n        SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE (n.full_name, n.company_id) IS DISTINCT FROM (o.full_name, o.company_id);\n        RETURN NULL;\n    ",
                    hash="9b1c7b44bcc18c3b608cda18d61af1cb2adbc041",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_compare_on_update_e5df2",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id) SELECT contact_id FROM new_rows WHERE TRUE;\n        RETURN NULL;\n    ",
                    hash="5af081b7fbd45368b64b615f57da865778a38e34",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_compare_on_insert_68beb",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id)\n        SELECT n.contact_id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE (n.contact_id, n.kind, n.normalised, n.verified_at) IS DISTINCT FROM (o.contact_id, o.kind, o.normalised, o.verified_at);\n        RETURN NULL;\n    ",
                    hash="db1bbf8c415419fed0045c1eb6606b12d0b5b092",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_compare_on_update_f7184",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id) SELECT contact_id FROM new_rows WHERE TRUE;\n        RETURN NULL;\n    ",
                    hash="3527037a100c8c700fc114409265f93408f979ed",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_compare_on_insert_42f8e",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="compare_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        INSERT INTO crm_changedidentity (contact_id)\n        SELECT n.contact_id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE (n.contact_id, n.external_id) IS DISTINCT FROM (o.contact_id, o.external_id);\n        RETURN NULL;\n    ",
                    hash="38baafa56a0b2ee8afcaf71555e9c401a2d24454",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_compare_on_update_e1ebe",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
        # Whoever is there already has not been compared with anybody yet.
        migrations.RunSQL(
            "INSERT INTO crm_changedidentity (contact_id) SELECT id FROM crm_contact", migrations.RunSQL.noop
        ),
    ]
