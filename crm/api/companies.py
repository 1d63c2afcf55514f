"""Companies as the API gives them."""

from datetime import datetime

from gateway.filters import CollectionFilters, TextFilter
from gateway.resources import Record, Resource


class CompanyRecord(Record):
    """A company that contacts work for. One entered by staff has neither source nor external id."""

    id: int
    source: str | None
    external_id: str | None
    name: str
    domain: str
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CompanyFilters(CollectionFilters):
    source = TextFilter(max_length=50, help_text="Comes from this source.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    name = TextFilter(max_length=255, help_text="Has exactly this name.")
    domain = TextFilter(lookup_expr="iexact", max_length=255, help_text="Has this domain.")


class Companies(Resource):
    """Companies that contacts work for."""

    key = "companies"
    noun = "company"
    record = CompanyRecord
    filters = CompanyFilters
    orderings = ("id", "updated_at", "name")
