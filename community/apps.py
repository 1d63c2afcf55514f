from django.apps import AppConfig


class CommunityConfig(AppConfig):
    """Where we meet people, what happened there and what it cost."""

    name = "community"

    def ready(self) -> None:
        """Register what can be synced, and put community's panels on crm's contact page."""
        from community.duplicates import EVIDENCE, HANDLES, HANDLES_AND_NAMES, SIMILAR_HANDLES
        from community.extensions import interaction_actions, interaction_panels, thread_actions, thread_panels
        from community.merge_preview import AccountsTogether
        from community.panels import Accounts, Help, SaidAround, SaidInThread
        from community.personal_data import DECLARED
        from community.private_texts import READ_PRIVATE
        from community.sync.channel_sizes import ChannelSizes
        from community.sync.channels import Channels
        from community.sync.communities import Communities
        from community.sync.costs import Costs
        from community.sync.help_records import HelpRecords
        from community.sync.interactions import Interactions
        from community.sync.members import Members
        from community.sync.threads import Threads
        from community.tiles import ExchangeTiles, RatingTile
        from community.timeline import ACCOUNT_CHANGES, HelpEntries, InteractionEntries
        from crm.duplicates.evidence import evidence
        from crm.extensions import (
            contact_actions,
            contact_list_actions,
            contact_panels,
            contact_tiles,
            duplicate_sources,
            merge_previews,
            personal_data,
            timeline_sources,
        )
        from gateway.collections import collections
        from gateway.panels import PageAction
        from gateway.scopes import GivenScope, PermissionScope, given_scopes, permission_scopes

        for collection in (Communities, Channels, ChannelSizes, Members, Threads, Interactions, HelpRecords, Costs):
            collections.register(collection())
        for panel in (Accounts(), Help()):
            contact_panels.register(panel)
        interaction_panels.register(SaidAround())
        thread_panels.register(SaidInThread())
        for tiles in (ExchangeTiles(), RatingTile()):
            contact_tiles.register(tiles)
        for source in (InteractionEntries(), HelpEntries(), ACCOUNT_CHANGES):
            timeline_sources.register(source)
        for actions, page in (
            (contact_actions, "admin:crm_contact_record_help"),
            (contact_list_actions, "admin:community_helprecord_record"),
            (interaction_actions, "admin:community_interaction_record_help"),
            (thread_actions, "admin:community_thread_record_help"),
        ):
            actions.register(
                PageAction(
                    key="record_help",
                    label="Record help",
                    icon="volunteer_activism",
                    page=page,
                    permission="community.add_helprecord",
                    order=10,
                    is_dialog=True,
                    shortcut="h",
                )
            )
        merge_previews.register(AccountsTogether())
        for kind in EVIDENCE:
            evidence.register(kind)
        for duplicates in (HANDLES, SIMILAR_HANDLES, HANDLES_AND_NAMES):
            duplicate_sources.register(duplicates)
        permission_scopes.register(
            PermissionScope(READ_PRIVATE, "private-interactions:read", "what was said in private")
        )
        given_scopes.register(GivenScope("members:write", ("community.add_memberrole", "community.change_memberrole")))
        for declaration in DECLARED:
            personal_data.register(declaration)
