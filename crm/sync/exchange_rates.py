"""Exchange rates, known by currency and day."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from crm.models import ExchangeRate
from crm.sync.fields import Currency
from gateway.drafts import Draft, write_rows
from gateway.items import Day, Item, Moment, Number
from gateway.synced import SyncedCollection
from gateway.tables import Table

RATES = Table(ExchangeRate, key=("currency", "date"))


def no_rate_of_its_own() -> str:
    """Say why the reporting currency has no rate: none would have any effect."""
    return f"{settings.KITH_CURRENCY} is the reporting currency: figures are in it, and need no rate for it."


class ExchangeRateItem(Item):
    """1 unit of `currency` = `rate` units of the reporting currency, from `date` on."""

    currency: Currency
    date: Day
    rate: Number(gt=0, digits=20, places=10) = None
    source_updated_at: Moment | None = None


class ExchangeRates(SyncedCollection):
    key = "exchange-rates"
    item = ExchangeRateItem
    model = ExchangeRate
    key_fields = ("currency", "date")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        for draft in drafts:
            if draft.key[0] == settings.KITH_CURRENCY:
                draft.fail("currency", "reporting_currency", no_rate_of_its_own())
            draft.row_key, draft.values = draft.key, dict(draft.facts)
        write_rows(RATES, drafts, required=["rate"])

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)
