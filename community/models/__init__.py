from community.models.channel import Channel, Community
from community.models.cost import Cost
from community.models.help_record import HelpRecord
from community.models.interaction import Interaction
from community.models.member import Member, MemberRole
from community.models.thread import Thread

__all__ = ["Channel", "Community", "Cost", "HelpRecord", "Interaction", "Member", "MemberRole", "Thread"]
