"""
Daily sums of the ledger, kept by difference in the transaction that changes the ledger.

Amounts are minor units of the reporting currency; days are local days. A row exists exactly while a
row of the ledger (or a result) contributes to it, so sums over any period equal sums over the ledger.
Where nothing fits (no campaign, no channel, a guest) the id is 0. Counts of people and of distinct
conversions are never summed from here.
"""

from django.db import models

from metrics.models.credit import Credit


class CreditSums(models.Model):
    """What every roll-up of the ledger holds: how many credits (refunds' too), and what each model credits."""

    credits = models.PositiveIntegerField(help_text="rows of the ledger that stand behind this")
    first_touch_minor = models.BigIntegerField()
    last_touch_minor = models.BigIntegerField()
    linear_minor = models.BigIntegerField()
    position_based_minor = models.BigIntegerField()
    time_decay_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class CampaignDay(CreditSums):
    """Credit by campaign and day; campaign 0: touches of no campaign."""

    pk = models.CompositePrimaryKey("campaign_id", "day")
    campaign_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="metrics_campaignday_day")]

    def __str__(self) -> str:
        return f"Campaign {self.campaign_id} on {self.day}"


class ChannelDay(CreditSums):
    """Credit by channel and day; channel 0: a conversion's own UTM code, which no channel carried."""

    pk = models.CompositePrimaryKey("channel_id", "day")
    channel_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="metrics_channelday_day")]

    def __str__(self) -> str:
        return f"Channel {self.channel_id} on {self.day}"


class HelperDay(CreditSums):
    """
    Credit by who did the touch, and day.

    `member_id` is the account of another community member; for the kinds self, staff and unknown it
    is 0. Accounts lead to persons when read, so that merging two people rewrites nothing here.
    """

    pk = models.CompositePrimaryKey("actor_kind", "member_id", "day")
    actor_kind = models.CharField(max_length=7, choices=Credit.ActorKind)
    member_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="metrics_helperday_day")]

    def __str__(self) -> str:
        return f"{self.actor_kind} {self.member_id} on {self.day}"


class RevenueSums(models.Model):
    """
    What every roll-up of results holds.

    Revenue = credited + unattributed + staff purchases; refunds are in all of them as negatives.
    `conversions` leaves refunds out and counts those that could not be converted; `results` counts
    every row behind this, refunds too.
    """

    results = models.PositiveIntegerField(help_text="conversions and refunds that stand behind this")
    conversions = models.PositiveIntegerField()
    revenue_minor = models.BigIntegerField()
    credited_minor = models.BigIntegerField()
    unattributed_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class PersonDay(RevenueSums):
    """Revenue by buyer and day; person 0: guest orders. What is neither credited nor unattributed is staff's."""

    pk = models.CompositePrimaryKey("person_id", "day")
    person_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        permissions = [("view_person_value", "Can see what a person brought")]
        indexes = [models.Index(fields=["day"], name="metrics_personday_day")]

    def __str__(self) -> str:
        return f"Person {self.person_id} on {self.day}"


class TotalDay(RevenueSums):
    """Revenue of everybody by day, with the line of staff purchases."""

    day = models.DateField(primary_key=True)
    staff_minor = models.BigIntegerField()

    def __str__(self) -> str:
        return f"Total on {self.day}"
