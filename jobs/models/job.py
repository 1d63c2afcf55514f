"""A piece of long work that somebody asked for and may look at while it runs."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> "JobQuerySet":
        """Jobs still queued or running: what a restarted worker has to look at again."""
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])


class Job(models.Model):
    """
    Long work with its progress. The row is the truth; the broker only rings the bell.

    `total` is null until it is known how much there is to do. `report` is what the work has to tell
    (counts, places of files); `error` is one sentence when it failed.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        PARTIAL = "partial", "partly succeeded"
        FAILED = "failed", "failed"

    kind = models.CharField(max_length=50)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED, db_default=State.QUEUED)
    parameters = models.JSONField(default=dict, blank=True)
    done = models.PositiveBigIntegerField(default=0, db_default=0, help_text="units finished so far")
    total = models.PositiveBigIntegerField(null=True, blank=True, help_text="units to do; empty while unknown")
    unit = models.CharField(max_length=30, default="rows", help_text="what done and total count")
    report = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="how often in a row the work ended with an error"
    )
    retry_at = models.DateTimeField(null=True, editable=False, help_text="until when it pauses after an error")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_through = models.CharField(
        max_length=50, default="", blank=True, help_text="api, admin, command, demo, or fingerprint: settings changed"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="jobs_job_finished_when_over",
                condition=Q(finished_at__isnull=True, state__in=["queued", "running"])
                | Q(finished_at__isnull=False, state__in=["succeeded", "partial", "failed"]),
                violation_error_message="A job has a finishing time exactly when it is over.",
            ),
            models.CheckConstraint(
                name="jobs_job_done_within_total",
                condition=Q(total__isnull=True) | Q(done__lte=F("total")),
                violation_error_message="A job cannot have done more than there was.",
            ),
        ]
        indexes = [models.Index(fields=["state", "kind"], name="jobs_job_state_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.get_state_display()})"
