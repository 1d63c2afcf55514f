"""Sizes of channels as the API gives them."""

from datetime import date, datetime

from gateway.filters import CollectionFilters, DayFilter, TextFilter
from gateway.resources import Record, Resource


class ChannelSizeRecord(Record):
    """How many followers or members a channel had on a local day, as its platform counts them."""

    id: int
    channel: str
    day: date
    people: int
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChannelSizeFilters(CollectionFilters):
    channel = TextFilter(field_name="channel__slug", max_length=50, help_text="Of the channel of this slug.")
    day_from = DayFilter(field_name="day", lookup_expr="gte", help_text="Of this day or later.")
    day_until = DayFilter(field_name="day", lookup_expr="lt", help_text="Of a day before this one.")


class ChannelSizes(Resource):
    """How many people channels reach, day by day: a denominator, never added up over channels."""

    key = "channel-sizes"
    noun = "channel size"
    record = ChannelSizeRecord
    filters = ChannelSizeFilters
    columns = {"channel": "channel__slug"}
