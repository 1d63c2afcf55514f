"""Companies, known by what other systems call them."""

from collections.abc import Sequence
from datetime import datetime

from crm.models import Company
from crm.sync.references import COMPANIES
from gateway.drafts import Draft, write_rows
from gateway.items import ExternalId, Item, Moment, Name, Source, Text
from gateway.synced import SyncedCollection


class CompanyItem(Item):
    """A company. One that was only named so far is called by its external id."""

    source: Source
    external_id: ExternalId
    name: Name(255) = ""
    domain: Text(255) | None = None
    source_updated_at: Moment | None = None


class Companies(SyncedCollection):
    key = "companies"
    item = CompanyItem
    model = Company
    key_fields = ("source", "external_id")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        for draft in drafts:
            draft.row_key, draft.values = draft.key, COMPANIES.columns(draft.facts)
        write_rows(COMPANIES, drafts, required=["name"])

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
