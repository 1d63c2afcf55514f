"""Costs as the API gives them."""

from datetime import date, datetime, timedelta
from typing import Literal

import django_filters
from django.db.models import Q

from community.costs import restoring, voiding
from community.models import Cost
from crm.api.formats import Amount, money
from gateway.filters import CollectionFilters, DayFilter, IdFilter, PresenceFilter, TextFilter
from gateway.resources import Act, Json, Record, Resource, plain


class CostRecord(Record):
    """
    Money spent over local days, the last one (`ends_on`) inclusive.

    It is never edited: a change voids it, and `replaced_by` is the id of what stands in its place.
    """

    id: int
    source: str | None
    external_id: str | None
    description: str
    category: Literal[
        "staffing", "platform_fee", "tools", "content", "advertising", "agency", "freelancer", "rewards", "other"
    ]
    purpose: Literal["acquisition", "support", "retention"] | None
    delivery: Literal["in_house", "agency", "freelancer"]
    amount: Amount
    currency: str
    hours: str | None
    hourly_rate: str | None
    starts_on: date
    ends_on: date
    campaign: str | None
    channel: str | None
    community: str | None
    contact_id: int | None
    sharing: Literal["direct", "minutes", "touches", "even"]
    voided_at: datetime | None
    void_reason: str
    replaced_by: int | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CostFilters(CollectionFilters):
    source = TextFilter(max_length=50, help_text="Comes from this source.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    category = django_filters.ChoiceFilter(choices=Cost.Category.choices, help_text="Is of this category.")
    purpose = django_filters.ChoiceFilter(choices=Cost.Purpose.choices, help_text="Serves this purpose.")
    delivery = django_filters.ChoiceFilter(choices=Cost.Delivery.choices, help_text="Was delivered this way.")
    campaign = TextFilter(
        field_name="campaign__code",
        lookup_expr="iexact",
        max_length=100,
        help_text="Booked on the campaign of this code.",
    )
    channel = TextFilter(field_name="channel__slug", max_length=50, help_text="Booked on the channel of this slug.")
    community = TextFilter(
        field_name="community__slug", max_length=50, help_text="Booked on the community of this slug itself."
    )
    contact_id = IdFilter(help_text="Is a reward to this contact.")
    ends_from = DayFilter(field_name="days", lookup_expr="endswith__gt", help_text="Covers this day or a later one.")
    starts_until = DayFilter(field_name="days", lookup_expr="startswith__lt", help_text="Starts before this day.")
    is_voided = PresenceFilter(field_name="voided_at", help_text="Was voided; goes with `include_inactive`.")


class Costs(Resource):
    """What the community costs, when and for what."""

    key = "costs"
    noun = "cost"
    record = CostRecord
    filters = CostFilters
    columns = {
        "starts_on": "days__startswith",
        "ends_on": "days__endswith",
        "campaign": "campaign__code",
        "channel": "channel__slug",
        "community": "community__slug",
        "replaced_by": "replaced_by_id",
    }
    standing = Q(voided_at=None)
    acts = (
        Act("void", "Take a cost out of every figure, keeping it", voiding.one),
        Act("restore", "Let a cost that was voided count again", restoring.one),
    )

    def fill(self, records: list[Json]) -> None:
        for record in records:
            record["ends_on"] -= timedelta(days=1)  # stored half-open
            record["amount"] = money(record["amount"], record["currency"])
            record["hours"], record["hourly_rate"] = plain(record["hours"]), plain(record["hourly_rate"])
