"""Channels as the API gives them."""

from datetime import datetime

from gateway.filters import CollectionFilters, PresenceFilter, TextFilter
from gateway.resources import Record, Resource


class ChannelRecord(Record):
    """
    One presence on one platform. `community` is a slug.

    `business_hours` is the name of the channel's own, null where the organisation's hold. A first reply is due
    within `reply_target_minutes` of business hours.
    """

    id: int
    slug: str
    name: str
    platform: str
    community: str
    business_hours: str | None
    reply_target_minutes: int | None
    archived_at: datetime | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChannelFilters(CollectionFilters):
    slug = TextFilter(max_length=50, help_text="Has this slug.")
    platform = TextFilter(max_length=50, help_text="Is on this platform.")
    community = TextFilter(
        field_name="community__slug", max_length=50, help_text="Belongs to the community of this slug."
    )
    is_archived = PresenceFilter(field_name="archived_at", help_text="Is archived.")


class Channels(Resource):
    """The presences of communities: a forum, a chat, a telephone."""

    key = "channels"
    noun = "channel"
    record = ChannelRecord
    filters = ChannelFilters
    columns = {"community": "community__slug", "business_hours": "business_hours__name"}
