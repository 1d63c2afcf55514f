"""Exchange rates as the API gives them."""

from datetime import date, datetime

from gateway.filters import CollectionFilters, DayFilter, TextFilter
from gateway.resources import Json, Record, Resource, plain


class ExchangeRateRecord(Record):
    """1 unit of `currency` is `rate` units of the reporting currency, from `date` on."""

    id: int
    currency: str
    date: date
    rate: str
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ExchangeRateFilters(CollectionFilters):
    currency = TextFilter(max_length=3, help_text="Of this currency.")
    date_from = DayFilter(field_name="date", lookup_expr="gte", help_text="Of this day or later.")
    date_until = DayFilter(field_name="date", lookup_expr="lt", help_text="Of a day before this one.")


class ExchangeRates(Resource):
    """Rates into the reporting currency."""

    key = "exchange-rates"
    noun = "exchange rate"
    record = ExchangeRateRecord
    filters = ExchangeRateFilters

    def fill(self, records: list[Json]) -> None:
        for record in records:
            record["rate"] = plain(record["rate"])
