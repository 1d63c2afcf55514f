"""Companies that contacts work for."""

import pghistory
from django.db import models
from django.db.models import Q

from crm.models.synced import Synced


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Company(Synced):
    """A customer company. Found again by (source, external id); one entered by staff has neither."""

    source = models.CharField(max_length=50, null=True, blank=True)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="crm_company_unique_ref",
                violation_error_message="Another company has this source and external id.",
            ),
            models.CheckConstraint(
                name="crm_company_ref_paired",
                condition=Q(source__isnull=True, external_id__isnull=True)
                | Q(source__isnull=False, external_id__isnull=False),
                violation_error_message="Source and external id are given together or not at all.",
            ),
            models.CheckConstraint(
                name="crm_company_name_not_empty",
                condition=~Q(name=""),
                violation_error_message="A company needs a name.",
            ),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="crm_company_name"),
            models.Index(fields=["updated_at", "id"], name="crm_company_changes"),
        ]

    def __str__(self) -> str:
        return self.name
