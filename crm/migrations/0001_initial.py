from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.math
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import crm.money
import gateway.migration_operations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        django.contrib.postgres.operations.TrigramExtension(),
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="ConversionKind",
                    fields=[
                        ("key", models.SlugField(max_length=30, primary_key=True, serialize=False)),
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
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("lookback_days__gte", 1), ("lookback_days__lte", 3650)),
                                name="crm_conversionkind_lookback_in_range",
                                violation_error_message="The lookback window is between 1 and 3,650 days.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ExchangeRate",
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
                        ("currency", crm.money.CurrencyField(max_length=3)),
                        ("date", models.DateField()),
                        ("rate", models.DecimalField(decimal_places=10, max_digits=20)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="crm_exchangerate_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("currency", "date"),
                                name="crm_exchangerate_once_a_day",
                                violation_error_message="There is a rate for this currency and day already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("rate__gt", 0)),
                                name="crm_exchangerate_positive",
                                violation_error_message="A rate is above zero.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                                name="crm_exchangerate_currency_iso_4217",
                                violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Campaign",
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
                        ("code", models.CharField(max_length=100)),
                        ("name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("objective", models.TextField(blank=True, db_default="", default="")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("unconfirmed", "unconfirmed"),
                                    ("planned", "planned"),
                                    ("running", "running"),
                                    ("ended", "ended"),
                                    ("archived", "archived"),
                                ],
                                db_default="planned",
                                default="planned",
                                max_length=12,
                            ),
                        ),
                        ("starts_on", models.DateField(blank=True, null=True)),
                        ("ends_on", models.DateField(blank=True, null=True)),
                        ("budget", crm.money.AmountField(blank=True, decimal_places=3, max_digits=15, null=True)),
                        ("currency", crm.money.CurrencyField(blank=True, max_length=3, null=True)),
                        ("is_pilot", models.BooleanField(db_default=False, default=False)),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="children",
                                to="crm.campaign",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["updated_at", "id"], name="crm_campaign_changes")],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("code"),
                                name="crm_campaign_unique_code",
                                violation_error_message="Another campaign has this code (case does not count).",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("code", ""), _negated=True),
                                name="crm_campaign_code_not_empty",
                                violation_error_message="A campaign needs a code.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["unconfirmed", "planned", "running", "ended", "archived"])
                                ),
                                name="crm_campaign_status_known",
                                violation_error_message="The status is one of unconfirmed, planned, running, ended, archived.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("starts_on__isnull", True),
                                    ("ends_on__isnull", True),
                                    ("ends_on__gte", models.F("starts_on")),
                                    _connector="OR",
                                ),
                                name="crm_campaign_ends_after_start",
                                violation_error_message="A campaign cannot end before it starts.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("budget__isnull", True), ("currency__isnull", False), _connector="OR"
                                ),
                                name="crm_campaign_budget_paired",
                                violation_error_message="A budget needs a currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("parent__isnull", True),
                                    models.Q(("parent", models.F("id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="crm_campaign_not_its_own_parent",
                                violation_error_message="A campaign cannot be its own parent.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("budget__gte", 0)),
                                name="crm_campaign_budget_not_negative",
                                violation_error_message="An amount cannot be negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "budget__lt",
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
                                name="crm_campaign_budget_below_limit",
                                violation_error_message="The amount is too large: it must be below 2^39 minor units.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "budget",
                                        django.db.models.functions.math.Round(
                                            models.F("budget"),
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
                                name="crm_campaign_budget_whole_minor_units",
                                violation_error_message="The amount is finer than the smallest unit of its currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("currency__isnull", True), ("currency__regex", "^[A-Z]{3}$"), _connector="OR"
                                ),
                                name="crm_campaign_currency_iso_4217",
                                violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Company",
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
                        ("name", models.CharField(max_length=255)),
                        ("domain", models.CharField(blank=True, db_default="", default="", max_length=255)),
                    ],
                    options={
                        "verbose_name_plural": "companies",
                        "indexes": [
                            models.Index(fields=["name", "id"], name="crm_company_name"),
                            models.Index(fields=["updated_at", "id"], name="crm_company_changes"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "external_id"),
                                name="crm_company_unique_ref",
                                violation_error_message="Another company has this source and external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("external_id__isnull", True), ("source__isnull", True)),
                                    models.Q(("external_id__isnull", False), ("source__isnull", False)),
                                    _connector="OR",
                                ),
                                name="crm_company_ref_paired",
                                violation_error_message="Source and external id are given together or not at all.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("name", ""), _negated=True),
                                name="crm_company_name_not_empty",
                                violation_error_message="A company needs a name.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CompanyEvent",
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
                        ("name", models.CharField(max_length=255)),
                        ("domain", models.CharField(blank=True, db_default="", default="", max_length=255)),
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
                                to="crm.company",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Contact",
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
                        ("full_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("preferred_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        (
                            "stage",
                            models.CharField(
                                choices=[("audience", "audience"), ("lead", "lead"), ("customer", "customer")],
                                db_default="lead",
                                default="lead",
                                max_length=10,
                            ),
                        ),
                        (
                            "tags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=50),
                                blank=True,
                                db_default=[],
                                default=list,
                                size=None,
                            ),
                        ),
                        (
                            "custom_fields",
                            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
                        ),
                        (
                            "motivation",
                            models.TextField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="what moves this person and what they seek",
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="BCP 47, such as da", max_length=35
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="IANA name", max_length=64
                            ),
                        ),
                        ("do_not_contact", models.BooleanField(db_default=False, default=False)),
                        ("search_text", models.TextField(blank=True, db_default="", default="", editable=False)),
                        (
                            "company",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contacts",
                                to="crm.company",
                            ),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged_contacts",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "owner",
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
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="contacts",
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["updated_at", "id"], name="crm_contact_changes"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass("search_text", name="gin_trgm_ops"),
                                name="crm_contact_search",
                            ),
                            django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="crm_contact_tags"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("stage__in", ["audience", "lead", "customer"])),
                                name="crm_contact_stage_known",
                                violation_error_message="The stage is one of audience, lead, customer.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("merged_into__isnull", True),
                                    models.Q(("merged_into", models.F("id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="crm_contact_not_merged_into_itself",
                                violation_error_message="A contact cannot be merged into itself.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("merged_into__isnull", True), ("person", models.F("id"))),
                                    ("merged_into__isnull", False),
                                    _connector="OR",
                                ),
                                name="crm_contact_person_follows_merge",
                                violation_error_message="An unmerged contact is its own person.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CampaignEvent",
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
                        ("code", models.CharField(max_length=100)),
                        ("name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("objective", models.TextField(blank=True, db_default="", default="")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("unconfirmed", "unconfirmed"),
                                    ("planned", "planned"),
                                    ("running", "running"),
                                    ("ended", "ended"),
                                    ("archived", "archived"),
                                ],
                                db_default="planned",
                                default="planned",
                                max_length=12,
                            ),
                        ),
                        ("starts_on", models.DateField(blank=True, null=True)),
                        ("ends_on", models.DateField(blank=True, null=True)),
                        ("budget", crm.money.AmountField(blank=True, decimal_places=3, max_digits=15, null=True)),
                        ("currency", crm.money.CurrencyField(blank=True, max_length=3, null=True)),
                        ("is_pilot", models.BooleanField(db_default=False, default=False)),
                        (
                            "owner",
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
                            "parent",
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
                                to="crm.campaign",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Consent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(help_text="such as newsletter, research, testimonial", max_length=50),
                        ),
                        (
                            "channel",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="such as email; empty: any",
                                max_length=50,
                            ),
                        ),
                        ("granted_at", models.DateTimeField()),
                        ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                        ("source", models.CharField(help_text="where the consent was given", max_length=100)),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="crm.contact"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("withdrawn_at__isnull", True),
                                    ("withdrawn_at__gte", models.F("granted_at")),
                                    _connector="OR",
                                ),
                                name="crm_consent_withdrawn_after_granted",
                                violation_error_message="A consent cannot be withdrawn before it was granted.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactEvent",
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
                        ("full_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("preferred_name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        (
                            "stage",
                            models.CharField(
                                choices=[("audience", "audience"), ("lead", "lead"), ("customer", "customer")],
                                db_default="lead",
                                default="lead",
                                max_length=10,
                            ),
                        ),
                        (
                            "tags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=50),
                                blank=True,
                                db_default=[],
                                default=list,
                                size=None,
                            ),
                        ),
                        (
                            "custom_fields",
                            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
                        ),
                        (
                            "motivation",
                            models.TextField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="what moves this person and what they seek",
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="BCP 47, such as da", max_length=35
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="IANA name", max_length=64
                            ),
                        ),
                        ("do_not_contact", models.BooleanField(db_default=False, default=False)),
                        (
                            "company",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.company",
                            ),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "owner",
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
                            "person",
                            models.ForeignKey(
                                db_constraint=False,
                                editable=False,
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
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ContactPoint",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(choices=[("email", "e-mail"), ("phone", "phone")], max_length=10)),
                        ("raw", models.CharField(max_length=320)),
                        ("normalised", models.CharField(max_length=320)),
                        ("verified_at", models.DateTimeField(blank=True, null=True)),
                        ("verified_by", models.CharField(blank=True, db_default="", default="", max_length=50)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="points",
                                to="crm.contact",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["normalised", "kind"], name="crm_contactpoint_normalised")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("contact", "kind", "normalised"),
                                name="crm_contactpoint_once_per_contact",
                                violation_error_message="The contact has this address already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["email", "phone"])),
                                name="crm_contactpoint_kind_known",
                                violation_error_message="An address is an email or a phone.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("normalised", ""), _negated=True),
                                name="crm_contactpoint_not_empty",
                                violation_error_message="An address cannot be empty.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("verified_at__isnull", True), ("verified_by", "")),
                                    models.Q(
                                        models.Q(("verified_at__isnull", False)),
                                        models.Q(("verified_by", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="crm_contactpoint_verification_paired",
                                violation_error_message="When and by whom an address was verified belong together.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactRef",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("source", models.CharField(max_length=50)),
                        ("external_id", models.CharField(max_length=255)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="refs", to="crm.contact"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "contact reference",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "external_id"),
                                name="crm_contactref_unique",
                                violation_error_message="This reference leads to another contact already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("source", ""), _negated=True),
                                    models.Q(("external_id", ""), _negated=True),
                                ),
                                name="crm_contactref_not_empty",
                                violation_error_message="A reference needs a source and an external id.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Conversion",
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
                        ("occurred_at", models.DateTimeField()),
                        ("amount", crm.money.AmountField(db_default=0, decimal_places=3, default=0, max_digits=15)),
                        ("currency", crm.money.CurrencyField(blank=True, max_length=3, null=True)),
                        ("order_number", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("refund_of_source", models.CharField(blank=True, max_length=50, null=True)),
                        ("refund_of_external_id", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_source", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_medium", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_campaign", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_term", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_content", models.CharField(blank=True, max_length=255, null=True)),
                        ("voided_at", models.DateTimeField(blank=True, null=True)),
                        ("void_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="conversions",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "kind",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="crm.conversionkind",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["contact", "occurred_at"], name="crm_conversion_of_contact"),
                            models.Index(fields=["updated_at", "id"], name="crm_conversion_changes"),
                            models.Index(fields=["occurred_at", "id"], name="crm_conversion_by_time"),
                            models.Index(
                                condition=models.Q(("refund_of_source__isnull", False)),
                                fields=["refund_of_source", "refund_of_external_id"],
                                name="crm_conversion_refunds",
                            ),
                            models.Index(
                                django.db.models.functions.text.Lower("utm_campaign"),
                                condition=models.Q(("utm_campaign__isnull", False)),
                                name="crm_conversion_utm",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "external_id"),
                                name="crm_conversion_unique_ref",
                                violation_error_message="Another conversion has this source and external id.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("external_id__isnull", True), ("source__isnull", True)),
                                    models.Q(("external_id__isnull", False), ("source__isnull", False)),
                                    _connector="OR",
                                ),
                                name="crm_conversion_ref_paired",
                                violation_error_message="Source and external id are given together or not at all.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind__isnull", False),
                                        ("refund_of_external_id__isnull", True),
                                        ("refund_of_source__isnull", True),
                                    ),
                                    models.Q(
                                        ("contact__isnull", True),
                                        ("kind__isnull", True),
                                        ("refund_of_external_id__isnull", False),
                                        ("refund_of_source__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="crm_conversion_refund_or_kind",
                                violation_error_message="A refund takes contact and kind from its original; all else needs a kind.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("currency__isnull", False),
                                    ("amount", 0),
                                    ("refund_of_source__isnull", False),
                                    _connector="OR",
                                ),
                                name="crm_conversion_value_needs_currency",
                                violation_error_message="An amount needs a currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refund_of_source__isnull", True),
                                    models.Q(
                                        ("refund_of_external_id", models.F("external_id")),
                                        ("refund_of_source", models.F("source")),
                                        _negated=True,
                                    ),
                                    ("source__isnull", True),
                                    _connector="OR",
                                ),
                                name="crm_conversion_not_its_own_refund",
                                violation_error_message="A conversion cannot be a refund of itself.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("voided_at__isnull", False), ("void_reason", ""), _connector="OR"),
                                name="crm_conversion_void_paired",
                                violation_error_message="Only a voided conversion has a reason for it.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gte", 0)),
                                name="crm_conversion_amount_not_negative",
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
                                name="crm_conversion_amount_below_limit",
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
                                name="crm_conversion_amount_whole_minor_units",
                                violation_error_message="The amount is finer than the smallest unit of its currency.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("currency__isnull", True), ("currency__regex", "^[A-Z]{3}$"), _connector="OR"
                                ),
                                name="crm_conversion_currency_iso_4217",
                                violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutcomeMark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("advocate", "advocate"), ("donor", "donor"), ("supporter", "supporter")],
                                max_length=10,
                            ),
                        ),
                        ("reached_at", models.DateTimeField()),
                        ("reason", models.CharField(blank=True, default="", max_length=255)),
                        (
                            "contact",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="outcome_marks",
                                to="crm.contact",
                            ),
                        ),
                        (
                            "marked_by",
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("contact", "outcome"),
                                name="crm_outcomemark_once",
                                violation_error_message="The contact has this mark already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("outcome__in", ["advocate", "donor", "supporter"])),
                                name="crm_outcomemark_outcome_known",
                                violation_error_message="The outcome is one of advocate, donor, supporter.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConsentEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "purpose",
                            models.CharField(help_text="such as newsletter, research, testimonial", max_length=50),
                        ),
                        (
                            "channel",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="such as email; empty: any",
                                max_length=50,
                            ),
                        ),
                        ("granted_at", models.DateTimeField()),
                        ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                        ("source", models.CharField(help_text="where the consent was given", max_length=100)),
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
                                to="crm.consent",
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
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ContactPointEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("kind", models.CharField(choices=[("email", "e-mail"), ("phone", "phone")], max_length=10)),
                        ("raw", models.CharField(max_length=320)),
                        ("normalised", models.CharField(max_length=320)),
                        ("verified_at", models.DateTimeField(blank=True, null=True)),
                        ("verified_by", models.CharField(blank=True, db_default="", default="", max_length=50)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
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
                                to="crm.contactpoint",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ContactRefEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("source", models.CharField(max_length=50)),
                        ("external_id", models.CharField(max_length=255)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
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
                                to="crm.contactref",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ConversionEvent",
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
                        ("occurred_at", models.DateTimeField()),
                        ("amount", crm.money.AmountField(db_default=0, decimal_places=3, default=0, max_digits=15)),
                        ("currency", crm.money.CurrencyField(blank=True, max_length=3, null=True)),
                        ("order_number", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("refund_of_source", models.CharField(blank=True, max_length=50, null=True)),
                        ("refund_of_external_id", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_source", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_medium", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_campaign", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_term", models.CharField(blank=True, max_length=255, null=True)),
                        ("utm_content", models.CharField(blank=True, max_length=255, null=True)),
                        ("voided_at", models.DateTimeField(blank=True, null=True)),
                        ("void_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
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
                                to="crm.conversion",
                            ),
                        ),
                        (
                            "kind",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="crm.conversionkind",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="OutcomeMarkEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("advocate", "advocate"), ("donor", "donor"), ("supporter", "supporter")],
                                max_length=10,
                            ),
                        ),
                        ("reached_at", models.DateTimeField()),
                        ("reason", models.CharField(blank=True, default="", max_length=255)),
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
                            "marked_by",
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
                                to="crm.outcomemark",
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
            model_name="company",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_companyevent" ("created_at", "domain", "external_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "updated_at") VALUES (NEW."created_at", NEW."domain", NEW."external_id", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="3f5c056081aa57b8dc8bb51f39a31e993647b28e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bba28",
                    table="crm_company",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="company",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_companyevent" ("created_at", "domain", "external_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_updated_at", "updated_at") VALUES (NEW."created_at", NEW."domain", NEW."external_id", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="2af408391524b751b1e4376ea1155cdda24c8777",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_49d1f",
                    table="crm_company",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="campaign",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_campaignevent" ("budget", "code", "created_at", "currency", "ends_on", "id", "is_pilot", "name", "objective", "owner_id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "starts_on", "status", "updated_at") VALUES (NEW."budget", NEW."code", NEW."created_at", NEW."currency", NEW."ends_on", NEW."id", NEW."is_pilot", NEW."name", NEW."objective", NEW."owner_id", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source_updated_at", NEW."starts_on", NEW."status", NEW."updated_at"); RETURN NULL;',
                    hash="c79969d3467d7ca0e11236dc7c8618dfa07d189c",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_f3cf4",
                    table="crm_campaign",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="campaign",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_campaignevent" ("budget", "code", "created_at", "currency", "ends_on", "id", "is_pilot", "name", "objective", "owner_id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_updated_at", "starts_on", "status", "updated_at") VALUES (NEW."budget", NEW."code", NEW."created_at", NEW."currency", NEW."ends_on", NEW."id", NEW."is_pilot", NEW."name", NEW."objective", NEW."owner_id", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source_updated_at", NEW."starts_on", NEW."status", NEW."updated_at"); RETURN NULL;',
                    hash="303f71cb109b7a65b368cfac4db01124633c3784",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_80e1b",
                    table="crm_campaign",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="person_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    NEW.person_id := COALESCE((SELECT c.person_id FROM crm_contact c WHERE c.id = NEW.merged_into_id), NEW.id);\n    RETURN NEW;\n",
                    hash="60363c1a26bd3f2ef3ee35fc8f5d995aab083d08",
                    operation="INSERT",
                    pgid="pgtrigger_person_on_insert_9c67e",
                    table="crm_contact",
                    when="BEFORE",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="person_on_merge",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                    func="\n    PERFORM pg_advisory_xact_lock(hashtext('crm_contact.merged_into'));\n    IF EXISTS (\n        WITH RECURSIVE above(id, merged_into_id) AS (\n            SELECT c.id, c.merged_into_id FROM crm_contact c WHERE c.id = NEW.merged_into_id\n            UNION ALL\n            SELECT c.id, c.merged_into_id FROM above a JOIN crm_contact c ON c.id = a.merged_into_id\n            WHERE a.id <> NEW.id\n        )\n        SELECT 1 FROM above WHERE id = NEW.id\n    ) THEN\n        RAISE EXCEPTION 'Contact % cannot be merged into %: that would be a circle.', NEW.id, NEW.merged_into_id\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'crm_contact_no_merge_circle';\n    END IF;\n\n    NEW.person_id := COALESCE((SELECT c.person_id FROM crm_contact c WHERE c.id = NEW.merged_into_id), NEW.id);\n    RETURN NEW;\n",
                    hash="03a29508f6077b1c2420daffe02133828f21689c",
                    operation='UPDATE OF "merged_into_id"',
                    pgid="pgtrigger_person_on_merge_02929",
                    table="crm_contact",
                    when="BEFORE",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="person_of_merged",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                    func="\n    WITH RECURSIVE below(id) AS (\n        SELECT c.id FROM crm_contact c WHERE c.merged_into_id = NEW.id\n        UNION ALL\n        SELECT c.id FROM crm_contact c JOIN below b ON c.merged_into_id = b.id\n    )\n    UPDATE crm_contact c SET person_id = root.person_id\n    FROM below b, (SELECT r.person_id FROM crm_contact r WHERE r.id = NEW.id) root\n    WHERE c.id = b.id AND c.person_id IS DISTINCT FROM root.person_id;\n    RETURN NULL;\n",
                    hash="3a351151091921cf55fdf286d51308645ea1bedd",
                    operation='UPDATE OF "merged_into_id"',
                    pgid="pgtrigger_person_of_merged_f2937",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactevent" ("company_id", "created_at", "custom_fields", "do_not_contact", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."company_id", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="cbc8ee5feeb75e15008d4c0194e6294cfc41071d",
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
                    condition='WHEN (OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."custom_fields" IS DISTINCT FROM (NEW."custom_fields") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."full_name" IS DISTINCT FROM (NEW."full_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id") OR OLD."motivation" IS DISTINCT FROM (NEW."motivation") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."preferred_name" IS DISTINCT FROM (NEW."preferred_name") OR OLD."source_updated_at" IS DISTINCT FROM (NEW."source_updated_at") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."updated_at" IS DISTINCT FROM (NEW."updated_at"))',
                    func='INSERT INTO "crm_contactevent" ("company_id", "created_at", "custom_fields", "do_not_contact", "full_name", "id", "language", "merged_into_id", "motivation", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preferred_name", "source_updated_at", "stage", "tags", "time_zone", "updated_at") VALUES (NEW."company_id", NEW."created_at", NEW."custom_fields", NEW."do_not_contact", NEW."full_name", NEW."id", NEW."language", NEW."merged_into_id", NEW."motivation", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."preferred_name", NEW."source_updated_at", NEW."stage", NEW."tags", NEW."time_zone", NEW."updated_at"); RETURN NULL;',
                    hash="f18586fc3d0816947feaa827cfffba3064aebdd4",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_eb23d",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="consent",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_consentevent" ("channel", "contact_id", "granted_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "source", "withdrawn_at") VALUES (NEW."channel", NEW."contact_id", NEW."granted_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."purpose", NEW."source", NEW."withdrawn_at"); RETURN NULL;',
                    hash="379e7b3ed57349b2b97e5999732fac8ca8fe39bf",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0bef9",
                    table="crm_consent",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="consent",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_consentevent" ("channel", "contact_id", "granted_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "source", "withdrawn_at") VALUES (NEW."channel", NEW."contact_id", NEW."granted_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."purpose", NEW."source", NEW."withdrawn_at"); RETURN NULL;',
                    hash="418c1848b64ae41a90f75e33ece2d33ee9ee0326",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_cd346",
                    table="crm_consent",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_contactpointevent" ("contact_id", "created_at", "id", "kind", "normalised", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raw", "verified_at", "verified_by") VALUES (NEW."contact_id", NEW."created_at", NEW."id", NEW."kind", NEW."normalised", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."raw", NEW."verified_at", NEW."verified_by"); RETURN NULL;',
                    hash="1f51b96ad560ed02ca5258cd5d2d9bb8dc250937",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_6383a",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactpointevent" ("contact_id", "created_at", "id", "kind", "normalised", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "raw", "verified_at", "verified_by") VALUES (OLD."contact_id", OLD."created_at", OLD."id", OLD."kind", OLD."normalised", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."raw", OLD."verified_at", OLD."verified_by"); RETURN NULL;',
                    hash="d4c01678026b6018c22a2f7669e46adb09c9da0b",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_156e5",
                    table="crm_contactpoint",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_contactrefevent" ("contact_id", "created_at", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source") VALUES (NEW."contact_id", NEW."created_at", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source"); RETURN NULL;',
                    hash="b0b81d38d32be7c2507385c8f070b2bc8a7bb3a8",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_30e34",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="contactref",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactrefevent" ("contact_id", "created_at", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source") VALUES (OLD."contact_id", OLD."created_at", OLD."external_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source"); RETURN NULL;',
                    hash="9a908bf3be978da6e0201505119e7e69b5fbd94f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_5d839",
                    table="crm_contactref",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversion",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_conversionevent" ("amount", "contact_id", "created_at", "currency", "external_id", "id", "kind_id", "occurred_at", "order_number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refund_of_external_id", "refund_of_source", "source", "source_updated_at", "updated_at", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "void_reason", "voided_at") VALUES (NEW."amount", NEW."contact_id", NEW."created_at", NEW."currency", NEW."external_id", NEW."id", NEW."kind_id", NEW."occurred_at", NEW."order_number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."refund_of_external_id", NEW."refund_of_source", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."utm_campaign", NEW."utm_content", NEW."utm_medium", NEW."utm_source", NEW."utm_term", NEW."void_reason", NEW."voided_at"); RETURN NULL;',
                    hash="fcfbab96b55a94da73f33c8c7a9fce825cd7e09d",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_17310",
                    table="crm_conversion",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="conversion",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_conversionevent" ("amount", "contact_id", "created_at", "currency", "external_id", "id", "kind_id", "occurred_at", "order_number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "refund_of_external_id", "refund_of_source", "source", "source_updated_at", "updated_at", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "void_reason", "voided_at") VALUES (NEW."amount", NEW."contact_id", NEW."created_at", NEW."currency", NEW."external_id", NEW."id", NEW."kind_id", NEW."occurred_at", NEW."order_number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."refund_of_external_id", NEW."refund_of_source", NEW."source", NEW."source_updated_at", NEW."updated_at", NEW."utm_campaign", NEW."utm_content", NEW."utm_medium", NEW."utm_source", NEW."utm_term", NEW."void_reason", NEW."voided_at"); RETURN NULL;',
                    hash="61fa6b55c4291df3727f2b6174fdee95f2eae024",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1b2b4",
                    table="crm_conversion",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="outcomemark",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_outcomemarkevent" ("contact_id", "id", "marked_by_id", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reached_at", "reason") VALUES (NEW."contact_id", NEW."id", NEW."marked_by_id", NEW."outcome", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reached_at", NEW."reason"); RETURN NULL;',
                    hash="fdd105825fc3a5fbc6622628354a5a01375ab436",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_1d275",
                    table="crm_outcomemark",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="outcomemark",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "crm_outcomemarkevent" ("contact_id", "id", "marked_by_id", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reached_at", "reason") VALUES (NEW."contact_id", NEW."id", NEW."marked_by_id", NEW."outcome", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reached_at", NEW."reason"); RETURN NULL;',
                    hash="2a5aea4d7ba602db6fb6b03dd479ea35eade0932",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_665c7",
                    table="crm_outcomemark",
                    when="AFTER",
                ),
            ),
        ),
    ]
