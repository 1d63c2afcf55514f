"""References: what other systems call a contact."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models.changed_identity import compare_again
from crm.models.contact import Contact
from gateway.tracking import Additions, Changes


@pghistory.track(Additions(parent="contact"), Changes(), pghistory.DeleteEvent())
class ContactRef(models.Model):
    """What another system calls a contact. One contact can have several; each leads to one contact only."""

    source = models.CharField(max_length=50)
    external_id = models.CharField(max_length=255)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="refs")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "contact reference"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="crm_contactref_unique",
                violation_error_message="This reference leads to another contact already.",
            ),
            models.CheckConstraint(
                name="crm_contactref_not_empty",
                condition=~Q(source="") & ~Q(external_id=""),
                violation_error_message="A reference needs a source and an external id.",
            ),
        ]
        indexes = [models.Index(fields=["external_id"], name="crm_contactref_external_id")]
        triggers = compare_again("contact_id", changed=("contact_id", "external_id"))

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"
