"""Communities and the channels on which they live."""

from decimal import ROUND_HALF_UP, Decimal

import pghistory
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from community.models.business_hours import BusinessHours
from crm.models.synced import Synced
from crm.money import quantise


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Community(Synced):
    """
    A place with a purpose, and the measure by which we say whether it serves it (social ROI).

    `target` is in the unit of the measure: persons, threads, a rating from 1 to 5, or money per
    person in the reporting currency.
    """

    class PurposeMeasure(models.TextChoices):
        PEOPLE_HELPED = "people_helped", "people helped"
        QUESTIONS_ANSWERED = "questions_answered", "questions answered"
        MEAN_RATING = "mean_rating", "mean rating"
        COST_PER_PERSON_HELPED = "cost_per_person_helped", "cost per person helped"

        def in_its_unit(self, value: Decimal) -> Decimal:
            """Return a measure, or a target for it, as people write it: 808 people, 4.25 stars, 12.50 of money."""
            if self is Community.PurposeMeasure.COST_PER_PERSON_HELPED:
                return quantise(value, settings.KITH_CURRENCY)
            rounded = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            return rounded.to_integral_value() if rounded == rounded.to_integral_value() else rounded

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=255)
    purpose = models.TextField(blank=True, default="", db_default="")
    purpose_measure = models.CharField(
        max_length=30,
        choices=PurposeMeasure,
        default=PurposeMeasure.PEOPLE_HELPED,
        db_default=PurposeMeasure.PEOPLE_HELPED,
    )
    target = models.DecimalField(max_digits=13, decimal_places=3, null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "communities"
        constraints = [
            models.CheckConstraint(
                name="community_community_measure_known",
                condition=Q(
                    purpose_measure__in=["people_helped", "questions_answered", "mean_rating", "cost_per_person_helped"]
                ),
                violation_error_message="The purpose measure is not one that Kith knows.",
            ),
            models.CheckConstraint(
                name="community_community_target_not_negative",
                condition=Q(target__isnull=True) | Q(target__gte=0),
                violation_error_message="A target cannot be negative.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Channel(Synced):
    """One presence on one platform: a forum, a Slack workspace, an Instagram account, "phone", "event"."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=255)
    platform = models.CharField(max_length=50, help_text="such as discourse, instagram, discord, phone, event")
    community = models.ForeignKey(Community, on_delete=models.PROTECT, related_name="channels")
    business_hours = models.ForeignKey(
        BusinessHours,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="channels",
        help_text="empty: the organisation's",
    )
    reply_target_minutes = models.PositiveIntegerField(
        "reply within",
        null=True,
        blank=True,
        validators=[MinValueValidator(1, "Give at least one minute, or leave it empty: no target.")],
        help_text="minutes of business hours in which a first reply is due; empty: no target",
    )
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="community_channel_target_of_a_minute",
                condition=Q(reply_target_minutes__isnull=True) | Q(reply_target_minutes__gte=1),
                violation_error_message="A first reply is due within at least one minute; empty: no target.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
