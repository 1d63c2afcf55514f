import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("community", "0001_initial"),
        ("crm", "0002_conversion_kinds"),
        ("jobs", "0001_initial"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Fingerprint",
                    fields=[
                        ("key", models.CharField(default="figures", max_length=10, primary_key=True, serialize=False)),
                        ("value", models.JSONField()),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="StaleMark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("marked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("since", models.DateTimeField(null=True)),
                        ("until", models.DateTimeField(null=True)),
                        (
                            "interaction_id",
                            models.BigIntegerField(
                                help_text="whom this interaction touches, at its own time", null=True
                            ),
                        ),
                        ("contact_id", models.BigIntegerField(help_text="this contact's person", null=True)),
                        ("member_id", models.BigIntegerField(help_text="the person of this account", null=True)),
                        ("author_of_id", models.BigIntegerField(help_text="whoever wrote this interaction", null=True)),
                        ("thread_id", models.BigIntegerField(help_text="whoever opened this thread", null=True)),
                        (
                            "replies_of_id",
                            models.BigIntegerField(help_text="whom the replies to this interaction address", null=True),
                        ),
                        (
                            "actor_id",
                            models.BigIntegerField(
                                help_text="whom this account's interactions touch, and itself", null=True
                            ),
                        ),
                        (
                            "conversion_id",
                            models.BigIntegerField(
                                help_text="this conversion, with its refunds or its original", null=True
                            ),
                        ),
                        (
                            "ref_source",
                            models.CharField(help_text="the conversion of this reference …", max_length=50, null=True),
                        ),
                        (
                            "ref_external_id",
                            models.CharField(help_text="… and the refunds that name it", max_length=255, null=True),
                        ),
                        (
                            "campaign_code",
                            models.CharField(help_text="whatever carries this UTM code", max_length=255, null=True),
                        ),
                        ("currency", models.CharField(help_text="money of this currency …", max_length=3, null=True)),
                        (
                            "rate_date",
                            models.DateField(help_text="… from this day on, as long as a rate is valid", null=True),
                        ),
                        ("cost_id", models.BigIntegerField(help_text="this cost", null=True)),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="TotalDay",
                    fields=[
                        (
                            "results",
                            models.PositiveIntegerField(help_text="conversions and refunds that stand behind this"),
                        ),
                        ("conversions", models.PositiveIntegerField()),
                        ("revenue_minor", models.BigIntegerField()),
                        ("credited_minor", models.BigIntegerField()),
                        ("unattributed_minor", models.BigIntegerField()),
                        ("day", models.DateField(primary_key=True, serialize=False)),
                        ("staff_minor", models.BigIntegerField()),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="CampaignDay",
                    fields=[
                        ("credits", models.PositiveIntegerField(help_text="rows of the ledger that stand behind this")),
                        ("first_touch_minor", models.BigIntegerField()),
                        ("last_touch_minor", models.BigIntegerField()),
                        ("linear_minor", models.BigIntegerField()),
                        ("position_based_minor", models.BigIntegerField()),
                        ("time_decay_minor", models.BigIntegerField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "campaign_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("campaign_id", models.BigIntegerField()),
                        ("day", models.DateField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="metrics_campaignday_day")],
                    },
                ),
                migrations.CreateModel(
                    name="ChannelDay",
                    fields=[
                        ("credits", models.PositiveIntegerField(help_text="rows of the ledger that stand behind this")),
                        ("first_touch_minor", models.BigIntegerField()),
                        ("last_touch_minor", models.BigIntegerField()),
                        ("linear_minor", models.BigIntegerField()),
                        ("position_based_minor", models.BigIntegerField()),
                        ("time_decay_minor", models.BigIntegerField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "channel_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("channel_id", models.BigIntegerField()),
                        ("day", models.DateField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="metrics_channelday_day")],
                    },
                ),
                migrations.CreateModel(
                    name="HelperDay",
                    fields=[
                        ("credits", models.PositiveIntegerField(help_text="rows of the ledger that stand behind this")),
                        ("first_touch_minor", models.BigIntegerField()),
                        ("last_touch_minor", models.BigIntegerField()),
                        ("linear_minor", models.BigIntegerField()),
                        ("position_based_minor", models.BigIntegerField()),
                        ("time_decay_minor", models.BigIntegerField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "actor_kind",
                                "member_id",
                                "day",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "actor_kind",
                            models.CharField(
                                choices=[
                                    ("member", "another member"),
                                    ("self", "the buyer"),
                                    ("staff", "staff"),
                                    ("unknown", "unknown"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("member_id", models.BigIntegerField()),
                        ("day", models.DateField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="metrics_helperday_day")],
                    },
                ),
                migrations.CreateModel(
                    name="PersonDay",
                    fields=[
                        (
                            "results",
                            models.PositiveIntegerField(help_text="conversions and refunds that stand behind this"),
                        ),
                        ("conversions", models.PositiveIntegerField()),
                        ("revenue_minor", models.BigIntegerField()),
                        ("credited_minor", models.BigIntegerField()),
                        ("unattributed_minor", models.BigIntegerField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "person_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("person_id", models.BigIntegerField()),
                        ("day", models.DateField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="metrics_personday_day")],
                    },
                ),
                migrations.CreateModel(
                    name="ConversionResult",
                    fields=[
                        (
                            "conversion",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="crm.conversion",
                            ),
                        ),
                        ("day", models.DateField(help_text="the local day on which it counts")),
                        (
                            "line",
                            models.CharField(
                                choices=[
                                    ("credited", "credited"),
                                    ("unattributed", "unattributed"),
                                    ("staff_purchases", "staff purchases"),
                                    ("not_converted", "not converted"),
                                ],
                                max_length=15,
                            ),
                        ),
                        ("value_minor", models.BigIntegerField(null=True)),
                        ("unattributed_minor", models.BigIntegerField()),
                        ("touches", models.PositiveIntegerField()),
                        ("is_help_touched", models.BooleanField()),
                        ("is_refund", models.BooleanField()),
                        ("is_fully_refunded", models.BooleanField()),
                        (
                            "kind",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="crm.conversionkind",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["day"], name="metrics_result_day"),
                            models.Index(fields=["person", "day"], name="metrics_result_person"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CostDay",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "cost", "day", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("day", models.DateField()),
                        ("amount_minor", models.BigIntegerField()),
                        (
                            "cost",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="community.cost",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="metrics_costday_day")],
                    },
                ),
                migrations.CreateModel(
                    name="Credit",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "conversion", "position", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("position", models.PositiveIntegerField()),
                        ("touches", models.PositiveIntegerField()),
                        (
                            "actor_kind",
                            models.CharField(
                                choices=[
                                    ("member", "another member"),
                                    ("self", "the buyer"),
                                    ("staff", "staff"),
                                    ("unknown", "unknown"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("is_help", models.BooleanField()),
                        ("is_refund", models.BooleanField()),
                        ("day", models.DateField(help_text="the local day on which it counts")),
                        ("decay_weight", models.PositiveIntegerField()),
                        ("decay_total", models.PositiveBigIntegerField()),
                        ("first_touch_minor", models.BigIntegerField()),
                        ("last_touch_minor", models.BigIntegerField()),
                        ("linear_minor", models.BigIntegerField()),
                        ("position_based_minor", models.BigIntegerField()),
                        ("time_decay_minor", models.BigIntegerField()),
                        (
                            "actor_member",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="community.member",
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="crm.campaign",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="community.channel",
                            ),
                        ),
                        (
                            "conversion",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="crm.conversion",
                            ),
                        ),
                        (
                            "interaction",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["campaign", "conversion"], name="metrics_credit_campaign"),
                            models.Index(fields=["person", "conversion"], name="metrics_credit_person"),
                            models.Index(
                                condition=models.Q(("actor_kind", "member")),
                                fields=["actor_member", "conversion"],
                                name="metrics_credit_actor",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecomputeChunk",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("first_person", models.BigIntegerField()),
                        ("last_person", models.BigIntegerField(null=True)),
                        ("is_guests", models.BooleanField(default=False)),
                        ("done_at", models.DateTimeField(null=True)),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="jobs.job"
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("done_at", None)), fields=["id"], name="metrics_recomputechunk_open"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("job", "is_guests", "first_person"), name="metrics_recomputechunk_once"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
