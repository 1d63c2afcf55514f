import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("crm", "0004_permissions_on_contacts"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="FollowUp",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("source_updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("source", models.CharField(blank=True, editable=False, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                        ("what", models.CharField(max_length=255)),
                        ("due_on", models.DateField(help_text="the last day on which it is in time")),
                        ("recorded_at", models.DateTimeField(editable=False)),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "assigned_to",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="follow_ups",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "done_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "follow-up",
                        "indexes": [
                            models.Index(fields=["contact", "recorded_at"], name="crm_followup_of_contact"),
                            models.Index(
                                condition=models.Q(("done_at__isnull", True)),
                                fields=["assigned_to", "due_on"],
                                name="crm_followup_open",
                            ),
                            models.Index(fields=["updated_at", "id"], name="crm_followup_changes"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "external_id"),
                                name="crm_followup_unique_ref",
                                violation_error_message="Another follow-up has this source and external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("external_id__isnull", True), ("source__isnull", True)),
                                    models.Q(("external_id__isnull", False), ("source__isnull", False)),
                                    _connector="OR",
                                ),
                                name="crm_followup_ref_paired",
                                violation_error_message="Source and external id are given together or not at all.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("what", ""), _negated=True),
                                name="crm_followup_says_what",
                                violation_error_message="A follow-up says what is to be done.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("done_at__isnull", False), ("done_by__isnull", True), _connector="OR"
                                ),
                                name="crm_followup_done_by_when_done",
                                violation_error_message="Only a follow-up that is done was done by somebody.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FollowUpEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("source_updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("source", models.CharField(blank=True, editable=False, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                        ("what", models.CharField(max_length=255)),
                        ("due_on", models.DateField(help_text="the last day on which it is in time")),
                        ("recorded_at", models.DateTimeField(editable=False)),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "assigned_to",
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
                            "contact",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "done_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                editable=False,
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
                                to="crm.followup",
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Note",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("source_updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("source", models.CharField(blank=True, editable=False, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                        ("text", models.TextField()),
                        ("written_at", models.DateTimeField()),
                        ("is_pinned", models.BooleanField(db_default=False, default=False, verbose_name="pinned")),
                        (
                            "author",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notes",
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["contact", "written_at"], name="crm_note_of_contact"),
                            models.Index(fields=["updated_at", "id"], name="crm_note_changes"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "external_id"),
                                name="crm_note_unique_ref",
                                violation_error_message="Another note has this source and external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("external_id__isnull", True), ("source__isnull", True)),
                                    models.Q(("external_id__isnull", False), ("source__isnull", False)),
                                    _connector="OR",
                                ),
                                name="crm_note_ref_paired",
                                violation_error_message="Source and external id are given together or not at all.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("text", ""), _negated=True),
                                name="crm_note_not_empty",
                                violation_error_message="A note needs a text.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NoteEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("source_updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("source", models.CharField(blank=True, editable=False, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                        ("text", models.TextField()),
                        ("written_at", models.DateTimeField()),
                        ("is_pinned", models.BooleanField(db_default=False, default=False, verbose_name="pinned")),
                        (
                            "author",
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
                            "contact",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.contact",
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
                                to="crm.note",
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
            model_name="followup",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_followupevent" ("assigned_to_id", "contact_id", "created_at", "done_at", "done_by_id", "due_on", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id", "source", "source_updated_at", "updated_at", "what") VALUES (NEW."assigned_to_id", NEW."contact_id", NEW."created_at", NEW."done_at", NEW."done_by_id", NEW."due_on", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recorded_at", NEW."recorded_by_id", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."what"); RETURN NULL;',
                    hash="c6aac94845e23e4ac32b1bc5714d6368f68051cf",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_43f5c",
                    table="crm_followup",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="followup",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_followupevent" ("assigned_to_id", "contact_id", "created_at", "done_at", "done_by_id", "due_on", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id", "source", "source_updated_at", "updated_at", "what") VALUES (NEW."assigned_to_id", NEW."contact_id", NEW."created_at", NEW."done_at", NEW."done_by_id", NEW."due_on", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recorded_at", NEW."recorded_by_id", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."what"); RETURN NULL;',
                    hash="7d1c86b3a2aa8820c543139f2a1edb1fce6b95cb",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5c008",
                    table="crm_followup",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="followup",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_followupevent" ("assigned_to_id", "contact_id", "created_at", "done_at", "done_by_id", "due_on", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id", "source", "source_updated_at", "updated_at", "what") VALUES (OLD."assigned_to_id", OLD."contact_id", OLD."created_at", OLD."done_at", OLD."done_by_id", OLD."due_on", OLD."external_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recorded_at", OLD."recorded_by_id", OLD."source", OLD."source_updated_at", OLD."updated_at", OLD."what"); RETURN NULL;',
                    hash="7ef987a68d311270d5408e8b98af6565cbd665bb",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_7806c",
                    table="crm_followup",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="note",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_noteevent" ("author_id", "contact_id", "created_at", "external_id", "id", "is_pinned", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "text", "updated_at", "written_at") VALUES (NEW."author_id", NEW."contact_id", NEW."created_at", NEW."external_id", NEW."id", NEW."is_pinned", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."source_updated_at", NEW."text", NEW."updated_at", NEW."written_at"); RETURN NULL;',
                    hash="acd7cbf7ec2a57dfa94a6c265b9b7ab74f92474b",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_6d05a",
                    table="crm_note",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="note",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_noteevent" ("author_id", "contact_id", "created_at", "external_id", "id", "is_pinned", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "text", "updated_at", "written_at") VALUES (NEW."author_id", NEW."contact_id", NEW."created_at", NEW."external_id", NEW."id", NEW."is_pinned", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."source_updated_at", NEW."text", NEW."updated_at", NEW."written_at"); RETURN NULL;',
                    hash="abf40b83852676a32be1154aeabf137ea8dead57",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_0fea4",
                    table="crm_note",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="note",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_noteevent" ("author_id", "contact_id", "created_at", "external_id", "id", "is_pinned", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "text", "updated_at", "written_at") VALUES (OLD."author_id", OLD."contact_id", OLD."created_at", OLD."external_id", OLD."id", OLD."is_pinned", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source", OLD."source_updated_at", OLD."text", OLD."updated_at", OLD."written_at"); RETURN NULL;',
                    hash="643dfb2e5484668b924cf5833ab4ab4fe4fd6408",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_188d5",
                    table="crm_note",
                    when="AFTER",
                ),
            ),
        ),
    ]
