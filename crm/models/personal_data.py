"""Erasures, what they keep from coming back, and the files in which people get what is known about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models.contact import Contact
from gateway.models import ApiKey
from jobs.models import Job


class Erasure(models.Model):
    """
    That a person was erased: when, by whom, through what and why. It holds nothing about the person.

    `contacts` are the records of the person, each as [id, when it was made], so that the erasure can
    be repeated after a restore without ever meeting somebody else who was given the same id.
    `rows` counts what was done in each table. `reason` is one of a few: free words could name people.
    """

    class Reason(models.TextChoices):
        ASKED = "asked", "the person asked for it (GDPR 17)"
        WITHDRAWN = "withdrawn", "the person withdrew the consent"
        NOT_NEEDED = "not_needed", "the data are no longer needed"
        UNLAWFUL = "unlawful", "there was no right to keep the data"
        REPLAYED = "replayed", "repeated after a restore from backup"

    person = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    contacts = models.JSONField(default=list)
    reason = models.CharField(max_length=12, choices=Reason)
    erased_at = models.DateTimeField()
    erased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    erased_through = models.CharField(max_length=20, help_text="admin, command or replay")
    rows = models.JSONField(default=dict, help_text="what was done in each table")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="crm_erasure_reason_known",
                condition=Q(reason__in=["asked", "withdrawn", "not_needed", "unlawful", "replayed"]),
                violation_error_message="The reason is not one that Kith knows.",
            ),
        ]

    def __str__(self) -> str:
        return f"Erasure of person {self.person_id}"


class Suppression(models.Model):
    """
    Something that an erased person was known by, as a keyed hash: it may not come back.

    The hash tells nobody what it was made of (HMAC with KITH_SUPPRESSION_KEYS), only whether
    something offered again is the same.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    erasure = models.ForeignKey(
        Erasure,
        on_delete=models.PROTECT,
        null=True,
        related_name="suppressions",
        help_text="empty: repeated after a restore, of somebody whom the backup did not know",
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Suppression {self.pk}"


class PersonExport(models.Model):
    """
    A file with everything about one person, made by a job, for the one who asked for it alone.

    The file is gone after `expires_at`; this row and the downloads stay as the record of who saw what.
    """

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="person_export")
    person = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="bytes")
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="crm_personexport_ready_paired",
                condition=Q(expires_at__isnull=True, size__isnull=True)
                | Q(expires_at__isnull=False, size__isnull=False),
                violation_error_message="A file that is ready has a size and an end.",
            ),
        ]

    def __str__(self) -> str:
        return f"Export of person {self.person_id}"


class PersonExportPart(models.Model):
    """A piece of an export's file: it lies in the database, so that every host serves it and no disk is shared."""

    export = models.ForeignKey(PersonExport, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["export", "number"],
                name="crm_personexportpart_once",
                violation_error_message="The file has this piece already.",
            )
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of export {self.export_id}"


class PersonExportDownload(models.Model):
    """That somebody fetched an export: who and when."""

    export = models.ForeignKey(PersonExport, on_delete=models.CASCADE, related_name="downloads")
    downloaded_at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"Download of export {self.export_id}"
