"""Costs by day."""

from django.db import models

from community.models import Cost
from metrics.models.references import reference


class CostDay(models.Model):
    """
    The part of a cost that falls on one local day, in minor units of the reporting currency.

    A cost is converted once, at the rate of its first day, and then spread over its days: largest
    remainder, earlier days first. A voided cost, and one without a rate, has no rows. Campaign,
    channel, community and category are read through the cost.
    """

    pk = models.CompositePrimaryKey("cost", "day")
    cost = reference(Cost)
    day = models.DateField()
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="metrics_costday_day")]

    def __str__(self) -> str:
        return f"Cost {self.cost_id} on {self.day}"
