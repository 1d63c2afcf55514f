"""Addresses: by which a person can be reached."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models.changed_identity import compare_again
from crm.models.contact import Contact
from gateway.tracking import Additions, Changes


@pghistory.track(Additions(parent="contact"), Changes(), pghistory.DeleteEvent())
class ContactPoint(models.Model):
    """
    An address by which a person can be reached: raw as it came, normalised for comparing.

    E-mails are compared casefolded in NFC, phones in E.164. Equal addresses on two contacts make a
    suggestion to merge, never a merge.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "e-mail"
        PHONE = "phone", "phone"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="points", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    raw = models.CharField(max_length=320)
    normalised = models.CharField(max_length=320)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.CharField(max_length=50, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind", "normalised"],
                name="crm_contactpoint_once_per_contact",
                violation_error_message="The contact has this address already.",
            ),
            models.CheckConstraint(
                name="crm_contactpoint_kind_known",
                condition=Q(kind__in=["email", "phone"]),
                violation_error_message="An address is an email or a phone.",
            ),
            models.CheckConstraint(
                name="crm_contactpoint_not_empty",
                condition=~Q(normalised=""),
                violation_error_message="An address cannot be empty.",
            ),
            models.CheckConstraint(
                name="crm_contactpoint_verification_paired",
                condition=Q(verified_at__isnull=True, verified_by="")
                | Q(Q(verified_at__isnull=False), ~Q(verified_by="")),
                violation_error_message="When and by whom an address was verified belong together.",
            ),
        ]
        indexes = [models.Index(fields=["normalised", "kind"], name="crm_contactpoint_normalised")]
        triggers = compare_again("contact_id", changed=("contact_id", "kind", "normalised", "verified_at"))

    def __str__(self) -> str:
        return self.raw
