"""Costs: what the community costs, when, for what, and how it is shared."""

from datetime import timedelta

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import LessThanOrEqual

from community.models.channel import Channel, Community
from crm.models import Campaign, Contact
from crm.models.synced import Synced
from crm.money import AmountField, CurrencyField, money_constraints


class CostQuerySet(models.QuerySet["Cost"]):
    def standing(self) -> "CostQuerySet":
        """Costs that count: not voided."""
        return self.filter(voided_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Cost(Synced):
    """
    Money spent over a span of local days, for a campaign, channel or community, or for one person.

    `days` is half-open; screens, CSV and the API show its last day, inclusive. The scopes are
    independent and optional; `contact` makes it a reward. A cost is never edited: it is voided and
    replaced. `sharing` says by what a person's share of it is computed: `direct` (not shared),
    minutes of help, touches, or even.
    """

    class Category(models.TextChoices):
        STAFFING = "staffing", "staffing"
        PLATFORM_FEE = "platform_fee", "platform fee"
        TOOLS = "tools", "tools"
        CONTENT = "content", "content"
        ADVERTISING = "advertising", "advertising"
        AGENCY = "agency", "agency"
        FREELANCER = "freelancer", "freelancer"
        REWARDS = "rewards", "rewards"
        OTHER = "other", "other"

    class Purpose(models.TextChoices):
        ACQUISITION = "acquisition", "acquisition"
        SUPPORT = "support", "support"
        RETENTION = "retention", "retention"

    class Delivery(models.TextChoices):
        IN_HOUSE = "in_house", "in-house"
        AGENCY = "agency", "agency"
        FREELANCER = "freelancer", "freelancer"

    class Sharing(models.TextChoices):
        DIRECT = "direct", "direct: not shared"
        MINUTES = "minutes", "by minutes of help"
        TOUCHES = "touches", "by touches"
        EVEN = "even", "evenly"

    source = models.CharField(max_length=50, null=True, blank=True)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    description = models.CharField(max_length=255, blank=True, default="", db_default="")
    category = models.CharField(max_length=20, choices=Category)
    purpose = models.CharField(max_length=15, choices=Purpose, null=True, blank=True)
    delivery = models.CharField(
        max_length=15, choices=Delivery, default=Delivery.IN_HOUSE, db_default=Delivery.IN_HOUSE
    )
    amount = AmountField()
    currency = CurrencyField()
    hours = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True, help_text="hours of labour")
    hourly_rate = models.DecimalField(
        max_digits=11, decimal_places=3, null=True, blank=True, help_text="loaded rate per hour, in the cost's currency"
    )
    days = DateRangeField(help_text="local days covered, half-open")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    community = models.ForeignKey(Community, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="costs", help_text="a reward to a person"
    )
    sharing = models.CharField(max_length=10, choices=Sharing, default=Sharing.DIRECT, db_default=Sharing.DIRECT)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=255, blank=True, default="", db_default="")
    replaced_by = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaces", editable=False
    )

    objects = CostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=Q(replaced_by__isnull=True),
                name="community_cost_unique_ref",
                violation_error_message="Another cost has this source and external id.",
            ),
            models.CheckConstraint(
                name="community_cost_ref_paired",
                condition=Q(source__isnull=True, external_id__isnull=True)
                | Q(source__isnull=False, external_id__isnull=False),
                violation_error_message="Source and external id are given together or not at all.",
            ),
            models.CheckConstraint(
                name="community_cost_days_bounded",
                condition=Q(days__isempty=False, days__lower_inf=False, days__upper_inf=False),
                violation_error_message="A cost covers at least one day and has a first and a last one.",
            ),
            models.CheckConstraint(
                name="community_cost_days_at_most_ten_years",
                condition=LessThanOrEqual(
                    Func(F("days"), function="upper", output_field=models.DateField())
                    - Func(F("days"), function="lower", output_field=models.DateField()),
                    timedelta(days=3660),
                ),
                violation_error_message="A cost covers at most ten years.",
            ),
            models.CheckConstraint(
                name="community_cost_category_known",
                condition=Q(
                    category__in=[
                        "staffing",
                        "platform_fee",
                        "tools",
                        "content",
                        "advertising",
                        "agency",
                        "freelancer",
                        "rewards",
                        "other",
                    ]
                ),
                violation_error_message="The category is not one that Kith knows.",
            ),
            models.CheckConstraint(
                name="community_cost_purpose_known",
                condition=Q(purpose__isnull=True) | Q(purpose__in=["acquisition", "support", "retention"]),
                violation_error_message="The purpose is one of acquisition, support, retention.",
            ),
            models.CheckConstraint(
                name="community_cost_delivery_known",
                condition=Q(delivery__in=["in_house", "agency", "freelancer"]),
                violation_error_message="The delivery is one of in_house, agency, freelancer.",
            ),
            models.CheckConstraint(
                name="community_cost_sharing_known",
                condition=Q(sharing__in=["direct", "minutes", "touches", "even"]),
                violation_error_message="The sharing rule is one of direct, minutes, touches, even.",
            ),
            models.CheckConstraint(
                name="community_cost_hours_positive",
                condition=Q(hours__isnull=True) | Q(hours__gt=0),
                violation_error_message="Hours are above zero.",
            ),
            models.CheckConstraint(
                name="community_cost_rate_needs_hours",
                condition=Q(hourly_rate__isnull=True) | Q(hours__isnull=False, hourly_rate__gte=0),
                violation_error_message="An hourly rate needs hours.",
            ),
            models.CheckConstraint(
                name="community_cost_void_paired",
                condition=Q(voided_at__isnull=False) | Q(void_reason="", replaced_by__isnull=True),
                violation_error_message="Only a voided cost has a reason or a replacement.",
            ),
            *money_constraints("community_cost"),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="community_cost_changes")]

    def __str__(self) -> str:
        return self.description or f"{self.get_category_display()} {self.external_id or self.pk}"
