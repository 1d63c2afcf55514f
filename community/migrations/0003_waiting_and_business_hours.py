import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import community.models.business_hours
import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("community", "0002_permission_for_private_interactions"),
        ("crm", "0004_permissions_on_contacts"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="BusinessHours",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=100, unique=True)),
                        (
                            "time_zone",
                            models.CharField(
                                help_text="IANA name, such as Europe/Copenhagen",
                                max_length=64,
                                validators=[community.models.business_hours.known_zone],
                            ),
                        ),
                        (
                            "is_default",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="the organisation's: for every channel without its own",
                                verbose_name="default",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "business hours",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("is_default",),
                                name="community_businesshours_one_default",
                                violation_error_message="Other business hours are the default already: take the mark off them first.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BusinessHoursEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("name", models.CharField(max_length=100)),
                        (
                            "time_zone",
                            models.CharField(
                                help_text="IANA name, such as Europe/Copenhagen",
                                max_length=64,
                                validators=[community.models.business_hours.known_zone],
                            ),
                        ),
                        (
                            "is_default",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="the organisation's: for every channel without its own",
                                verbose_name="default",
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
                                to="community.businesshours",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Handling",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("assigned_at", models.DateTimeField(blank=True, null=True)),
                        ("snoozed_at", models.DateTimeField(blank=True, null=True)),
                        ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                        ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                        ("dismiss_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "assignee",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "dismissed_by",
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
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="handling",
                                to="community.interaction",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("snoozed_at__isnull", True), ("snoozed_until__isnull", True)),
                                    models.Q(
                                        ("snoozed_at__isnull", False),
                                        ("snoozed_until__gt", models.F("snoozed_at")),
                                        ("snoozed_until__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="community_handling_snooze_paired",
                                violation_error_message="A snooze has a beginning, and an end after it.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("dismiss_reason", ""), ("dismissed_at__isnull", True)),
                                    models.Q(
                                        models.Q(("dismissed_at__isnull", False)),
                                        models.Q(("dismiss_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="community_handling_dismissal_has_a_reason",
                                violation_error_message="What needs no reply has a reason for it.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HandlingEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("assigned_at", models.DateTimeField(blank=True, null=True)),
                        ("snoozed_at", models.DateTimeField(blank=True, null=True)),
                        ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                        ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                        ("dismiss_reason", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "assignee",
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
                            "dismissed_by",
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
                                to="community.handling",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Holiday",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        (
                            "hours",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="holidays",
                                to="community.businesshours",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("day",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("hours", "day"),
                                name="community_holiday_once",
                                violation_error_message="This day is a holiday already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HolidayEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("day", models.DateField()),
                        ("name", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        (
                            "hours",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.businesshours",
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
                                to="community.holiday",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="OpeningTime",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "weekday",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (0, "Monday"),
                                    (1, "Tuesday"),
                                    (2, "Wednesday"),
                                    (3, "Thursday"),
                                    (4, "Friday"),
                                    (5, "Saturday"),
                                    (6, "Sunday"),
                                ]
                            ),
                        ),
                        ("opens", models.TimeField()),
                        ("closes", models.TimeField(help_text="00:00 is the midnight that ends the day")),
                        (
                            "hours",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="openings",
                                to="community.businesshours",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ("weekday", "opens"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("weekday__lte", 6)),
                                name="community_openingtime_weekday_known",
                                violation_error_message="Weekdays go from 0, Monday, to 6, Sunday.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("closes__gt", models.F("opens")), ("closes", "00:00"), _connector="OR"
                                ),
                                name="community_openingtime_closes_later",
                                violation_error_message="It closes after it opens; 00:00 is the midnight that ends the day.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OpeningTimeEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "weekday",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (0, "Monday"),
                                    (1, "Tuesday"),
                                    (2, "Wednesday"),
                                    (3, "Thursday"),
                                    (4, "Friday"),
                                    (5, "Saturday"),
                                    (6, "Sunday"),
                                ]
                            ),
                        ),
                        ("opens", models.TimeField()),
                        ("closes", models.TimeField(help_text="00:00 is the midnight that ends the day")),
                        (
                            "hours",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="community.businesshours",
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
                                to="community.openingtime",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="WatchListEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("interaction_id", models.BigIntegerField()),
                    ],
                    options={
                        "verbose_name_plural": "watch list entries",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="WaitingInteraction",
                    fields=[],
                    options={
                        "verbose_name": "message left on read",
                        "verbose_name_plural": "left on read",
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("community.interaction",),
                ),
                migrations.CreateModel(
                    name="WatchedContact",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("crm.contact",),
                ),
                migrations.CreateModel(
                    name="WatchedInteraction",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("community.interaction",),
                ),
                migrations.CreateModel(
                    name="WatchedMember",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("community.member",),
                ),
                migrations.CreateModel(
                    name="WatchedMemberRole",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("community.memberrole",),
                ),
            ],
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="channel",
            name="insert_insert",
        ),
        gateway.migration_operations.RemoveTrigger(
            model_name="channel",
            name="update_update",
        ),
        migrations.AddField(
            model_name="channel",
            name="reply_target_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="minutes of business hours in which a first reply is due; empty: no target",
                null=True,
                verbose_name="reply within",
            ),
        ),
        migrations.AddField(
            model_name="channelevent",
            name="reply_target_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="minutes of business hours in which a first reply is due; empty: no target",
                null=True,
                verbose_name="reply within",
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channel",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_channelevent" ("archived_at", "business_hours_id", "community_id", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "platform", "reply_target_minutes", "slug", "source_updated_at", "updated_at") VALUES (NEW."archived_at", NEW."business_hours_id", NEW."community_id", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."platform", NEW."reply_target_minutes", NEW."slug", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="64d10592706d3bab7de02815e125c881da7c2d6a",
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
                    func='INSERT INTO "community_channelevent" ("archived_at", "business_hours_id", "community_id", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "platform", "reply_target_minutes", "slug", "source_updated_at", "updated_at") VALUES (NEW."archived_at", NEW."business_hours_id", NEW."community_id", NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."platform", NEW."reply_target_minutes", NEW."slug", NEW."source_updated_at", NEW."updated_at"); RETURN NULL;',
                    hash="fe8f45fab6d9d77ec0ddab7e9ec61e6182915242",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_cc171",
                    table="community_channel",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="businesshours",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_businesshoursevent" ("id", "is_default", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone") VALUES (NEW."id", NEW."is_default", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."time_zone"); RETURN NULL;',
                    hash="f91ef3b1517a6905d763bcacc60c3bb374ab68ef",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_8731f",
                    table="community_businesshours",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="businesshours",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_businesshoursevent" ("id", "is_default", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone") VALUES (NEW."id", NEW."is_default", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."time_zone"); RETURN NULL;',
                    hash="2f7ba82e18bb121e17eb07a5c83a33dcecce8c58",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_7adb1",
                    table="community_businesshours",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="business_hours",
            field=models.ForeignKey(
                blank=True,
                help_text="empty: the organisation's",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="channels",
                to="community.businesshours",
            ),
        ),
        migrations.AddField(
            model_name="channelevent",
            name="business_hours",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="empty: the organisation's",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="community.businesshours",
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedcontact",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH changed AS (\n        SELECT contact.id AS contact_id\n        FROM new_rows n JOIN old_rows o ON o.id = n.id\n        CROSS JOIN LATERAL (VALUES (n.id), (o.person_id)) contact (id)\n        WHERE n.person_id <> o.person_id\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id\n    FROM changed\n    JOIN crm_contact moved ON moved.id = changed.contact_id\n    JOIN crm_contact own ON own.person_id = moved.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id\n    WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n    RETURN NULL;\n\n",
                    hash="dbce43dff3c8c916c7477a1da8f2385e084fd326",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_watch_on_update_11cb4",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedinteraction",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM new_rows i WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n    RETURN NULL;\n",
                    hash="785f5480944e931231d55d51959253ecdbde87af",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_watch_on_insert_31e76",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedinteraction",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM new_rows i JOIN old_rows o ON o.id = i.id\n    WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question') AND \n    (i.kind, i.direction, i.occurred_at, i.channel_id, i.member_id, i.user_id IS NULL, i.to_member_id,\n     i.to_contact_id, i.reply_to_id, i.thread_id, i.retracted_at IS NULL, i.deleted_at IS NULL)\n    IS DISTINCT FROM\n    (o.kind, o.direction, o.occurred_at, o.channel_id, o.member_id, o.user_id IS NULL, o.to_member_id,\n     o.to_contact_id, o.reply_to_id, o.thread_id, o.retracted_at IS NULL, o.deleted_at IS NULL)\n;\n\n    WITH former AS (\n        SELECT o.* FROM old_rows o JOIN new_rows n ON n.id = o.id\n        WHERE o.occurred_at IS NOT NULL AND \n    (n.kind, n.direction, n.occurred_at, n.channel_id, n.member_id, n.user_id IS NULL, n.to_member_id,\n     n.to_contact_id, n.reply_to_id, n.thread_id, n.retracted_at IS NULL, n.deleted_at IS NULL)\n    IS DISTINCT FROM\n    (o.kind, o.direction, o.occurred_at, o.channel_id, o.member_id, o.user_id IS NULL, o.to_member_id,\n     o.to_contact_id, o.reply_to_id, o.thread_id, o.retracted_at IS NULL, o.deleted_at IS NULL)\n\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM former JOIN community_interaction i ON i.id = former.reply_to_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.reply_to_id = former.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.thread_id = former.thread_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN community_member addressee ON addressee.id = former.to_member_id\n    JOIN crm_contact addressed ON addressed.id = addressee.contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN crm_contact addressed ON addressed.id = former.to_contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n\n    RETURN NULL;\n",
                    hash="1539ed7e79cee1963a4e4d726c60cfcd26097ac1",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_watch_on_update_c04da",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedinteraction",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH former AS (SELECT * FROM old_rows WHERE occurred_at IS NOT NULL)\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM former JOIN community_interaction i ON i.id = former.reply_to_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.reply_to_id = former.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.thread_id = former.thread_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN community_member addressee ON addressee.id = former.to_member_id\n    JOIN crm_contact addressed ON addressed.id = addressee.contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN crm_contact addressed ON addressed.id = former.to_contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n\n    RETURN NULL;\n",
                    hash="777b1b294bcf310722ddd692e815bc6a572dc695",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_watch_on_delete_4bdaf",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmember",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH changed AS (\n        SELECT contact.id AS contact_id\n        FROM new_rows n JOIN old_rows o ON o.id = n.id\n        CROSS JOIN LATERAL (VALUES (o.contact_id), (n.contact_id)) contact (id)\n        WHERE n.contact_id <> o.contact_id\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id\n    FROM changed\n    JOIN crm_contact moved ON moved.id = changed.contact_id\n    JOIN crm_contact own ON own.person_id = moved.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id\n    WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n    RETURN NULL;\n\n",
                    hash="d3b03e5aaf957e4a2f0a9bce5fa9fe8f8ef20e57",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_watch_on_update_1bd2f",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmemberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH former AS (\n        SELECT said.* FROM community_interaction said\n        WHERE said.member_id IN (SELECT member_id FROM new_rows) AND said.occurred_at IS NOT NULL\n    ),\n    own AS (\n        INSERT INTO community_watchlistentry (interaction_id)\n        SELECT i.id FROM former i WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n        UNION\n        SELECT i.id FROM community_interaction i\n        WHERE i.to_member_id IN (SELECT member_id FROM new_rows) AND i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM former JOIN community_interaction i ON i.id = former.reply_to_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.reply_to_id = former.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.thread_id = former.thread_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN community_member addressee ON addressee.id = former.to_member_id\n    JOIN crm_contact addressed ON addressed.id = addressee.contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN crm_contact addressed ON addressed.id = former.to_contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n\n    RETURN NULL;\n",
                    hash="5222ab730f142f966c7bc61fa1d939960f150a68",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_watch_on_insert_1a7ef",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmemberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH former AS (\n        SELECT said.* FROM community_interaction said\n        WHERE said.member_id IN (SELECT member_id FROM new_rows) AND said.occurred_at IS NOT NULL\n    ),\n    own AS (\n        INSERT INTO community_watchlistentry (interaction_id)\n        SELECT i.id FROM former i WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n        UNION\n        SELECT i.id FROM community_interaction i\n        WHERE i.to_member_id IN (SELECT member_id FROM new_rows) AND i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM former JOIN community_interaction i ON i.id = former.reply_to_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.reply_to_id = former.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.thread_id = former.thread_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN community_member addressee ON addressee.id = former.to_member_id\n    JOIN crm_contact addressed ON addressed.id = addressee.contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN crm_contact addressed ON addressed.id = former.to_contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n\n    RETURN NULL;\n",
                    hash="4f27608b8ff992053ffc91c12f770bdf12b208c2",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_watch_on_update_a741c",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmemberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_on_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH former AS (\n        SELECT said.* FROM community_interaction said\n        WHERE said.member_id IN (SELECT member_id FROM old_rows) AND said.occurred_at IS NOT NULL\n    ),\n    own AS (\n        INSERT INTO community_watchlistentry (interaction_id)\n        SELECT i.id FROM former i WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n        UNION\n        SELECT i.id FROM community_interaction i\n        WHERE i.to_member_id IN (SELECT member_id FROM old_rows) AND i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    )\n    \n    INSERT INTO community_watchlistentry (interaction_id)\n    SELECT i.id FROM former JOIN community_interaction i ON i.id = former.reply_to_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.reply_to_id = former.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id FROM former JOIN community_interaction i ON i.thread_id = former.thread_id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN community_member addressee ON addressee.id = former.to_member_id\n    JOIN crm_contact addressed ON addressed.id = addressee.contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question')\n    UNION\n    SELECT i.id\n    FROM former\n    JOIN crm_contact addressed ON addressed.id = former.to_contact_id\n    JOIN crm_contact own ON own.person_id = addressed.person_id\n    JOIN community_member account ON account.contact_id = own.id\n    JOIN community_interaction i ON i.member_id = account.id WHERE i.direction = 'inbound' AND i.kind IN ('comment', 'direct_message', 'lead', 'question');\n\n    RETURN NULL;\n",
                    hash="8614402514e16428109e0cfbb4c5cbb8a7c9287c",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_watch_on_delete_19ef7",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="handling",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_handlingevent" ("assigned_at", "assignee_id", "dismiss_reason", "dismissed_at", "dismissed_by_id", "id", "interaction_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "snoozed_at", "snoozed_until") VALUES (NEW."assigned_at", NEW."assignee_id", NEW."dismiss_reason", NEW."dismissed_at", NEW."dismissed_by_id", NEW."id", NEW."interaction_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."snoozed_at", NEW."snoozed_until"); RETURN NULL;',
                    hash="677cad1a82adc9b7d6f828814f23cecad95828ff",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_8e31c",
                    table="community_handling",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="handling",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_handlingevent" ("assigned_at", "assignee_id", "dismiss_reason", "dismissed_at", "dismissed_by_id", "id", "interaction_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "snoozed_at", "snoozed_until") VALUES (NEW."assigned_at", NEW."assignee_id", NEW."dismiss_reason", NEW."dismissed_at", NEW."dismissed_by_id", NEW."id", NEW."interaction_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."snoozed_at", NEW."snoozed_until"); RETURN NULL;',
                    hash="95880364f46fc9289412ee4f8fe896166634fa50",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c9bc1",
                    table="community_handling",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="holiday",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_holidayevent" ("day", "hours_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."day", NEW."hours_id", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="bb92e26334397219a28811c2dbd5a2f93c0bc238",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_aceea",
                    table="community_holiday",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="holiday",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_holidayevent" ("day", "hours_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."day", NEW."hours_id", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="9547c216c8b0526fb7f9d1fb548bb51d8f116654",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1a214",
                    table="community_holiday",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="holiday",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_holidayevent" ("day", "hours_id", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."day", OLD."hours_id", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="ccd88a5f6e13df3d65b87e390b714ae0db055531",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_60589",
                    table="community_holiday",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="openingtime",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_openingtimeevent" ("closes", "hours_id", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "weekday") VALUES (NEW."closes", NEW."hours_id", NEW."id", NEW."opens", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."weekday"); RETURN NULL;',
                    hash="afd9b3049774428474e4f0190e1c76d3a2c3fe11",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_16a34",
                    table="community_openingtime",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="openingtime",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "community_openingtimeevent" ("closes", "hours_id", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "weekday") VALUES (NEW."closes", NEW."hours_id", NEW."id", NEW."opens", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."weekday"); RETURN NULL;',
                    hash="3153176ed0e4d3dc45dce9be83a2bb34cdbcbde3",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_46567",
                    table="community_openingtime",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="openingtime",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_openingtimeevent" ("closes", "hours_id", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "weekday") VALUES (OLD."closes", OLD."hours_id", OLD."id", OLD."opens", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."weekday"); RETURN NULL;',
                    hash="79abc22bee060eaef83346375ff7a36f9b897cf3",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a21c0",
                    table="community_openingtime",
                    when="AFTER",
                ),
            ),
        ),
    ]
