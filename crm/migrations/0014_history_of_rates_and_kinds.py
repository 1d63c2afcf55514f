import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
from django.db import migrations, models

import crm.money
import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_compare_what_is_gone"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="ConversionKindEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("key", models.SlugField(db_index=False, max_length=30, serialize=False)),
                        ("label", models.CharField(max_length=60)),
                        (
                            "has_value",
                            models.BooleanField(
                                db_default=True, default=True, help_text="whether it usually carries money"
                            ),
                        ),
                        (
                            "lookback_days",
                            models.PositiveSmallIntegerField(db_default=90, default=90, help_text="days"),
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
                                to="crm.conversionkind",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ExchangeRateEvent",
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
                        ("currency", crm.money.CurrencyField(max_length=3)),
                        ("date", models.DateField()),
                        ("rate", models.DecimalField(decimal_places=10, max_digits=20)),
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
                                to="crm.exchangerate",
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
            model_name="conversionkind",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_conversionkindevent" ("has_value", "key", "label", "lookback_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."has_value", NEW."key", NEW."label", NEW."lookback_days", _pgh_attach_context(), NOW(), \'insert\', NEW."key"); RETURN NULL;',
                    hash="5a4dc66448736adece82e387f15d6e3959f170dd",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_5de4a",
                    table="crm_conversionkind",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversionkind",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_conversionkindevent" ("has_value", "key", "label", "lookback_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."has_value", NEW."key", NEW."label", NEW."lookback_days", _pgh_attach_context(), NOW(), \'update\', NEW."key"); RETURN NULL;',
                    hash="d8d46b59cc03ef9637dd4c5d557be2336f3c33cf",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b7a96",
                    table="crm_conversionkind",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversionkind",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_conversionkindevent" ("has_value", "key", "label", "lookback_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."has_value", OLD."key", OLD."label", OLD."lookback_days", _pgh_attach_context(), NOW(), \'delete\', OLD."key"); RETURN NULL;',
                    hash="74575e88f892674511475998e3c25dcc55f8847a",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_0a13f",
                    table="crm_conversionkind",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="exchangerate",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_exchangerateevent" ("created_at", "currency", "date", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source_updated_at", "updated_at") VALUES (NEW."created_at", NEW."currency", NEW."date", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."rate", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="53053dae2045e8f922913eb0ecb4f948ffeef0cf",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_da31e",
                    table="crm_exchangerate",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="exchangerate",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_exchangerateevent" ("created_at", "currency", "date", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source_updated_at", "updated_at") VALUES (NEW."created_at", NEW."currency", NEW."date", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."rate", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="c53873690bb4626b7f76d40481bda440db6e6050",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_90b8c",
                    table="crm_exchangerate",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="exchangerate",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_exchangerateevent" ("created_at", "currency", "date", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source_updated_at", "updated_at") VALUES (OLD."created_at", OLD."currency", OLD."date", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."rate", OLD."source_updated_at", OLD."updated_at"); RETURN NULL;',
                    hash="60e74ceb8b0a96676413c1d8a5df5273f301dad4",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_4cf39",
                    table="crm_exchangerate",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.begin_history("crm", "ConversionKindEvent"),
        gateway.migration_operations.begin_history("crm", "ExchangeRateEvent"),
    ]
