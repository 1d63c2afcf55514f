from django.apps import AppConfig


class CommunityConfig(AppConfig):
    """Where we meet people, what happened there and what it cost."""

    name = "community"

    def ready(self) -> None:
        """Register what can be synced, and put community's panels on crm's contact page."""
        from community.panels import Accounts, Help, LastInteractions
        from community.sync.channels import Channels
        from community.sync.communities import Communities
        from community.sync.costs import Costs
        from community.sync.help_records import HelpRecords
        from community.sync.interactions import Interactions
        from community.sync.members import Members
        from community.sync.threads import Threads
        from crm.extensions import contact_panels
        from gateway.collections import collections

        for collection in (Communities, Channels, Members, Threads, Interactions, HelpRecords, Costs):
            collections.register(collection())
        for panel in (Accounts(), Help(), LastInteractions()):
            contact_panels.register(panel)
