import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0016_handles_with_a_slip"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="ChannelSize",
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
                        ("day", models.DateField()),
                        (
                            "people",
                            models.PositiveBigIntegerField(
                                help_text="followers or members, as the platform counts them"
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sizes",
                                to="community.channel",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="community_chansize_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("channel", "day"),
                                name="community_channelsize_once_a_day",
                                violation_error_message="There is a size for this channel and day already.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChannelSizeEvent",
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
                        ("day", models.DateField()),
                        (
                            "people",
                            models.PositiveBigIntegerField(
                                help_text="followers or members, as the platform counts them"
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
                                to="community.channelsize",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
            ]
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channelsize",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_channelsizeevent" ("channel_id", "created_at", "day", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "updated_at") VALUES (NEW."channel_id", NEW."created_at", NEW."day", NEW."id", NEW."people", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="edc1455add6ed31c72a3b450eb28ab162ca07977",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_43343",
                    table="community_channelsize",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channelsize",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_channelsizeevent" ("channel_id", "created_at", "day", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "updated_at") VALUES (NEW."channel_id", NEW."created_at", NEW."day", NEW."id", NEW."people", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="92577ab9121fdaa7647ab3d60cef4b6ec47ed4db",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_be19f",
                    table="community_channelsize",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channelsize",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_channelsizeevent" ("channel_id", "created_at", "day", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "updated_at") VALUES (OLD."channel_id", OLD."created_at", OLD."day", OLD."id", OLD."people", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source_updated_at", OLD."updated_at"); RETURN NULL;',
                    hash="8a832a3b13852774aeef3231c56ee7a0c07d72f9",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_3f35e",
                    table="community_channelsize",
                    when="AFTER",
                ),
            ),
        ),
    ]
