"""Communities, known by their slug."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from community.models import Community
from community.sync.references import COMMUNITIES
from gateway.drafts import Draft, write_rows
from gateway.items import Item, Moment, Name, Number, Slug, Text
from gateway.synced import ARCHIVE, SyncedCollection


class CommunityItem(Item):
    """A community: a place with a purpose and the measure by which it is judged. `archived_at` retires it."""

    slug: Slug
    name: Name(255) = ""
    purpose: Text() | None = None
    purpose_measure: Literal["people_helped", "questions_answered", "mean_rating", "cost_per_person_helped"] = (
        "people_helped"
    )
    target: Number(ge=0, digits=13, places=3) | None = None
    archived_at: Moment | None = None
    source_updated_at: Moment | None = None


class Communities(SyncedCollection):
    key = "communities"
    item = CommunityItem
    model = Community
    key_fields = ("slug",)
    instead_of_deleting = ARCHIVE

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        for draft in drafts:
            draft.row_key, draft.values = draft.key, COMMUNITIES.columns(draft.facts)
        write_rows(COMMUNITIES, drafts, required=["name"])

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
