"""Outcome marks: whom staff call an advocate, a donor or a supporter."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models.contact import Contact


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class OutcomeMark(models.Model):
    """
    A dated mark by staff that a person became an advocate, a donor or a supporter (Return on Community).

    Outcomes that follow from conversions are derived and never stored here.
    """

    class Outcome(models.TextChoices):
        ADVOCATE = "advocate", "advocate"
        DONOR = "donor", "donor"
        SUPPORTER = "supporter", "supporter"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="outcome_marks", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reached_at = models.DateTimeField()
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "outcome"],
                name="crm_outcomemark_once",
                violation_error_message="The contact has this mark already.",
            ),
            models.CheckConstraint(
                name="crm_outcomemark_outcome_known",
                condition=Q(outcome__in=["advocate", "donor", "supporter"]),
                violation_error_message="The outcome is one of advocate, donor, supporter.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()
