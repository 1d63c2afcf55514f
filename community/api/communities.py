"""Communities as the API gives them."""

from datetime import datetime
from typing import Literal

import django_filters

from community.models import Community
from gateway.filters import CollectionFilters, PresenceFilter, TextFilter
from gateway.resources import Json, Record, Resource, plain


class CommunityRecord(Record):
    """A place with a purpose. `target` is in the unit of the purpose measure."""

    id: int
    slug: str
    name: str
    purpose: str
    purpose_measure: Literal["people_helped", "questions_answered", "mean_rating", "cost_per_person_helped"]
    target: str | None
    archived_at: datetime | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CommunityFilters(CollectionFilters):
    slug = TextFilter(max_length=50, help_text="Has this slug.")
    purpose_measure = django_filters.ChoiceFilter(
        choices=Community.PurposeMeasure.choices, help_text="Is measured by this."
    )
    is_archived = PresenceFilter(field_name="archived_at", help_text="Is archived.")


class Communities(Resource):
    """Places with a purpose, and the measure of it."""

    key = "communities"
    noun = "community"
    record = CommunityRecord
    filters = CommunityFilters

    def fill(self, records: list[Json]) -> None:
        for record in records:
            record["target"] = plain(record["target"])
