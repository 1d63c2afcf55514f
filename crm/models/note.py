"""What staff write down about a person, and what they mean to do next."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models.contact import Contact
from crm.models.synced import Synced


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Note(Synced):
    """
    A few sentences about a person. A pinned one stands on top of the others.

    One that staff wrote here has no source; one that a client sent is known by source and external id.
    """

    source = models.CharField(max_length=50, null=True, blank=True, editable=False)
    external_id = models.CharField(max_length=255, null=True, blank=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="notes", db_index=False)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField()
    is_pinned = models.BooleanField("pinned", default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="crm_note_unique_ref",
                violation_error_message="Another note has this source and external id.",
            ),
            models.CheckConstraint(
                name="crm_note_ref_paired",
                condition=Q(source__isnull=True, external_id__isnull=True)
                | Q(source__isnull=False, external_id__isnull=False),
                violation_error_message="Source and external id are given together or not at all.",
            ),
            models.CheckConstraint(
                name="crm_note_not_empty",
                condition=~Q(text=""),
                violation_error_message="A note needs a text.",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "written_at"], name="crm_note_of_contact"),
            models.Index(fields=["updated_at", "id"], name="crm_note_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.text[:60]}…" if len(self.text) > 60 else self.text


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class FollowUp(Synced):
    """
    Something to do for a person, by a day: open until `done_at`.

    It is overdue from the day after `due_on` on, by the organisation's calendar. `done_by` is empty
    where a client or somebody whose login is gone did it.
    """

    source = models.CharField(max_length=50, null=True, blank=True, editable=False)
    external_id = models.CharField(max_length=255, null=True, blank=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="follow_ups", db_index=False)
    what = models.CharField(max_length=255)
    due_on = models.DateField(help_text="the last day on which it is in time")
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    recorded_at = models.DateTimeField(editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = "follow-up"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="crm_followup_unique_ref",
                violation_error_message="Another follow-up has this source and external id.",
            ),
            models.CheckConstraint(
                name="crm_followup_ref_paired",
                condition=Q(source__isnull=True, external_id__isnull=True)
                | Q(source__isnull=False, external_id__isnull=False),
                violation_error_message="Source and external id are given together or not at all.",
            ),
            models.CheckConstraint(
                name="crm_followup_says_what",
                condition=~Q(what=""),
                violation_error_message="A follow-up says what is to be done.",
            ),
            models.CheckConstraint(
                name="crm_followup_done_by_when_done",
                condition=Q(done_at__isnull=False) | Q(done_by__isnull=True),
                violation_error_message="Only a follow-up that is done was done by somebody.",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "recorded_at"], name="crm_followup_of_contact"),
            models.Index(fields=["assigned_to", "due_on"], name="crm_followup_open", condition=Q(done_at__isnull=True)),
            models.Index(fields=["due_on", "id"], name="crm_followup_by_day"),
            models.Index(fields=["updated_at", "id"], name="crm_followup_changes"),
        ]

    def __str__(self) -> str:
        return self.what
