from community.models.business_hours import BusinessHours, Holiday, OpeningTime
from community.models.channel import Channel, Community
from community.models.channel_size import ChannelSize
from community.models.colleague import Colleague
from community.models.cost import Cost
from community.models.handling import Handling
from community.models.help_record import HelpRecord
from community.models.interaction import Interaction
from community.models.member import Member, MemberRole
from community.models.thread import Thread
from community.models.waiting import WaitingInteraction
from community.models.watch_list import WatchListEntry

__all__ = [
    "BusinessHours",
    "Channel",
    "ChannelSize",
    "Colleague",
    "Community",
    "Cost",
    "Handling",
    "HelpRecord",
    "Holiday",
    "Interaction",
    "Member",
    "MemberRole",
    "OpeningTime",
    "Thread",
    "WaitingInteraction",
    "WatchListEntry",
]
