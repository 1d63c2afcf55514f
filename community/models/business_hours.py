"""Business hours: when somebody is there to answer, by channel, with the organisation's as default."""

from zoneinfo import available_timezones

import pghistory
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q


def known_zone(name: str) -> None:
    """Refuse what is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(f"'{name}' is no IANA time zone. One is 'Europe/Copenhagen'.")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class BusinessHours(models.Model):
    """
    A week of opening hours on the clocks of one zone, and the days on which nobody is there.

    A channel without hours of its own has those marked as default, the organisation's; when there are none
    either, every hour counts. Hours without any opening are never open.
    """

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(
        max_length=64, validators=[known_zone], help_text="IANA name, such as Europe/Copenhagen"
    )
    is_default = models.BooleanField(
        "default", default=False, db_default=False, help_text="the organisation's: for every channel without its own"
    )

    class Meta:
        verbose_name_plural = "business hours"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="community_businesshours_one_default",
                violation_error_message="Other business hours are the default already: take the mark off them first.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class OpeningTime(models.Model):
    """From when to when somebody is there on one weekday. Closing at 00:00 means the midnight that ends the day."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    hours = models.ForeignKey(BusinessHours, on_delete=models.CASCADE, related_name="openings")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is the midnight that ends the day")

    class Meta:
        ordering = ("weekday", "opens")
        constraints = [
            models.CheckConstraint(
                name="community_openingtime_weekday_known",
                condition=Q(weekday__lte=6),
                violation_error_message="Weekdays go from 0, Monday, to 6, Sunday.",
            ),
            models.CheckConstraint(
                name="community_openingtime_closes_later",
                condition=Q(closes__gt=F("opens")) | Q(closes="00:00"),
                violation_error_message="It closes after it opens; 00:00 is the midnight that ends the day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Holiday(models.Model):
    """A local day on which nobody is there."""

    hours = models.ForeignKey(BusinessHours, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        ordering = ("day",)
        constraints = [
            models.UniqueConstraint(
                fields=["hours", "day"],
                name="community_holiday_once",
                violation_error_message="This day is a holiday already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()
