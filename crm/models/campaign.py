"""Campaigns: what we set out to do, and the code by which its links are known."""

import pghistory
import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Lower

from crm.models.synced import Synced
from crm.money import AmountField, CurrencyField, money_constraints

OWN_PARENT = "A campaign cannot be its own parent, nor stand below itself."
# The campaign {start} and all that stand above it; UNION ends where a circle closes.
ABOVE = """
    WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id FROM crm_campaign c WHERE c.id = {start}
        UNION
        SELECT c.id, c.parent_id FROM crm_campaign c JOIN above ON c.id = above.parent_id
    )
"""


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Campaign(Synced):
    """
    A campaign, known by its code without regard to case: the code is what `utm_campaign` carries.

    A code that only came in by reference has the status *unconfirmed* until somebody says what it
    is. `starts_on` and `ends_on` are local days, both inclusive, and say what was planned: credit
    never depends on them.
    """

    class Status(models.TextChoices):
        UNCONFIRMED = "unconfirmed", "unconfirmed"
        PLANNED = "planned", "planned"
        RUNNING = "running", "running"
        ENDED = "ended", "ended"
        ARCHIVED = "archived", "archived"

    code = models.CharField(max_length=100)
    name = models.CharField(max_length=255, blank=True, default="", db_default="")
    objective = models.TextField(blank=True, default="", db_default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.PLANNED, db_default=Status.PLANNED)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    budget = AmountField(null=True, blank=True)
    currency = CurrencyField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    is_pilot = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("code"),
                name="crm_campaign_unique_code",
                violation_error_message="Another campaign has this code (case does not count).",
            ),
            models.CheckConstraint(
                name="crm_campaign_code_not_empty",
                condition=~Q(code=""),
                violation_error_message="A campaign needs a code.",
            ),
            models.CheckConstraint(
                name="crm_campaign_status_known",
                condition=Q(status__in=["unconfirmed", "planned", "running", "ended", "archived"]),
                violation_error_message="The status is one of unconfirmed, planned, running, ended, archived.",
            ),
            models.CheckConstraint(
                name="crm_campaign_ends_after_start",
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                violation_error_message="A campaign cannot end before it starts.",
            ),
            models.CheckConstraint(
                name="crm_campaign_budget_paired",
                condition=Q(budget__isnull=True) | Q(currency__isnull=False),
                violation_error_message="A budget needs a currency.",
            ),
            models.CheckConstraint(
                name="crm_campaign_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                violation_error_message=OWN_PARENT,
            ),
            *money_constraints("crm_campaign", amount="budget"),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="crm_campaign_changes")]
        triggers = [
            # Refused under the name of the constraint that holds for the row alone, so that both are told alike.
            pgtrigger.Trigger(
                name="not_below_itself",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("parent_id"),
                condition=pgtrigger.Q(new__parent__isnull=False),
                func=f"""
                    IF EXISTS ({ABOVE.format(start="NEW.parent_id")} SELECT FROM above WHERE above.id = NEW.id) THEN
                        RAISE EXCEPTION '{OWN_PARENT}'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'crm_campaign_not_its_own_parent';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    def clean(self) -> None:
        """Refuse in a form what the trigger would refuse. In a transaction it stays so until that commits."""
        if self.pk is not None and self.parent_id is not None:
            wait_for_parents()
            with connection.cursor() as cursor:
                cursor.execute(f"{ABOVE.format(start='%s')} SELECT FROM above WHERE id = %s", [self.parent_id, self.pk])
                if cursor.rowcount:
                    raise ValidationError({"parent": OWN_PARENT})


def wait_for_parents() -> None:
    """
    Wait until nobody else puts campaigns below others, and hold that until the transaction commits.

    Two who do at once could close a circle that the trigger of neither sees. Ask before rows are locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm_campaign.parent_id'))")
