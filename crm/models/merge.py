"""Merges: who was joined with whom, when, by whom or by which rule, and what the survivor took over."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from crm.models.contact import Contact
from jobs.models import Job


class MergeQuerySet(models.QuerySet["Merge"]):
    def standing(self) -> "MergeQuerySet":
        """Merges that were not taken apart."""
        return self.filter(unmerged_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Merge(models.Model):
    """
    A contact that was merged into another one.

    The merge itself is the pointer `Contact.merged_into`; this row says how it came about and holds what
    is needed to undo it. `taken_over` maps each field of the survivor that the merge decided to its value
    `before` and `after` (a value that was not there has no entry): see `crm.merging.fields`. A merge that
    was taken apart stays as history.
    """

    survivor = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merges_taken_in")
    loser = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merges")
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    rule = models.CharField(max_length=50, blank=True, default="", db_default="", help_text="empty: a person decided")
    reason = models.CharField(max_length=255, blank=True, default="", db_default="")
    taken_over = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    unmerged_at = models.DateTimeField(null=True, blank=True, verbose_name="taken apart at")
    unmerged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="taken apart by",
    )

    objects = MergeQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)  # to merge is `crm.merge_contact`
        constraints = [
            models.UniqueConstraint(
                fields=["loser"],
                condition=Q(unmerged_at__isnull=True),
                name="crm_merge_once_at_a_time",
                violation_error_message="This contact is merged already.",
            ),
            models.CheckConstraint(
                name="crm_merge_of_two",
                condition=~Q(survivor=F("loser")),
                violation_error_message="A contact cannot be merged into itself.",
            ),
            models.CheckConstraint(
                name="crm_merge_unmerged_after",
                condition=Q(unmerged_at__isnull=True) | Q(unmerged_at__gte=F("merged_at")),
                violation_error_message="A merge cannot be taken apart before it happened.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.loser} into {self.survivor}"
