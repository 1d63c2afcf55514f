import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import gateway.migration_operations

# What is kept already says what the row says now of the columns that are new: else the next change would seem to
# have changed all of them.
FILL = """
    UPDATE community_interactionevent e
    SET channel_id = i.channel_id, kind = i.kind, direction = i.direction, occurred_at = i.occurred_at,
        member_id = i.member_id, user_id = i.user_id, to_member_id = i.to_member_id, to_contact_id = i.to_contact_id,
        thread_id = i.thread_id, reply_to_id = i.reply_to_id, campaign_id = i.campaign_id,
        utm_campaign = i.utm_campaign, is_private = i.is_private
    FROM community_interaction i
    WHERE i.id = e.pgh_obj_id;
    UPDATE community_memberevent e
    SET channel_id = m.channel_id, external_id = m.external_id, handle = m.handle, joined_at = m.joined_at,
        is_named_here = m.is_named_here
    FROM community_member m
    WHERE m.id = e.pgh_obj_id;
    UPDATE community_threadevent e
    SET topic = t.topic, opened_at = t.opened_at, source_state = t.source_state
    FROM community_thread t
    WHERE t.id = e.pgh_obj_id;
"""


def related(to, **options):
    """Return a relation of these histories: it outlives what it leads to, and is null in events from before."""
    return models.ForeignKey(
        db_constraint=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        related_query_name="+",
        to=to,
        **options,
    )


def reworded():
    return django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), null=True, size=None)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("community", "0018_account_named_here"),
    ]

    operations = [
        gateway.migration_operations.RemoveTrigger(model_name="interaction", name="update_update"),
        gateway.migration_operations.RemoveTrigger(model_name="member", name="relinked_update"),
        gateway.migration_operations.RemoveTrigger(model_name="member", name="delete_delete"),
        gateway.migration_operations.RemoveTrigger(model_name="thread", name="update_update"),
        gateway.migration_operations.RemoveTrigger(model_name="thread", name="delete_delete"),
        migrations.RenameModel(old_name="MemberContactEvent", new_name="MemberEvent"),
        migrations.AlterField(
            model_name="memberevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="community.member",
            ),
        ),
        migrations.AlterField("memberevent", "contact", related("crm.contact")),
        migrations.AlterField("threadevent", "channel", related("community.channel", db_index=False)),
        gateway.migration_operations.AddFields(
            fields=[
                migrations.AddField("memberevent", "channel", related("community.channel", db_index=False)),
                migrations.AddField("memberevent", "external_id", models.CharField(default="", max_length=255), False),
                migrations.AddField(
                    "memberevent", "handle", models.CharField(blank=True, db_default="", default="", max_length=255)
                ),
                migrations.AddField(
                    "memberevent", "is_named_here", models.BooleanField(db_default=False, default=False, editable=False)
                ),
                migrations.AddField("memberevent", "joined_at", models.DateTimeField(blank=True, null=True)),
                migrations.AddField("memberevent", "pgh_reworded", reworded()),
                migrations.AddField(
                    "threadevent", "topic", models.CharField(blank=True, db_default="", default="", max_length=100)
                ),
                migrations.AddField("threadevent", "opened_at", models.DateTimeField(blank=True, null=True)),
                migrations.AddField(
                    "threadevent",
                    "source_state",
                    models.CharField(blank=True, db_default="", default="", help_text="such as closed", max_length=50),
                ),
                migrations.AddField("threadevent", "pgh_reworded", reworded()),
                migrations.AddField(
                    "interactionevent", "campaign", related("crm.campaign", blank=True, db_index=False)
                ),
                migrations.AddField("interactionevent", "channel", related("community.channel", db_index=False)),
                migrations.AddField(
                    "interactionevent",
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
                migrations.AddField(
                    "interactionevent", "is_private", models.BooleanField(db_default=False, default=False)
                ),
                migrations.AddField("interactionevent", "kind", models.CharField(blank=True, max_length=30, null=True)),
                migrations.AddField(
                    "interactionevent", "member", related("community.member", blank=True, db_index=False)
                ),
                migrations.AddField("interactionevent", "occurred_at", models.DateTimeField(blank=True, null=True)),
                migrations.AddField("interactionevent", "pgh_reworded", reworded()),
                migrations.AddField(
                    "interactionevent", "reply_to", related("community.interaction", blank=True, db_index=False)
                ),
                migrations.AddField(
                    "interactionevent", "thread", related("community.thread", blank=True, db_index=False)
                ),
                migrations.AddField(
                    "interactionevent", "to_contact", related("crm.contact", blank=True, db_index=False)
                ),
                migrations.AddField(
                    "interactionevent", "to_member", related("community.member", blank=True, db_index=False)
                ),
                migrations.AddField(
                    "interactionevent", "user", related(settings.AUTH_USER_MODEL, blank=True, db_index=False)
                ),
                migrations.AddField(
                    "interactionevent", "utm_campaign", models.CharField(blank=True, max_length=255, null=True)
                ),
            ],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop, elidable=True),
        gateway.migration_operations.AddTrigger(
            model_name="interaction",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; changed bigint[]; arrived bigint[]; begun bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE o.occurred_at IS NULL AND n.occurred_at IS NOT NULL) INTO changed, arrived\n            FROM new_rows n\n            JOIN old_rows o ON o.id = n.id\n            WHERE (n.channel_id, n.member_id, n.user_id, n.to_member_id, n.to_contact_id, n.thread_id, n.reply_to_id, n.campaign_id, n.kind, n.direction, n.occurred_at, n.utm_campaign, n.is_private, n.deleted_at, n.retracted_at, n.retract_reason, n.external_id, n.text, n.url, n.language, n.utm_source, n.utm_medium, n.utm_term, n.utm_content) IS DISTINCT FROM (o.channel_id, o.member_id, o.user_id, o.to_member_id, o.to_contact_id, o.thread_id, o.reply_to_id, o.campaign_id, o.kind, o.direction, o.occurred_at, o.utm_campaign, o.is_private, o.deleted_at, o.retracted_at, o.retract_reason, o.external_id, o.text, o.url, o.language, o.utm_source, o.utm_medium, o.utm_term, o.utm_content);\n            IF changed IS NOT NULL THEN\n                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM community_interactionevent WHERE pgh_obj_id = ANY(changed));\n                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));\n            END IF;\n            IF changed <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO community_interactionevent (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, channel_id, member_id, user_id, to_member_id, to_contact_id, thread_id, reply_to_id, campaign_id, kind, direction, occurred_at, utm_campaign, is_private, deleted_at, retracted_at, retract_reason)\n                SELECT o.id, now(), 'before', context, o.channel_id, o.member_id, o.user_id, o.to_member_id, o.to_contact_id, o.thread_id, o.reply_to_id, o.campaign_id, o.kind, o.direction, o.occurred_at, o.utm_campaign, o.is_private, o.deleted_at, o.retracted_at, o.retract_reason\n                FROM old_rows o\n                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;\n                INSERT INTO community_interactionevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, pgh_reworded, channel_id, member_id, user_id, to_member_id, to_contact_id, thread_id, reply_to_id, campaign_id, kind, direction, occurred_at, utm_campaign, is_private, deleted_at, retracted_at, retract_reason\n                )\n                SELECT\n                    n.id, now(), 'update', context, nullif(array_remove(ARRAY[CASE WHEN n.external_id IS DISTINCT FROM o.external_id THEN 'external_id' END, CASE WHEN n.text IS DISTINCT FROM o.text THEN 'text' END, CASE WHEN n.url IS DISTINCT FROM o.url THEN 'url' END, CASE WHEN n.language IS DISTINCT FROM o.language THEN 'language' END, CASE WHEN n.utm_source IS DISTINCT FROM o.utm_source THEN 'utm_source' END, CASE WHEN n.utm_medium IS DISTINCT FROM o.utm_medium THEN 'utm_medium' END, CASE WHEN n.utm_term IS DISTINCT FROM o.utm_term THEN 'utm_term' END, CASE WHEN n.utm_content IS DISTINCT FROM o.utm_content THEN 'utm_content' END]::text[], NULL), '{}'),\n                    n.channel_id, n.member_id, n.user_id, n.to_member_id, n.to_contact_id, n.thread_id, n.reply_to_id, n.campaign_id, n.kind, n.direction, n.occurred_at, n.utm_campaign, n.is_private, n.deleted_at, n.retracted_at, n.retract_reason\n                FROM new_rows n\n                JOIN old_rows o ON o.id = n.id\n                JOIN unnest(changed) told (id) ON told.id = n.id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="6059a4c01fabc0b7f1a1fdbf3dff5df025d09c57",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c4121",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="interaction",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_interactionevent" ("campaign_id", "channel_id", "deleted_at", "direction", "is_private", "kind", "member_id", "occurred_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reply_to_id", "retract_reason", "retracted_at", "thread_id", "to_contact_id", "to_member_id", "user_id", "utm_campaign") VALUES (OLD."campaign_id", OLD."channel_id", OLD."deleted_at", OLD."direction", OLD."is_private", OLD."kind", OLD."member_id", OLD."occurred_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reply_to_id", OLD."retract_reason", OLD."retracted_at", OLD."thread_id", OLD."to_contact_id", OLD."to_member_id", OLD."user_id", OLD."utm_campaign"); RETURN NULL;',
                    hash="c30c5d0257e242e126bd26fefeb3814af650ecef",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_ce4a1",
                    table="community_interaction",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; changed bigint[]; arrived bigint[]; begun bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE false) INTO changed, arrived\n            FROM new_rows n\n            JOIN old_rows o ON o.id = n.id\n            WHERE (n.channel_id, n.contact_id, n.external_id, n.handle, n.joined_at, n.is_named_here) IS DISTINCT FROM (o.channel_id, o.contact_id, o.external_id, o.handle, o.joined_at, o.is_named_here);\n            IF changed IS NOT NULL THEN\n                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM community_memberevent WHERE pgh_obj_id = ANY(changed));\n                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));\n            END IF;\n            IF changed <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO community_memberevent (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, channel_id, contact_id, external_id, handle, joined_at, is_named_here)\n                SELECT o.id, now(), 'before', context, o.channel_id, o.contact_id, o.external_id, o.handle, o.joined_at, o.is_named_here\n                FROM old_rows o\n                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;\n                INSERT INTO community_memberevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, pgh_reworded, channel_id, contact_id, external_id, handle, joined_at, is_named_here\n                )\n                SELECT\n                    n.id, now(), CASE WHEN n.contact_id IS DISTINCT FROM o.contact_id THEN 'relinked' ELSE 'update' END, context, nullif(array_remove(ARRAY[]::text[], NULL), '{}'),\n                    n.channel_id, n.contact_id, n.external_id, n.handle, n.joined_at, n.is_named_here\n                FROM new_rows n\n                JOIN old_rows o ON o.id = n.id\n                JOIN unnest(changed) told (id) ON told.id = n.id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="d63d09cd39a15296a09342cc2ac9b4010264c6c5",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_78fae",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_memberevent" ("channel_id", "contact_id", "external_id", "handle", "is_named_here", "joined_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."channel_id", OLD."contact_id", OLD."external_id", OLD."handle", OLD."is_named_here", OLD."joined_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="3e176bae9ee9de2bd302e8695356b59f460b5f09",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d09b4",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="thread",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE seqscan_before text; nestloop_before text; changed bigint[]; arrived bigint[]; begun bigint[]; context uuid;",
                    func="\n    seqscan_before := current_setting('enable_seqscan');\n    nestloop_before := current_setting('enable_nestloop');\n    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);\n    \n            SELECT array_agg(n.id), array_agg(n.id) FILTER (WHERE o.opened_at IS NULL AND n.opened_at IS NOT NULL) INTO changed, arrived\n            FROM new_rows n\n            JOIN old_rows o ON o.id = n.id\n            WHERE (n.channel_id, n.opened_by_id, n.accepted_answer_id, n.confirmed_answer_id, n.confirmed_by_id, n.external_id, n.topic, n.opened_at, n.source_state, n.title, n.url) IS DISTINCT FROM (o.channel_id, o.opened_by_id, o.accepted_answer_id, o.confirmed_answer_id, o.confirmed_by_id, o.external_id, o.topic, o.opened_at, o.source_state, o.title, o.url);\n            IF changed IS NOT NULL THEN\n                begun := ARRAY(SELECT DISTINCT pgh_obj_id FROM community_threadevent WHERE pgh_obj_id = ANY(changed));\n                changed := ARRAY(SELECT unnest(changed) EXCEPT (SELECT unnest(arrived) EXCEPT SELECT unnest(begun)));\n            END IF;\n            IF changed <> '{}' THEN\n                context := _pgh_attach_context();\n                INSERT INTO community_threadevent (pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, channel_id, opened_by_id, accepted_answer_id, confirmed_answer_id, confirmed_by_id, external_id, topic, opened_at, source_state)\n                SELECT o.id, now(), 'before', context, o.channel_id, o.opened_by_id, o.accepted_answer_id, o.confirmed_answer_id, o.confirmed_by_id, o.external_id, o.topic, o.opened_at, o.source_state\n                FROM old_rows o\n                JOIN (SELECT unnest(changed) AS id EXCEPT SELECT unnest(begun)) first ON first.id = o.id;\n                INSERT INTO community_threadevent (\n                    pgh_obj_id, pgh_created_at, pgh_label, pgh_context_id, pgh_reworded, channel_id, opened_by_id, accepted_answer_id, confirmed_answer_id, confirmed_by_id, external_id, topic, opened_at, source_state\n                )\n                SELECT\n                    n.id, now(), 'update', context, nullif(array_remove(ARRAY[CASE WHEN n.title IS DISTINCT FROM o.title THEN 'title' END, CASE WHEN n.url IS DISTINCT FROM o.url THEN 'url' END]::text[], NULL), '{}'),\n                    n.channel_id, n.opened_by_id, n.accepted_answer_id, n.confirmed_answer_id, n.confirmed_by_id, n.external_id, n.topic, n.opened_at, n.source_state\n                FROM new_rows n\n                JOIN old_rows o ON o.id = n.id\n                JOIN unnest(changed) told (id) ON told.id = n.id;\n            END IF;\n        \n    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);\n    RETURN NULL;\n    ",
                    hash="d2df01d242311b718b12995a8a86051d7629f041",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_81ce1",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
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
                    func='INSERT INTO "community_threadevent" ("accepted_answer_id", "channel_id", "confirmed_answer_id", "confirmed_by_id", "external_id", "opened_at", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source_state", "topic") VALUES (OLD."accepted_answer_id", OLD."channel_id", OLD."confirmed_answer_id", OLD."confirmed_by_id", OLD."external_id", OLD."opened_at", OLD."opened_by_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source_state", OLD."topic"); RETURN NULL;',
                    hash="2fcf182f98f38a57cf3692cc5e0a188e9a14a0a2",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_926dc",
                    table="community_thread",
                    when="AFTER",
                ),
            ),
        ),
    ]
