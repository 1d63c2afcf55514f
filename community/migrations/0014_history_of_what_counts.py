import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("community", "0013_compare_what_is_gone"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="InteractionEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("retracted_at", models.DateTimeField(blank=True, null=True)),
                        ("retract_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
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
                                to="community.interaction",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ThreadEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("external_id", models.CharField(max_length=255)),
                        (
                            "accepted_answer",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.channel",
                            ),
                        ),
                        (
                            "confirmed_answer",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "confirmed_by",
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
                            "opened_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.member",
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
                                to="community.thread",
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
            model_name="interaction",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."deleted_at" IS DISTINCT FROM (NEW."deleted_at") OR OLD."retract_reason" IS DISTINCT FROM (NEW."retract_reason") OR OLD."retracted_at" IS DISTINCT FROM (NEW."retracted_at"))',
                    func='INSERT INTO "community_interactionevent" ("deleted_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "retract_reason", "retracted_at") VALUES (NEW."deleted_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."retract_reason", NEW."retracted_at"); RETURN NULL;',
                    hash="0000fd62798b974706a6b25ec61ae049cf60af0b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c4121",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="thread",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."accepted_answer_id" IS DISTINCT FROM (NEW."accepted_answer_id") OR OLD."confirmed_answer_id" IS DISTINCT FROM (NEW."confirmed_answer_id") OR OLD."confirmed_by_id" IS DISTINCT FROM (NEW."confirmed_by_id"))',
                    func='INSERT INTO "community_threadevent" ("accepted_answer_id", "channel_id", "confirmed_answer_id", "confirmed_by_id", "external_id", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."accepted_answer_id", NEW."channel_id", NEW."confirmed_answer_id", NEW."confirmed_by_id", NEW."external_id", NEW."opened_by_id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="07443e1cd30480f49dd8cefcf53a25db7352ee06",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_81ce1",
                    table="community_thread",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="thread",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_threadevent" ("accepted_answer_id", "channel_id", "confirmed_answer_id", "confirmed_by_id", "external_id", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."accepted_answer_id", OLD."channel_id", OLD."confirmed_answer_id", OLD."confirmed_by_id", OLD."external_id", OLD."opened_by_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="73eec52883127d91aba62638de7cfb900a55825c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_926dc",
                    table="community_thread",
                    when="AFTER",
                ),
            ),
        ),
    ]
