"""Handling: who takes care of what waits, and what was put off or needs no reply."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from community.models.interaction import Interaction


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Handling(models.Model):
    """
    What staff decided about one interaction that expects a reply.

    `assignee` takes care of it. Until `snoozed_until` it is out of the queue, unless the person writes again
    after `snoozed_at`. `dismissed_at` says that it needs no reply, and `dismiss_reason` why. A row without
    any of them is what is left when everything was undone; the history keeps who did what.
    """

    interaction = models.OneToOneField(Interaction, on_delete=models.CASCADE, related_name="handling")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    snoozed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    dismiss_reason = models.CharField(max_length=255, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="community_handling_snooze_paired",
                condition=Q(snoozed_at__isnull=True, snoozed_until__isnull=True)
                | Q(snoozed_at__isnull=False, snoozed_until__isnull=False, snoozed_until__gt=models.F("snoozed_at")),
                violation_error_message="A snooze has a beginning, and an end after it.",
            ),
            models.CheckConstraint(
                name="community_handling_dismissal_has_a_reason",
                condition=Q(dismissed_at__isnull=True, dismiss_reason="")
                | Q(Q(dismissed_at__isnull=False), ~Q(dismiss_reason="")),
                violation_error_message="What needs no reply has a reason for it.",
            ),
        ]

    def __str__(self) -> str:
        return f"Handling of interaction {self.interaction_id}"
