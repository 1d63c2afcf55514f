import datetime
from decimal import Decimal

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.math
import django.db.models.functions.text
import django.db.models.lookups
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import crm.money
import gateway.migration_operations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("crm", "0001_initial"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Community",
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
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=255)),
                        ("purpose", models.TextField(blank=True, db_default="", default="")),
                        (
                            "purpose_measure",
                            models.CharField(
                                choices=[
                                    ("people_helped", "people helped"),
                                    ("questions_answered", "questions answered"),
                                    ("mean_rating", "mean rating"),
                                    ("cost_per_person_helped", "cost per person helped"),
                                ],
                                db_default="people_helped",
                                default="people_helped",
                                max_length=30,
                            ),
                        ),
                        ("target", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                        ("archived_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "verbose_name_plural": "communities",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "purpose_measure__in",
                                        [
                                            "people_helped",
                                            "questions_answered",
                                            "mean_rating",
                                            "cost_per_person_helped",
                                        ],
                                    )
                                ),
                                name="community_community_measure_known",
                                violation_error_message="The purpose measure is not one that Kith knows.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("target__isnull", True), ("target__gte", 0), _connector="OR"),
                                name="community_community_target_not_negative",
                                violation_error_message="A target cannot be negative.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Channel",
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
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=255)),
                        (
                            "platform",
                            models.CharField(
                                help_text="such as discourse, instagram, discord, phone, event", max_length=50
                            ),
                        ),
                        ("archived_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "community",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="channels",
                                to="community.community",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="CommunityEvent",
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
                        ("slug", models.SlugField(db_index=False)),
                        ("name", models.CharField(max_length=255)),
                        ("purpose", models.TextField(blank=True, db_default="", default="")),
                        (
                            "purpose_measure",
                            models.CharField(
                                choices=[
                                    ("people_helped", "people helped"),
                                    ("questions_answered", "questions answered"),
                                    ("mean_rating", "mean rating"),
                                    ("cost_per_person_helped", "cost per person helped"),
                                ],
                                db_default="people_helped",
                                default="people_helped",
                                max_length=30,
                            ),
                        ),
                        ("target", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                        ("archived_at", models.DateTimeField(blank=True, null=True)),
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
                                to="community.community",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Cost",
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
                        ("source", models.CharField(blank=True, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, max_length=255, null=True)),
                        ("description", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("staffing", "staffing"),
                                    ("platform_fee", "platform fee"),
                                    ("tools", "tools"),
                                    ("content", "content"),
                                    ("advertising", "advertising"),
                                    ("agency", "agency"),
                                    ("freelancer", "freelancer"),
                                    ("rewards", "rewards"),
                                    ("other", "other"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acquisition", "acquisition"),
                                    ("support", "support"),
                                    ("retention", "retention"),
                                ],
                                max_length=15,
                                null=True,
                            ),
                        ),
                        (
                            "delivery",
                            models.CharField(
                                choices=[("in_house", "in-house"), ("agency", "agency"), ("freelancer", "freelancer")],
                                db_default="in_house",
                                default="in_house",
                                max_length=15,
                            ),
                        ),
                        ("amount", crm.money.AmountField(decimal_places=3, max_digits=15)),
                        ("currency", crm.money.CurrencyField(max_length=3)),
                        (
                            "hours",
                            models.DecimalField(
                                blank=True, decimal_places=2, help_text="hours of labour", max_digits=8, null=True
                            ),
                        ),
                        (
                            "hourly_rate",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="loaded rate per hour, in the cost's currency",
                                max_digits=10,
                                null=True,
                            ),
                        ),
                        (
                            "days",
                            django.contrib.postgres.fields.ranges.DateRangeField(
                                help_text="local days covered, half-open"
                            ),
                        ),
                        (
                            "sharing",
                            models.CharField(
                                choices=[
                                    ("direct", "direct: not shared"),
                                    ("minutes", "by minutes of help"),
                                    ("touches", "by touches"),
                                    ("even", "evenly"),
                                ],
                                db_default="direct",
                                default="direct",
                                max_length=10,
                            ),
                        ),
                        ("voided_at", models.DateTimeField(blank=True, null=True)),
                        ("void_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="costs",
                                to="crm.campaign",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="costs",
                                to="community.channel",
                            ),
                        ),
                        (
                            "community",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="costs",
                                to="community.community",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                help_text="a reward to a person",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="costs",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "replaced_by",
                            models.OneToOneField(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaces",
                                to="community.cost",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="community_cost_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("replaced_by__isnull", True)),
                                fields=("source", "external_id"),
                                name="community_cost_unique_ref",
                                violation_error_message="Another cost has this source and external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("external_id__isnull", True), ("source__isnull", True)),
                                    models.Q(("external_id__isnull", False), ("source__isnull", False)),
                                    _connector="OR",
                                ),
                                name="community_cost_ref_paired",
                                violation_error_message="Source and external id are given together or not at all.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("days__isempty", False), ("days__lower_inf", False), ("days__upper_inf", False)
                                ),
                                name="community_cost_days_bounded",
                                violation_error_message="A cost covers at least one day and has a first and a last one.",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.LessThanOrEqual(
                                    django.db.models.expressions.CombinedExpression(
                                        models.Func(
                                            models.F("days"), function="upper", output_field=models.DateField()
                                        ),
                                        "-",
                                        models.Func(
                                            models.F("days"), function="lower", output_field=models.DateField()
                                        ),
                                    ),
                                    datetime.timedelta(days=3660),
                                ),
                                name="community_cost_days_at_most_ten_years",
                                violation_error_message="A cost covers at most ten years.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "category__in",
                                        [
                                            "staffing",
                                            "platform_fee",
                                            "tools",
                                            "content",
                                            "advertising",
                                            "agency",
                                            "freelancer",
                                            "rewards",
                                            "other",
                                        ],
                                    )
                                ),
                                name="community_cost_category_known",
                                violation_error_message="The category is not one that Kith knows.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("purpose__isnull", True),
                                    ("purpose__in", ["acquisition", "support", "retention"]),
                                    _connector="OR",
                                ),
                                name="community_cost_purpose_known",
                                violation_error_message="The purpose is one of acquisition, support, retention.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("delivery__in", ["in_house", "agency", "freelancer"])),
                                name="community_cost_delivery_known",
                                violation_error_message="The delivery is one of in_house, agency, freelancer.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("sharing__in", ["direct", "minutes", "touches", "even"])),
                                name="community_cost_sharing_known",
                                violation_error_message="The sharing rule is one of direct, minutes, touches, even.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("hours__isnull", True), ("hours__gt", 0), _connector="OR"),
                                name="community_cost_hours_positive",
                                violation_error_message="Hours are above zero.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("hourly_rate__isnull", True),
                                    models.Q(("hourly_rate__gte", 0), ("hours__isnull", False)),
                                    _connector="OR",
                                ),
                                name="community_cost_rate_needs_hours",
                                violation_error_message="An hourly rate needs hours.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("voided_at__isnull", False),
                                    models.Q(("replaced_by__isnull", True), ("void_reason", "")),
                                    _connector="OR",
                                ),
                                name="community_cost_void_paired",
                                violation_error_message="Only a voided cost has a reason or a replacement.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gte", 0)),
                                name="community_cost_amount_not_negative",
                                violation_error_message="An amount cannot be negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "amount__lt",
                                        models.Case(
                                            models.When(
                                                currency__in=(
                                                    "BIF",
                                                    "CLP",
                                                    "DJF",
                                                    "GNF",
                                                    "ISK",
                                                    "JPY",
                                                    "KMF",
                                                    "KRW",
                                                    "PYG",
                                                    "RWF",
                                                    "UGX",
                                                    "UYI",
                                                    "VND",
                                                    "VUV",
                                                    "XAF",
                                                    "XOF",
                                                    "XPF",
                                                ),
                                                then=models.Value(
                                                    Decimal("549755813888"),
                                                    output_field=models.DecimalField(decimal_places=3, max_digits=15),
                                                ),
                                            ),
                                            models.When(
                                                currency__in=("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
                                                then=models.Value(
                                                    Decimal("549755813.888"),
                                                    output_field=models.DecimalField(decimal_places=3, max_digits=15),
                                                ),
                                            ),
                                            default=models.Value(
                                                Decimal("5497558138.88"),
                                                output_field=models.DecimalField(decimal_places=3, max_digits=15),
                                            ),
                                        ),
                                    )
                                ),
                                name="community_cost_amount_below_limit",
                                violation_error_message="The amount is too large: it must be below 2^39 minor units.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "amount",
                                        django.db.models.functions.math.Round(
                                            models.F("amount"),
                                            models.Case(
                                                models.When(
                                                    currency__in=(
                                                        "BIF",
                                                        "CLP",
                                                        "DJF",
                                                        "GNF",
                                                        "ISK",
                                                        "JPY",
                                                        "KMF",
                                                        "KRW",
                                                        "PYG",
                                                        "RWF",
                                                        "UGX",
                                                        "UYI",
                                                        "VND",
                                                        "VUV",
                                                        "XAF",
                                                        "XOF",
                                                        "XPF",
                                                    ),
                                                    then=models.Value(0, output_field=models.IntegerField()),
                                                ),
                                                models.When(
                                                    currency__in=("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
                                                    then=models.Value(3, output_field=models.IntegerField()),
                                                ),
                                                default=models.Value(2, output_field=models.IntegerField()),
                                            ),
                                        ),
                                    )
                                ),
                                name="community_cost_amount_whole_minor_units",
                                violation_error_message="The amount is finer than the smallest unit of its currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("currency__isnull", True), ("currency__regex", "^[A-Z]{3}$"), _connector="OR"
                                ),
                                name="community_cost_currency_iso_4217",
                                violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Member",
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
                        ("external_id", models.CharField(max_length=255)),
                        ("handle", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("followers", models.PositiveBigIntegerField(blank=True, null=True)),
                        ("joined_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "channel",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="members",
                                to="community.channel",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="members", to="crm.contact"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="community_member_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("channel", "external_id"),
                                name="community_member_unique_ref",
                                violation_error_message="Another member of this channel has this external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("external_id", ""), _negated=True),
                                name="community_member_external_id_not_empty",
                                violation_error_message="A member needs an external id.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChannelEvent",
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
                        ("slug", models.SlugField(db_index=False)),
                        ("name", models.CharField(max_length=255)),
                        (
                            "platform",
                            models.CharField(
                                help_text="such as discourse, instagram, discord, phone, event", max_length=50
                            ),
                        ),
                        ("archived_at", models.DateTimeField(blank=True, null=True)),
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
                                to="community.channel",
                            ),
                        ),
                        (
                            "community",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.community",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="CostEvent",
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
                        ("source", models.CharField(blank=True, max_length=50, null=True)),
                        ("external_id", models.CharField(blank=True, max_length=255, null=True)),
                        ("description", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("staffing", "staffing"),
                                    ("platform_fee", "platform fee"),
                                    ("tools", "tools"),
                                    ("content", "content"),
                                    ("advertising", "advertising"),
                                    ("agency", "agency"),
                                    ("freelancer", "freelancer"),
                                    ("rewards", "rewards"),
                                    ("other", "other"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acquisition", "acquisition"),
                                    ("support", "support"),
                                    ("retention", "retention"),
                                ],
                                max_length=15,
                                null=True,
                            ),
                        ),
                        (
                            "delivery",
                            models.CharField(
                                choices=[("in_house", "in-house"), ("agency", "agency"), ("freelancer", "freelancer")],
                                db_default="in_house",
                                default="in_house",
                                max_length=15,
                            ),
                        ),
                        ("amount", crm.money.AmountField(decimal_places=3, max_digits=15)),
                        ("currency", crm.money.CurrencyField(max_length=3)),
                        (
                            "hours",
                            models.DecimalField(
                                blank=True, decimal_places=2, help_text="hours of labour", max_digits=8, null=True
                            ),
                        ),
                        (
                            "hourly_rate",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="loaded rate per hour, in the cost's currency",
                                max_digits=10,
                                null=True,
                            ),
                        ),
                        (
                            "days",
                            django.contrib.postgres.fields.ranges.DateRangeField(
                                help_text="local days covered, half-open"
                            ),
                        ),
                        (
                            "sharing",
                            models.CharField(
                                choices=[
                                    ("direct", "direct: not shared"),
                                    ("minutes", "by minutes of help"),
                                    ("touches", "by touches"),
                                    ("even", "evenly"),
                                ],
                                db_default="direct",
                                default="direct",
                                max_length=10,
                            ),
                        ),
                        ("voided_at", models.DateTimeField(blank=True, null=True)),
                        ("void_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.campaign",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.channel",
                            ),
                        ),
                        (
                            "community",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.community",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                help_text="a reward to a person",
                                null=True,
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
                                to="community.cost",
                            ),
                        ),
                        (
                            "replaced_by",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.cost",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="MemberContactEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
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
                                related_name="contact_events",
                                to="community.member",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="MemberRole",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[("community", "community"), ("staff", "staff"), ("bot", "bot")], max_length=10
                            ),
                        ),
                        ("since", models.DateTimeField(blank=True, null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="roles",
                                to="community.member",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("member", "since"),
                                name="community_memberrole_once_per_instant",
                                nulls_distinct=False,
                                violation_error_message="The member has a role from this instant already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("role__in", ["community", "staff", "bot"])),
                                name="community_memberrole_role_known",
                                violation_error_message="The role is one of community, staff, bot.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MemberRoleEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "role",
                            models.CharField(
                                choices=[("community", "community"), ("staff", "staff"), ("bot", "bot")], max_length=10
                            ),
                        ),
                        ("since", models.DateTimeField(blank=True, null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                db_constraint=False,
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
                                to="community.memberrole",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Thread",
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
                        ("external_id", models.CharField(max_length=255)),
                        ("title", models.CharField(blank=True, db_default="", default="", max_length=500)),
                        ("url", models.URLField(blank=True, db_default="", default="", max_length=1000)),
                        ("topic", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("opened_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "source_state",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="such as closed", max_length=50
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="threads",
                                to="community.channel",
                            ),
                        ),
                        (
                            "confirmed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "opened_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="opened_threads",
                                to="community.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="community_thread_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("channel", "external_id"),
                                name="community_thread_unique_ref",
                                violation_error_message="Another thread of this channel has this external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("external_id", ""), _negated=True),
                                name="community_thread_external_id_not_empty",
                                violation_error_message="A thread needs an external id.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Interaction",
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
                        ("external_id", models.CharField(max_length=255)),
                        ("kind", models.CharField(blank=True, max_length=30, null=True)),
                        (
                            "direction",
                            models.CharField(
                                choices=[
                                    ("inbound", "inbound"),
                                    ("outbound", "outbound"),
                                    ("between_members", "between members"),
                                ],
                                db_default="inbound",
                                default="inbound",
                                max_length=15,
                            ),
                        ),
                        ("occurred_at", models.DateTimeField(blank=True, null=True)),
                        ("utm_source", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_medium", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_campaign", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_term", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_content", models.CharField(blank=True, max_length=255, null=True)),
                        ("text", models.TextField(blank=True, db_default="", default="")),
                        ("url", models.CharField(blank=True, db_default="", default="", max_length=1000)),
                        (
                            "language",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="BCP 47; empty: unknown", max_length=35
                            ),
                        ),
                        ("is_private", models.BooleanField(db_default=False, default=False)),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
                        ("retracted_at", models.DateTimeField(blank=True, null=True)),
                        ("retract_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="interactions",
                                to="crm.campaign",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="interactions",
                                to="community.channel",
                            ),
                        ),
                        (
                            "reply_to",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replies",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "to_contact",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="addressed_by",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "user",
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
                            "member",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="interactions",
                                to="community.member",
                            ),
                        ),
                        (
                            "to_member",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="addressed_by",
                                to="community.member",
                            ),
                        ),
                        (
                            "thread",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="interactions",
                                to="community.thread",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("member__isnull", False)),
                                fields=["member", "occurred_at"],
                                name="community_i_by_member",
                            ),
                            models.Index(
                                condition=models.Q(("to_member__isnull", False)),
                                fields=["to_member", "occurred_at"],
                                name="community_i_to_member",
                            ),
                            models.Index(
                                condition=models.Q(("to_contact__isnull", False)),
                                fields=["to_contact", "occurred_at"],
                                name="community_i_to_contact",
                            ),
                            models.Index(
                                condition=models.Q(("thread__isnull", False)),
                                fields=["thread", "occurred_at"],
                                name="community_i_thread",
                            ),
                            models.Index(
                                condition=models.Q(("reply_to__isnull", False)),
                                fields=["reply_to"],
                                name="community_i_reply_to",
                            ),
                            models.Index(
                                condition=models.Q(("campaign__isnull", False)),
                                fields=["campaign"],
                                name="community_i_campaign",
                            ),
                            models.Index(
                                django.db.models.functions.text.Lower("utm_campaign"),
                                condition=models.Q(("utm_campaign__isnull", False)),
                                name="community_i_utm",
                            ),
                            models.Index(fields=["updated_at", "id"], name="community_i_changes"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("channel", "external_id"),
                                name="community_interaction_unique_ref",
                                violation_error_message="Another interaction of this channel has this external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("external_id", ""), _negated=True),
                                name="community_interaction_external_id_not_empty",
                                violation_error_message="An interaction needs an external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind__isnull", True), ("occurred_at__isnull", True)),
                                    models.Q(("kind__isnull", False), ("occurred_at__isnull", False)),
                                    _connector="OR",
                                ),
                                name="community_interaction_kind_with_time",
                                violation_error_message="An interaction has a kind and a time, or was only named so far.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("direction__in", ["inbound", "outbound", "between_members"])),
                                name="community_interaction_direction_known",
                                violation_error_message="The direction is one of inbound, outbound, between_members.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("member__isnull", True), ("user__isnull", True), _connector="OR"),
                                name="community_interaction_one_actor",
                                violation_error_message="A member or a staff user acted, not both.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("to_member__isnull", True), ("to_contact__isnull", True), _connector="OR"
                                ),
                                name="community_interaction_one_addressee",
                                violation_error_message="An interaction addresses a member or a contact, not both.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("retracted_at__isnull", False), ("retract_reason", ""), _connector="OR"
                                ),
                                name="community_interaction_retract_paired",
                                violation_error_message="Only a retracted interaction has a reason for it.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("deleted_at__isnull", True), ("text", ""), _connector="OR"),
                                name="community_interaction_deleted_without_text",
                                violation_error_message="A deleted interaction keeps no text.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HelpRecord",
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
                        ("question", models.TextField(blank=True, db_default="", default="")),
                        ("answer", models.TextField(blank=True, db_default="", default="")),
                        ("topic", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("note", models.TextField(blank=True, db_default="", default="")),
                        (
                            "minutes",
                            models.PositiveSmallIntegerField(blank=True, help_text="minutes of work", null=True),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("solved", "solved"),
                                    ("helped", "helped"),
                                    ("not_solved", "not solved"),
                                    ("referred", "referred"),
                                    ("unknown", "unknown"),
                                ],
                                db_default="unknown",
                                default="unknown",
                                max_length=10,
                            ),
                        ),
                        (
                            "rating",
                            models.PositiveSmallIntegerField(blank=True, help_text="1 to 5; empty: unrated", null=True),
                        ),
                        (
                            "origin",
                            models.CharField(
                                choices=[
                                    ("staff", "recorded by staff"),
                                    ("client", "sent by a client"),
                                    ("accepted_answer", "made from an accepted answer"),
                                ],
                                db_default="staff",
                                default="staff",
                                max_length=20,
                            ),
                        ),
                        (
                            "edited_fields",
                            models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                        ),
                        ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="help_received",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "helper_user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "interaction",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="help_record",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "helper_member",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="help_given",
                                to="community.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="community_help_changes")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("helper_member__isnull", True), ("helper_user__isnull", False)),
                                    models.Q(("helper_member__isnull", False), ("helper_user__isnull", True)),
                                    _connector="OR",
                                ),
                                name="community_helprecord_one_helper",
                                violation_error_message="A member or a staff user helped: exactly one.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("outcome__in", ["solved", "helped", "not_solved", "referred", "unknown"])
                                ),
                                name="community_helprecord_outcome_known",
                                violation_error_message="The outcome is one of solved, helped, not_solved, referred, unknown.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("rating__isnull", True),
                                    models.Q(("rating__gte", 1), ("rating__lte", 5)),
                                    _connector="OR",
                                ),
                                name="community_helprecord_rating_1_to_5",
                                violation_error_message="A rating is a whole number from 1 to 5.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HelpRecordEvent",
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
                        ("question", models.TextField(blank=True, db_default="", default="")),
                        ("answer", models.TextField(blank=True, db_default="", default="")),
                        ("topic", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("note", models.TextField(blank=True, db_default="", default="")),
                        (
                            "minutes",
                            models.PositiveSmallIntegerField(blank=True, help_text="minutes of work", null=True),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("solved", "solved"),
                                    ("helped", "helped"),
                                    ("not_solved", "not solved"),
                                    ("referred", "referred"),
                                    ("unknown", "unknown"),
                                ],
                                db_default="unknown",
                                default="unknown",
                                max_length=10,
                            ),
                        ),
                        (
                            "rating",
                            models.PositiveSmallIntegerField(blank=True, help_text="1 to 5; empty: unrated", null=True),
                        ),
                        (
                            "origin",
                            models.CharField(
                                choices=[
                                    ("staff", "recorded by staff"),
                                    ("client", "sent by a client"),
                                    ("accepted_answer", "made from an accepted answer"),
                                ],
                                db_default="staff",
                                default="staff",
                                max_length=20,
                            ),
                        ),
                        (
                            "edited_fields",
                            models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                        ),
                        ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
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
                            "helper_user",
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
                                to="community.helprecord",
                            ),
                        ),
                        (
                            "recorded_by",
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
                            "interaction",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.interaction",
                            ),
                        ),
                        (
                            "helper_member",
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
                    ],
                    options={
                        "abstract": False,
                    },
                ),
            ],
        ),
        migrations.AddField(
            model_name="thread",
            name="accepted_answer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accepted_in",
                to="community.interaction",
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="confirmed_answer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="confirmed_in",
                to="community.interaction",
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="community",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_communityevent" ("archived_at", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "purpose_measure", "slug", "source_updated_at", "target", "updated_at") VALUES (NEW."archived_at", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."purpose", NEW."purpose_measure", NEW."slug", NEW."source_updated_at", NEW."target", NEW."updated_at"); RETURN NULL;',
                    hash="c190f9f439fd39f213546fbc1b1d649322810283",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_9d6c9",
                    table="community_community",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="community",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_communityevent" ("archived_at", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "purpose_measure", "slug", "source_updated_at", "target", "updated_at") VALUES (NEW."archived_at", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."purpose", NEW."purpose_measure", NEW."slug", NEW."source_updated_at", NEW."target", NEW."updated_at"); RETURN NULL;',
                    hash="5ff4f890e704c44d67ec0da524b598c712df8921",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8bf09",
                    table="community_community",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channel",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_channelevent" ("archived_at", "community_id", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "platform", "slug", "source_updated_at", "updated_at") VALUES (NEW."archived_at", NEW."community_id", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."platform", NEW."slug", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="6ae922b7395d8601f487fa1149492d0c504e6415",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_991c9",
                    table="community_channel",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channel",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_channelevent" ("archived_at", "community_id", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "platform", "slug", "source_updated_at", "updated_at") VALUES (NEW."archived_at", NEW."community_id", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."platform", NEW."slug", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="681663c89bde6db2602f3dd7d8dc2d198827ceae",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_cc171",
                    table="community_channel",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="cost",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_costevent" ("amount", "campaign_id", "category", "channel_id", "community_id", "contact_id", "created_at", "currency", "days", "delivery", "description", "external_id", "hourly_rate", "hours", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "replaced_by_id", "sharing", "source", "source_updated_at", "updated_at", "void_reason", "voided_at") VALUES (NEW."amount", NEW."campaign_id", NEW."category", NEW."channel_id", NEW."community_id", NEW."contact_id", NEW."created_at", NEW."currency", NEW."days", NEW."delivery", NEW."description", NEW."external_id", NEW."hourly_rate", NEW."hours", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."purpose", NEW."replaced_by_id", NEW."sharing", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."void_reason", NEW."voided_at"); RETURN NULL;',
                    hash="7af594fc4e3309d0b0be296f2b2aba55607f14e7",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_00d73",
                    table="community_cost",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="cost",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_costevent" ("amount", "campaign_id", "category", "channel_id", "community_id", "contact_id", "created_at", "currency", "days", "delivery", "description", "external_id", "hourly_rate", "hours", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "replaced_by_id", "sharing", "source", "source_updated_at", "updated_at", "void_reason", "voided_at") VALUES (NEW."amount", NEW."campaign_id", NEW."category", NEW."channel_id", NEW."community_id", NEW."contact_id", NEW."created_at", NEW."currency", NEW."days", NEW."delivery", NEW."description", NEW."external_id", NEW."hourly_rate", NEW."hours", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."purpose", NEW."replaced_by_id", NEW."sharing", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."void_reason", NEW."voided_at"); RETURN NULL;',
                    hash="8f8e95dea1019cf80e5698ef40a42cb6af90a305",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e192e",
                    table="community_cost",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="relinked_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."contact_id" IS DISTINCT FROM (NEW."contact_id"))',
                    func='INSERT INTO "community_membercontactevent" ("contact_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."contact_id", _pgh_attach_context(), NOW(), \'relinked\', NEW."id"); RETURN NULL;',
                    hash="c27b5a05facbfbf12d8bbd8fa511609c8c14c57e",
                    operation="UPDATE",
                    pgid="pgtrigger_relinked_update_32e84",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="helprecord",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_helprecordevent" ("answer", "contact_id", "created_at", "edited_fields", "helper_member_id", "helper_user_id", "id", "interaction_id", "minutes", "note", "origin", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "question", "rating", "recorded_by_id", "source_updated_at", "topic", "updated_at", "withdrawn_at") VALUES (NEW."answer", NEW."contact_id", NEW."created_at", NEW."edited_fields", NEW."helper_member_id", NEW."helper_user_id", NEW."id", NEW."interaction_id", NEW."minutes", NEW."note", NEW."origin", NEW."outcome", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."question", NEW."rating", NEW."recorded_by_id", NEW."source_updated_at", NEW."topic", NEW."updated_at", NEW."withdrawn_at"); RETURN NULL;',
                    hash="bb0438f8fc5cdbdf579b32dddee6d5aadb9091b5",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_69d9f",
                    table="community_helprecord",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="helprecord",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_helprecordevent" ("answer", "contact_id", "created_at", "edited_fields", "helper_member_id", "helper_user_id", "id", "interaction_id", "minutes", "note", "origin", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "question", "rating", "recorded_by_id", "source_updated_at", "topic", "updated_at", "withdrawn_at") VALUES (NEW."answer", NEW."contact_id", NEW."created_at", NEW."edited_fields", NEW."helper_member_id", NEW."helper_user_id", NEW."id", NEW."interaction_id", NEW."minutes", NEW."note", NEW."origin", NEW."outcome", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."question", NEW."rating", NEW."recorded_by_id", NEW."source_updated_at", NEW."topic", NEW."updated_at", NEW."withdrawn_at"); RETURN NULL;',
                    hash="22f0f790b934bebde80127f2f44edee0d31515b1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_50f71",
                    table="community_helprecord",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="memberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_memberroleevent" ("id", "member_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "since") VALUES (NEW."id", NEW."member_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."since"); RETURN NULL;',
                    hash="87ea9d92447d6fd01019a7b17d4fc5d24b4b3f2d",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0df7b",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="memberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_memberroleevent" ("id", "member_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "since") VALUES (NEW."id", NEW."member_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."since"); RETURN NULL;',
                    hash="d4e50c9538a968b6da9031e52e788bcc4f343168",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_14bd5",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
    ]
