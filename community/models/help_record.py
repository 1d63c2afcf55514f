"""Help records: who was helped by whom with what, and how it went. The core of Kith."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from community.models.interaction import Interaction
from community.models.member import Member
from crm.models import Contact
from crm.models.synced import Synced


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HelpRecord(Synced):
    """
    Help that one person got, on exactly one interaction, which gives its time and channel.

    The helper is a member or a staff user, exactly one. Staff record help on the contact page;
    sources create it from accepted answers and withdraw it when the answer is unaccepted
    (`withdrawn_at`), keeping the fields that staff edited (`edited_fields`). An unrated record is
    left out of the mean rating; `minutes` is the basis for sharing staffing cost, never money.
    """

    class Outcome(models.TextChoices):
        SOLVED = "solved", "solved"
        HELPED = "helped", "helped"
        NOT_SOLVED = "not_solved", "not solved"
        REFERRED = "referred", "referred"
        UNKNOWN = "unknown", "unknown"

    class Origin(models.TextChoices):
        STAFF = "staff", "recorded by staff"
        CLIENT = "client", "sent by a client"
        ACCEPTED_ANSWER = "accepted_answer", "made from an accepted answer"

    interaction = models.OneToOneField(Interaction, on_delete=models.PROTECT, related_name="help_record")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="help_received")
    helper_member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="help_given"
    )
    helper_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    question = models.TextField(blank=True, default="", db_default="")
    answer = models.TextField(blank=True, default="", db_default="")
    topic = models.CharField(max_length=100, blank=True, default="", db_default="")
    note = models.TextField(blank=True, default="", db_default="")
    minutes = models.PositiveSmallIntegerField(null=True, blank=True, help_text="minutes of work")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.UNKNOWN, db_default=Outcome.UNKNOWN)
    rating = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 to 5; empty: unrated")
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.STAFF, db_default=Origin.STAFF)
    edited_fields = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="community_helprecord_one_helper",
                condition=Q(helper_member__isnull=True, helper_user__isnull=False)
                | Q(helper_member__isnull=False, helper_user__isnull=True),
                violation_error_message="A member or a staff user helped: exactly one.",
            ),
            models.CheckConstraint(
                name="community_helprecord_outcome_known",
                condition=Q(outcome__in=["solved", "helped", "not_solved", "referred", "unknown"]),
                violation_error_message="The outcome is one of solved, helped, not_solved, referred, unknown.",
            ),
            models.CheckConstraint(
                name="community_helprecord_rating_1_to_5",
                condition=Q(rating__isnull=True) | Q(rating__gte=1, rating__lte=5),
                violation_error_message="A rating is a whole number from 1 to 5.",
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="community_help_changes")]

    def __str__(self) -> str:
        return self.topic or f"Help {self.pk}"
