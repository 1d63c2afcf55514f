import django.contrib.auth.validators
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "__first__"),
        ("config", "0002_sessions_that_end"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        gateway.migration_operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="WatchedSecondFactor",
                    fields=[],
                    options={
                        "proxy": True,
                        "default_permissions": (),
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("mfa.authenticator",),
                ),
                migrations.CreateModel(
                    name="SecondFactorEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        (
                            "type",
                            models.CharField(
                                choices=[
                                    ("recovery_codes", "Recovery codes"),
                                    ("totp", "TOTP Authenticator"),
                                    ("webauthn", "WebAuthn"),
                                ],
                                max_length=20,
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
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                related_query_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "pgh_obj",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="events",
                                to="config.watchedsecondfactor",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="UserEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        (
                            "username",
                            models.CharField(
                                error_messages={"unique": "A user with that username already exists."},
                                help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                                max_length=150,
                                validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                                verbose_name="username",
                            ),
                        ),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True,
                                help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                                verbose_name="active",
                            ),
                        ),
                        (
                            "is_staff",
                            models.BooleanField(
                                default=False,
                                help_text="Designates whether the user can log into this admin site.",
                                verbose_name="staff status",
                            ),
                        ),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
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
                                to="config.watcheduser",
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
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_userevent" ("email", "is_active", "is_staff", "is_superuser", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."email", NEW."is_active", NEW."is_staff", NEW."is_superuser", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."username"); RETURN NULL;',
                    hash="26f559ee178bd04fd98ff650184a67529f35434e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_9a09d",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                    func='INSERT INTO "config_userevent" ("email", "is_active", "is_staff", "is_superuser", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."email", NEW."is_active", NEW."is_staff", NEW."is_superuser", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."username"); RETURN NULL;',
                    hash="35424e1733622a85fe80ea0b8d7534c4d50fa90d",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_617f5",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="password_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."password" IS DISTINCT FROM (NEW."password"))',
                    func='INSERT INTO "config_userevent" ("email", "is_active", "is_staff", "is_superuser", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."email", NEW."is_active", NEW."is_staff", NEW."is_superuser", _pgh_attach_context(), NOW(), \'password\', NEW."id", NEW."username"); RETURN NULL;',
                    hash="d9e03d1d44011477a809198083af7a482dc735c0",
                    operation="UPDATE",
                    pgid="pgtrigger_password_update_91015",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watcheduser",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_userevent" ("email", "is_active", "is_staff", "is_superuser", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (OLD."email", OLD."is_active", OLD."is_staff", OLD."is_superuser", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."username"); RETURN NULL;',
                    hash="5b8fe1f3e1070c7c401bc13e5850bfe6d7e88537",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_90fcc",
                    table="auth_user",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedsecondfactor",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_secondfactorevent" ("pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "type", "user_id") VALUES (_pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."type", NEW."user_id"); RETURN NULL;',
                    hash="2a4f9e48ba9daedf8c1ad58dec17d5a92126a20e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_2cf92",
                    table="mfa_authenticator",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="watchedsecondfactor",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "config_secondfactorevent" ("pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "type", "user_id") VALUES (_pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."type", OLD."user_id"); RETURN NULL;',
                    hash="e987fa3fa70d71c175aff7c67524e18fcf4c0051",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_dcc56",
                    table="mfa_authenticator",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.begin_history("config", "UserEvent"),
        gateway.migration_operations.begin_history("config", "SecondFactorEvent"),
    ]
