"""Addresses of the collections of community."""

from community.api.channel_sizes import ChannelSizes
from community.api.channels import Channels
from community.api.communities import Communities
from community.api.costs import Costs
from community.api.help_records import HelpRecords
from community.api.interactions import Interactions
from community.api.members import Members
from community.api.threads import Threads
from gateway.collection_views import resource_paths

urlpatterns = [
    *resource_paths(Communities()),
    *resource_paths(Channels()),
    *resource_paths(ChannelSizes()),
    *resource_paths(Members()),
    *resource_paths(Threads()),
    *resource_paths(Interactions()),
    *resource_paths(HelpRecords()),
    *resource_paths(Costs()),
]
