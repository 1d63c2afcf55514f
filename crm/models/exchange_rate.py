"""Exchange rates into the reporting currency."""

import pghistory
from django.db import models
from django.db.models import Q

from crm.models.synced import Synced
from crm.money import CurrencyField


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ExchangeRate(Synced):
    """
    1 unit of `currency` = `rate` units of the reporting currency, from `date` on.

    A day uses the latest rate at or before it, at most 7 days old; without one, money of that day
    and currency stays out of the figures and is listed as not converted.
    """

    currency = CurrencyField()
    date = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "date"],
                name="crm_exchangerate_once_a_day",
                violation_error_message="There is a rate for this currency and day already.",
            ),
            models.CheckConstraint(
                name="crm_exchangerate_positive",
                condition=Q(rate__gt=0),
                violation_error_message="A rate is above zero.",
            ),
            models.CheckConstraint(
                name="crm_exchangerate_currency_iso_4217",
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                violation_error_message="The currency must be a code of ISO 4217 in capitals, such as EUR.",
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="crm_exchangerate_changes")]

    def __str__(self) -> str:
        return f"{self.currency} {self.date}"
