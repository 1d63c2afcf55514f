"""What there is to recompute, and with which settings the stored figures were computed."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import Job


class StaleMark(models.Model):
    """
    A note that figures may no longer follow from the facts: appended by triggers, folded at the claim.

    There is no unique key: a mark is never updated, so writers never wait for a worker and a worker
    never swallows a change that came after it looked. A mark names what changed as it was known at
    that moment, and is resolved to persons and conversions when it is claimed. docs/recompute.md has
    the table of what marks what.

    `since` and `until`, both inclusive, bound the touches that changed; empty is open.

    A mark whose claim raised has `attempts`: it is claimed alone from then on, so that it holds up no other, and
    pauses until `retry_at` after each error.
    """

    marked_at = models.DateTimeField(db_default=Now())
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    interaction_id = models.BigIntegerField(null=True, help_text="whom this interaction touches, at its own time")
    contact_id = models.BigIntegerField(null=True, help_text="this contact's person")
    member_id = models.BigIntegerField(null=True, help_text="the person of this account")
    author_of_id = models.BigIntegerField(null=True, help_text="whoever wrote this interaction")
    thread_id = models.BigIntegerField(null=True, help_text="whoever opened this thread")
    replies_of_id = models.BigIntegerField(null=True, help_text="whom the replies to this interaction address")
    actor_id = models.BigIntegerField(null=True, help_text="whom this account's interactions touch, and itself")
    conversion_id = models.BigIntegerField(null=True, help_text="this conversion, with its refunds or its original")
    ref_source = models.CharField(max_length=50, null=True, help_text="the conversion of this reference …")
    ref_external_id = models.CharField(max_length=255, null=True, help_text="… and the refunds that name it")
    campaign_code = models.CharField(max_length=255, null=True, help_text="whatever carries this UTM code")
    currency = models.CharField(max_length=3, null=True, help_text="money of this currency …")
    rate_date = models.DateField(null=True, help_text="… from this day on, as long as a rate is valid")
    cost_id = models.BigIntegerField(null=True, help_text="this cost")
    attempts = models.SmallIntegerField(null=True, help_text="how often it raised when claimed alone")
    retry_at = models.DateTimeField(null=True, help_text="until when it pauses")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Mark {self.pk}"


class RecomputeChunk(models.Model):
    """
    One piece of a full recompute: all conversions of the persons with ids in [first, last), or of guests.

    A piece is claimed by locking its row, computed and marked as done in one transaction, so a killed
    worker leaves it exactly as it was. An empty `last_person` means to the end. One that raised pauses until
    `retry_at`; after the last of its `attempts` all that is in it is marked as stale instead.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    first_person = models.BigIntegerField()
    last_person = models.BigIntegerField(null=True)
    is_guests = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["job", "is_guests", "first_person"], name="metrics_recomputechunk_once"),
        ]
        indexes = [models.Index(fields=["id"], name="metrics_recomputechunk_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"Chunk from {self.first_person} of job {self.job_id}"


class Fingerprint(models.Model):
    """The settings that the stored figures were computed with: one row, written when a full recompute ends."""

    key = models.CharField(max_length=10, primary_key=True, default="figures")
    value = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
