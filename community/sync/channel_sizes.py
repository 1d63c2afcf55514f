"""Sizes of channels, known by channel and day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from community.models import ChannelSize
from community.sync.references import resolve_channels
from gateway.drafts import Draft, write_rows
from gateway.items import Day, Item, Moment, Slug
from gateway.synced import SyncedCollection
from gateway.tables import Table

SIZES = Table(ChannelSize, key=("channel_id", "day"))


class ChannelSizeItem(Item):
    """
    How many followers or members a channel had on a local day, as its platform counts them.

    The channel must exist. Of two numbers for one day the later one sent replaces the other.
    """

    channel: Slug
    day: Day
    people: Annotated[int, Field(ge=0, le=2**53)] = None
    source_updated_at: Moment | None = None


class ChannelSizes(SyncedCollection):
    key = "channel-sizes"
    item = ChannelSizeItem
    model = ChannelSize
    key_fields = ("channel", "day")
    key_paths = {"channel": "channel__slug"}

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        drafts = resolve_channels(drafts)
        for draft in drafts:
            draft.values = dict(draft.facts)
        write_rows(SIZES, drafts, required=["people"])

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
