"""Channels, known by their slug."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from community.models import Channel
from community.sync.references import CHANNELS, COMMUNITIES
from gateway.drafts import Draft, write_rows
from gateway.items import Item, Moment, Name, Slug
from gateway.synced import SyncedCollection


class ChannelItem(Item):
    """A channel of a community, which must exist. `archived_at` retires it."""

    slug: Slug
    name: Name(255) = ""
    platform: Name(50) = ""
    community: Slug = ""
    archived_at: Moment | None = None
    source_updated_at: Moment | None = None


class Channels(SyncedCollection):
    key = "channels"
    item = ChannelItem
    model = Channel
    key_fields = ("slug",)

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        known = COMMUNITIES.locate({(draft.facts["community"],) for draft in drafts if "community" in draft.facts})
        for draft in drafts:
            facts = dict(draft.facts)
            if "community" in facts:
                slug = facts.pop("community")
                if (slug,) not in known:
                    message = f"There is no community '{slug}'. Create it first."
                    draft.fail("community", "unknown_community", message)
                    continue
                facts["community_id"] = known[(slug,)][0]
            draft.row_key, draft.values = draft.key, facts
        write_rows(CHANNELS, drafts, required=["name", "platform", "community_id"])

    def key_of(self, pk: int) -> Mapping[str, object]:
        return self.stored(pk, "slug")

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
