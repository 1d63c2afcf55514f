from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Who our customers are and what they bring: contacts, companies, campaigns, conversions, money."""

    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        """Register what can be synced, and what crm itself shows on the contact page."""
        import crm.personal_data.tasks  # noqa: F401 - Celery looks for tasks in the modules named so of each app alone
        from crm.duplicates.job_reports import JoinedPairs, TakenApart
        from crm.duplicates.panel import SamePerson
        from crm.duplicates.sources import ADDRESSES, COLLEAGUES, NAMES, REFERENCES, SUGGESTED, TOLD
        from crm.extensions import (
            contact_actions,
            contact_panels,
            duplicate_sources,
            merge_previews,
            personal_data,
            start_panels,
            timeline_sources,
        )
        from crm.merging.preview import Records
        from crm.motivation import CONFIDENCES
        from crm.permissions import VIEW_ADDRESSES
        from crm.personal_data.actions import ACTIONS
        from crm.personal_data.declared import DECLARED
        from crm.start_panels import MyFollowUps
        from crm.sync.campaigns import Campaigns
        from crm.sync.companies import Companies
        from crm.sync.contacts import Contacts
        from crm.sync.conversions import Conversions
        from crm.sync.exchange_rates import ExchangeRates
        from crm.sync.notes import FollowUps, Notes
        from crm.timeline.sources import SOURCES
        from gateway.collections import collections
        from gateway.history import confidences
        from gateway.panels import PageAction
        from gateway.scopes import GivenScope, PermissionScope, given_scopes, permission_scopes
        from jobs.extensions import job_reports

        for collection in (Companies, Contacts, Campaigns, Conversions, ExchangeRates, Notes, FollowUps):
            collections.register(collection())
        permission_scopes.register(
            PermissionScope(VIEW_ADDRESSES, "addresses:read", "e-mail addresses and telephone numbers of contacts")
        )
        for part in ("contactref", "consent", "outcomemark"):
            permission_scopes.register(PermissionScope(f"crm.view_{part}", "contacts:read", "what hangs on a contact"))
        for given in (
            # An item of a contact brings its addresses, references and consents along.
            GivenScope(
                "contacts:write",
                tuple(
                    f"crm.{act}_{part}"
                    for part in ("contactpoint", "contactref", "consent")
                    for act in ("add", "change")
                ),
            ),
            GivenScope(
                "contacts:merge",
                ("crm.merge_contact", "crm.view_contact", "crm.view_merge", "crm.view_duplicatesuggestion"),
            ),
            GivenScope("contacts:export", ("crm.export_personal_data",)),
        ):
            given_scopes.register(given)
        for action in (
            PageAction(
                key="note",
                label="Note",
                icon="sticky_note_2",
                page="admin:crm_note_write",
                permission="crm.add_note",
                order=20,
                is_dialog=True,
                shortcut="n",
            ),
            PageAction(
                key="wishes",
                label="Wishes",
                icon="front_hand",
                page="admin:crm_contact_wishes",
                permission="crm.note_wishes",
                order=40,
                is_dialog=True,
                is_in_rows=False,
                shortcut="w",
            ),
            PageAction(
                key="correct",
                label="Correct",
                icon="edit",
                page="admin:crm_contact_correct",
                permission="crm.correct_contact",
                order=50,
                is_dialog=True,
                is_in_rows=False,
                shortcut="e",
            ),
            PageAction(
                key="follow_up",
                label="Follow-up",
                icon="event_upcoming",
                page="admin:crm_followup_plan",
                permission="crm.add_followup",
                order=30,
                is_dialog=True,
                shortcut="f",
            ),
        ):
            contact_actions.register(action)
        for confidence in CONFIDENCES:
            confidences.register(confidence)
        for source in SOURCES:
            timeline_sources.register(source)
        merge_previews.register(Records())
        for duplicates in (ADDRESSES, REFERENCES, NAMES, COLLEAGUES, SUGGESTED, TOLD):
            duplicate_sources.register(duplicates)
        contact_panels.register(SamePerson())
        for report in (JoinedPairs(), TakenApart()):
            job_reports.register(report)
        start_panels.register(MyFollowUps())
        for action in ACTIONS:
            contact_actions.register(action)
        for declaration in DECLARED:
            personal_data.register(declaration)
