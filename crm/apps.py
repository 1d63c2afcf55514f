from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Who our customers are and what they bring: contacts, companies, campaigns, conversions, money."""

    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        """Register what can be synced, and what crm itself shows on the contact page."""
        from crm.contact_points import VIEW_ADDRESSES
        from crm.duplicates.panel import SamePerson
        from crm.duplicates.sources import ADDRESSES, NAMES, REFERENCES
        from crm.extensions import contact_panels, duplicate_sources, merge_previews, stage_facts, timeline_sources
        from crm.merging.preview import Records
        from crm.stages import FirstConversions, RecordedStages
        from crm.sync.campaigns import Campaigns
        from crm.sync.companies import Companies
        from crm.sync.contacts import Contacts
        from crm.sync.conversions import Conversions
        from crm.sync.exchange_rates import ExchangeRates
        from crm.timeline.sources import SOURCES
        from gateway.collections import collections
        from gateway.scopes import PermissionScope, permission_scopes

        for collection in (Companies, Contacts, Campaigns, Conversions, ExchangeRates):
            collections.register(collection())
        permission_scopes.register(
            PermissionScope(VIEW_ADDRESSES, "addresses:read", "e-mail addresses and telephone numbers of contacts")
        )
        for part in ("contactref", "consent", "outcomemark"):
            permission_scopes.register(PermissionScope(f"crm.view_{part}", "contacts:read", "what hangs on a contact"))
        for source in SOURCES:
            timeline_sources.register(source)
        for facts in (RecordedStages(), FirstConversions()):
            stage_facts.register(facts)
        merge_previews.register(Records())
        for duplicates in (ADDRESSES, REFERENCES, NAMES):
            duplicate_sources.register(duplicates)
        contact_panels.register(SamePerson())
