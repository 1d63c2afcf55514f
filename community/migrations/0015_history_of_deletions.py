import pgtrigger.compiler
from django.db import migrations

import gateway.migration_operations


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0014_history_of_what_counts"),
    ]

    operations = [
        gateway.migration_operations.AddTrigger(
            model_name="businesshours",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_businesshoursevent" ("id", "is_default", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone") VALUES (OLD."id", OLD."is_default", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."time_zone"); RETURN NULL;',
                    hash="1e39850e317387d4a500483dd6280412bbbb610a",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_9821a",
                    table="community_businesshours",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="channel",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_channelevent" ("archived_at", "business_hours_id", "community_id", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "platform", "reply_target_minutes", "slug", "source_updated_at", "updated_at") VALUES (OLD."archived_at", OLD."business_hours_id", OLD."community_id", OLD."created_at", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."platform", OLD."reply_target_minutes", OLD."slug", OLD."source_updated_at", OLD."updated_at"); RETURN NULL;',
                    hash="b287045c0351c5a587db8f9b102a0c7a2282ae86",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_80cc4",
                    table="community_channel",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="community",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_communityevent" ("archived_at", "created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "purpose_measure", "slug", "source_updated_at", "target", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."purpose", OLD."purpose_measure", OLD."slug", OLD."source_updated_at", OLD."target", OLD."updated_at"); RETURN NULL;',
                    hash="bfd94c35db63c6f209506b0585f536cd19968918",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f1303",
                    table="community_community",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="cost",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_costevent" ("amount", "campaign_id", "category", "channel_id", "community_id", "contact_id", "created_at", "currency", "days", "delivery", "description", "external_id", "hourly_rate", "hours", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "replaced_by_id", "sharing", "source", "source_updated_at", "updated_at", "void_reason", "voided_at") VALUES (OLD."amount", OLD."campaign_id", OLD."category", OLD."channel_id", OLD."community_id", OLD."contact_id", OLD."created_at", OLD."currency", OLD."days", OLD."delivery", OLD."description", OLD."external_id", OLD."hourly_rate", OLD."hours", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."purpose", OLD."replaced_by_id", OLD."sharing", OLD."source", OLD."source_updated_at", OLD."updated_at", OLD."void_reason", OLD."voided_at"); RETURN NULL;',
                    hash="5405594e9fd45896af2b669add03c940fda59fe7",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a9d4e",
                    table="community_cost",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="handling",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_handlingevent" ("assigned_at", "assignee_id", "dismiss_reason", "dismissed_at", "dismissed_by_id", "id", "interaction_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "snoozed_at", "snoozed_until") VALUES (OLD."assigned_at", OLD."assignee_id", OLD."dismiss_reason", OLD."dismissed_at", OLD."dismissed_by_id", OLD."id", OLD."interaction_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."snoozed_at", OLD."snoozed_until"); RETURN NULL;',
                    hash="0d44d082213eb1c150b958af58851b4ee81eb93b",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_23ad5",
                    table="community_handling",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="helprecord",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_helprecordevent" ("answer", "contact_id", "created_at", "edited_fields", "helper_member_id", "helper_user_id", "id", "interaction_id", "minutes", "note", "origin", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "question", "rating", "recorded_by_id", "source_updated_at", "topic", "updated_at", "withdrawn_at") VALUES (OLD."answer", OLD."contact_id", OLD."created_at", OLD."edited_fields", OLD."helper_member_id", OLD."helper_user_id", OLD."id", OLD."interaction_id", OLD."minutes", OLD."note", OLD."origin", OLD."outcome", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."question", OLD."rating", OLD."recorded_by_id", OLD."source_updated_at", OLD."topic", OLD."updated_at", OLD."withdrawn_at"); RETURN NULL;',
                    hash="2290a09f5738b7cc365de4abc5cb31e2c116dc5c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a6a23",
                    table="community_helprecord",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="member",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_membercontactevent" ("contact_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."contact_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="6a6fd9c4da81ef1923c2b3dab7159e83f492d6ff",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d09b4",
                    table="community_member",
                    when="AFTER",
                ),
            ),
        ),
        gateway.migration_operations.AddTrigger(
            model_name="memberrole",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "community_memberroleevent" ("id", "member_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "since") VALUES (OLD."id", OLD."member_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."role", OLD."since"); RETURN NULL;',
                    hash="9876ae3f7d6027267a54adee68706a042f138a04",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_fc418",
                    table="community_memberrole",
                    when="AFTER",
                ),
            ),
        ),
    ]
