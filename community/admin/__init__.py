"""community in the admin: one module per aggregate, registered by being imported here."""

from community.admin.business_hours import BusinessHoursAdmin
from community.admin.channel import ChannelAdmin, CommunityAdmin
from community.admin.channel_size import ChannelSizeAdmin
from community.admin.cost import CostAdmin
from community.admin.help_record import HelpRecordAdmin
from community.admin.interaction import InteractionAdmin
from community.admin.member import MemberAdmin
from community.admin.thread import ThreadAdmin

__all__ = [
    "BusinessHoursAdmin",
    "ChannelAdmin",
    "ChannelSizeAdmin",
    "CommunityAdmin",
    "CostAdmin",
    "HelpRecordAdmin",
    "InteractionAdmin",
    "MemberAdmin",
    "ThreadAdmin",
]
