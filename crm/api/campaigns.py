"""Campaigns as the API gives them."""

from datetime import date, datetime
from typing import Literal

import django_filters

from crm.api.formats import Amount, money
from crm.models import Campaign
from gateway.filters import BooleanFilter, CollectionFilters, TextFilter
from gateway.resources import Json, Record, Resource


class CampaignRecord(Record):
    """
    A campaign, known by its code without regard to case. One that only came in by reference is
    *unconfirmed*. `ends_on` is the last day, inclusive.
    """

    id: int
    code: str
    name: str
    objective: str
    status: Literal["unconfirmed", "planned", "running", "ended", "archived"]
    starts_on: date | None
    ends_on: date | None
    budget: Amount | None
    currency: str | None
    owner: str | None
    parent: str | None
    is_pilot: bool
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CampaignFilters(CollectionFilters):
    code = TextFilter(lookup_expr="iexact", max_length=100, help_text="Has this code, in any case of letters.")
    status = django_filters.ChoiceFilter(choices=Campaign.Status.choices, help_text="Has this status.")
    is_pilot = BooleanFilter(help_text="Is a pilot.")
    parent = TextFilter(
        field_name="parent__code",
        lookup_expr="iexact",
        max_length=100,
        help_text="Is part of the campaign of this code.",
    )


class Campaigns(Resource):
    """Campaigns: what was set out to do, and the code by which its links are known."""

    key = "campaigns"
    noun = "campaign"
    record = CampaignRecord
    filters = CampaignFilters
    columns = {"owner": "owner__username", "parent": "parent__code"}

    def fill(self, records: list[Json]) -> None:
        for record in records:
            record["budget"] = money(record["budget"], record["currency"])
