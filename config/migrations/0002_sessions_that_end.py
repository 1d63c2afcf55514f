import django.contrib.auth.models
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("auth", "__first__"),
        ("config", "0001_standard_roles"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="WatchedGroupPermission",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("auth.group_permissions",),
                ),
                migrations.CreateModel(
                    name="WatchedMembership",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("auth.user_groups",),
                ),
                migrations.CreateModel(
                    name="WatchedUser",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("auth.user",),
                    managers=[
                        ("objects", django.contrib.auth.models.UserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name="WatchedUserPermission",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("auth.user_user_permissions",),
                ),
                migrations.CreateModel(
                    name="GroupPermissionEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.IntegerField()),
                        (
                            "group",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="auth.group",
                            ),
                        ),
                        (
                            "permission",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="auth.permission",
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
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="MembershipEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.IntegerField()),
                        (
                            "group",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="auth.group",
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
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
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
                    name="UserPermissionEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.IntegerField()),
                        (
                            "permission",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to="auth.permission",
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
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                db_tablespace="",
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
                    name="UserSession",
                    fields=[
                        (
                            "session_key",
                            models.CharField(
                                max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                            ),
                        ),
                        ("session_data", models.TextField(verbose_name="session data")),
                        ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                        (
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                help_text="null: no login",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "session",
                        "verbose_name_plural": "sessions",
                        "abstract": False,
                    },
                ),
            ],
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedgrouppermission",
            trigger=pgtrigger.compiler.Trigger(
                name="group_permission_given",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT m.user_id FROM auth_user_groups m JOIN changed USING (group_id)); RETURN NULL;",
                    hash="825841faf3f8ee7d8eafda391ce3425e9c4b1f42",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_group_permission_given_c1821",
                    referencing="REFERENCING NEW TABLE AS changed ",
                    table="auth_group_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedgrouppermission",
            trigger=pgtrigger.compiler.Trigger(
                name="group_permission_taken",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT m.user_id FROM auth_user_groups m JOIN changed USING (group_id)); RETURN NULL;",
                    hash="510e0095a2f67d1864557bfc949de9649a7c5900",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_group_permission_taken_7075b",
                    referencing="REFERENCING OLD TABLE AS changed ",
                    table="auth_group_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedgrouppermission",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_grouppermissionevent" ("group_id", "id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (NEW."group_id", NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'insert\'); RETURN NULL;',
                    hash="70e20be9592f89130ad22e20b5e20668c093b136",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0fe6b",
                    table="auth_group_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedgrouppermission",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_grouppermissionevent" ("group_id", "id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label") VALUES (OLD."group_id", OLD."id", OLD."permission_id", _pgh_attach_context(), NOW(), \'delete\'); RETURN NULL;',
                    hash="9ebc26bf207d9941866906d07ca9ecefb0fafbd5",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a0f20",
                    table="auth_group_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="role_given",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT user_id FROM changed); RETURN NULL;",
                    hash="1ec8600a66a7799dc0a91f63e8ea49009c15007b",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_role_given_3c3f0",
                    referencing="REFERENCING NEW TABLE AS changed ",
                    table="auth_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="role_taken",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT user_id FROM changed); RETURN NULL;",
                    hash="1602fd83931329b0a239c716c720b3fee0f584d3",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_role_taken_7e11e",
                    referencing="REFERENCING OLD TABLE AS changed ",
                    table="auth_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_membershipevent" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."user_id"); RETURN NULL;',
                    hash="d165b10e7c530d9ceeec131eb90209e5bb7d59e3",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_188a6",
                    table="auth_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_membershipevent" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (OLD."group_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."user_id"); RETURN NULL;',
                    hash="ab8f6d97d06b1e25596afa5e5b278a4e06d50d23",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_ec20e",
                    table="auth_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="end_sessions",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."password" IS DISTINCT FROM (NEW."password"))',
                    func="DELETE FROM config_usersession WHERE user_id = NEW.id; RETURN NULL;",
                    hash="71cd9d01be99d61acc593fb16d20572ac392cf28",
                    operation='UPDATE OF "password", "is_active", "is_staff", "is_superuser"',
                    pgid="pgtrigger_end_sessions_5fbb2",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="end_sessions_of_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id = OLD.id; RETURN NULL;",
                    hash="8b8e3244df30bac2494e6bacb87c1eab98dcaebf",
                    operation="DELETE",
                    pgid="pgtrigger_end_sessions_of_deleted_909e3",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduserpermission",
            trigger=pgtrigger.compiler.Trigger(
                name="permission_given",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT user_id FROM changed); RETURN NULL;",
                    hash="8763f1fa9144a1f136b0d5f53b2de6c7124ebe37",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_permission_given_ffeea",
                    referencing="REFERENCING NEW TABLE AS changed ",
                    table="auth_user_user_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduserpermission",
            trigger=pgtrigger.compiler.Trigger(
                name="permission_taken",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM config_usersession WHERE user_id IN (SELECT user_id FROM changed); RETURN NULL;",
                    hash="18c10a0d24f5f95e3da72ba0b80f6b0b64fbc126",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_permission_taken_6f34d",
                    referencing="REFERENCING OLD TABLE AS changed ",
                    table="auth_user_user_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduserpermission",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_userpermissionevent" ("id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'insert\', NEW."user_id"); RETURN NULL;',
                    hash="69c99be68148928511d6a9f13e2c700dbbee8818",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0f7a0",
                    table="auth_user_user_permissions",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduserpermission",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_userpermissionevent" ("id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "user_id") VALUES (OLD."id", OLD."permission_id", _pgh_attach_context(), NOW(), \'delete\', OLD."user_id"); RETURN NULL;',
                    hash="c701c8397ff84077d8e652893c95ad9baed05cbf",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_2ba48",
                    table="auth_user_user_permissions",
                    when="AFTER",
                ),
            ),
        ),
    ]
