"""Campaigns, known by their code without regard to case."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from crm.models import Campaign
from crm.models.campaign import wait_for_parents
from crm.sync.fields import Amount, Currency, money_problems
from crm.sync.references import CAMPAIGNS, campaign_ids, resolve_users
from gateway.collections import FieldError
from gateway.drafts import Draft, write_rows
from gateway.items import Day, Item, Moment, Name, Text, Username
from gateway.synced import ARCHIVE, SyncedCollection
from gateway.tables import Key


class CampaignItem(Item):
    """A campaign. `parent` is the code of another one, created when unknown; `owner` is a username."""

    code: Name(100)
    name: Text(255) | None = None
    objective: Text() | None = None
    status: Literal["planned", "running", "ended", "archived"] = "planned"
    starts_on: Day | None = None
    ends_on: Day | None = None
    budget: Amount | None = None
    currency: Currency | None = None
    owner: Username | None = None
    parent: Name(100) | None = None
    is_pilot: bool = False
    source_updated_at: Moment | None = None


class Campaigns(SyncedCollection):
    key = "campaigns"
    item = CampaignItem
    model = Campaign
    key_fields = ("code",)
    instead_of_deleting = ARCHIVE

    def identity(self, item: Any) -> Key:
        return (item.code.lower(),)

    def facts_of(self, item: Any) -> dict[str, Any]:
        return super().facts_of(item) | {"code": item.code}

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        yield from money_problems(facts, amount="budget")
        starts_on, ends_on = facts.get("starts_on"), facts.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            yield FieldError("ends_on", "ends_before_start", "A campaign cannot end before it starts.")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        parents = campaign_ids(draft.facts["parent"] for draft in drafts if draft.facts.get("parent"))
        for draft in drafts:
            facts = dict(draft.facts)
            draft.row_key = (facts.pop("code"),)
            facts.pop("owner", None)
            if "parent" in facts:
                parent = facts.pop("parent")
                facts["parent_id"] = parents[parent.lower()] if parent else None
            draft.values = CAMPAIGNS.columns(facts)
        resolve_users(drafts, "owner", "owner_id")
        gives_parents = any(draft.values.get("parent_id") for draft in drafts)
        write_rows(CAMPAIGNS, drafts, beforehand=lambda ids: wait_for_parents() if ids and gives_parents else None)

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
