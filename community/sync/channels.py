"""Channels, known by their slug."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from community.models import Channel
from community.sync.references import BUSINESS_HOURS, CHANNELS, COMMUNITIES
from gateway.drafts import Draft, write_rows
from gateway.items import Item, Moment, Name, Slug
from gateway.synced import ARCHIVE, SyncedCollection


class ChannelItem(Item):
    """
    A channel of a community, which must exist. `archived_at` retires it.

    `business_hours` are called by their name and must exist too; null: the organisation's. A first reply
    is due within `reply_target_minutes` of those hours; null: there is no target.
    """

    slug: Slug
    name: Name(255) = ""
    platform: Name(50) = ""
    community: Slug = ""
    business_hours: Name(100) | None = None
    reply_target_minutes: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    archived_at: Moment | None = None
    source_updated_at: Moment | None = None


class Channels(SyncedCollection):
    key = "channels"
    item = ChannelItem
    model = Channel
    key_fields = ("slug",)
    instead_of_deleting = ARCHIVE

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        known = COMMUNITIES.locate({(draft.facts["community"],) for draft in drafts if "community" in draft.facts})
        hours = BUSINESS_HOURS.locate(
            {(draft.facts["business_hours"],) for draft in drafts if draft.facts.get("business_hours") is not None}
        )
        for draft in drafts:
            facts = dict(draft.facts)
            if "community" in facts:
                slug = facts.pop("community")
                if (slug,) not in known:
                    message = f"There is no community '{slug}'. Create it first."
                    draft.fail("community", "unknown_community", message)
                    continue
                facts["community_id"] = known[(slug,)][0]
            if "business_hours" in facts:
                name = facts.pop("business_hours")
                if name is not None and (name,) not in hours:
                    message = (
                        f"There are no business hours '{name}'. Add them in the admin first, or send null for the "
                        "organisation's."
                    )
                    draft.fail("business_hours", "unknown_business_hours", message)
                    continue
                facts["business_hours_id"] = None if name is None else hours[(name,)][0]
            draft.row_key, draft.values = draft.key, facts
        write_rows(CHANNELS, drafts, required=["name", "platform", "community_id"])

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
