"""
What metrics shows on the pages of crm and community: figures, and the credits behind them.

One file per page and one line here. Each panel answers for many objects in a fixed number of queries.
"""

from community.extensions import channel_panels, community_panels, interaction_panels, member_panels
from crm.extensions import campaign_panels, contact_panels, conversion_panels
from metrics.panels.campaign import CampaignFigures
from metrics.panels.contact import BuyerFigures, HelperFigures
from metrics.panels.conversion import ConversionCredits
from metrics.panels.interaction import InteractionCredits
from metrics.panels.member import MemberFigures
from metrics.panels.place import ChannelFigures, CommunityFigures, KnownPeople


def register_panels() -> None:
    """Put the panels on the pages of the apps below: called once, when Kith starts."""
    campaign_panels.register(CampaignFigures())
    conversion_panels.register(ConversionCredits())
    contact_panels.register(BuyerFigures())
    contact_panels.register(HelperFigures())
    member_panels.register(MemberFigures())
    interaction_panels.register(InteractionCredits())
    channel_panels.register(ChannelFigures())
    channel_panels.register(KnownPeople())
    community_panels.register(CommunityFigures())
