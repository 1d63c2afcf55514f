"""Conversions: what people brought, and what they took back."""

import pghistory
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Lower

from crm.models.contact import Contact
from crm.models.synced import Synced
from crm.models.told_of_contacts import told_with_conversions, told_with_kinds
from crm.money import AmountField, CurrencyField, money_constraints, whole_minor_units

# Inside a query of refunds: keeps the conversion that the refund names as its original.
IS_ORIGINAL = Q(source=OuterRef("refund_of_source"), external_id=OuterRef("refund_of_external_id"))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ConversionKind(models.Model):
    """
    A kind of conversion: purchase, sign-up, donation and whatever else the company counts.

    Whoever did something of a kind that has value is a customer; their contacts count as changed when that is ticked,
    or no longer. `lookback_days` is the window in which a touch can earn credit: n times 24 hours before the
    conversion. Changing it changes figures and queues a full recompute.
    """

    key = models.SlugField(max_length=30, primary_key=True)
    label = models.CharField(max_length=60)
    has_value = models.BooleanField(default=True, db_default=True, help_text="whoever did this is a customer")
    lookback_days = models.PositiveSmallIntegerField(default=90, db_default=90, help_text="days")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="crm_conversionkind_lookback_in_range",
                condition=Q(lookback_days__gte=1, lookback_days__lte=3650),
                violation_error_message="The lookback window is between 1 and 3,650 days.",
            )
        ]
        triggers = told_with_kinds()

    def __str__(self) -> str:
        return self.label


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Conversion(Synced):
    """
    Something a person did that the company counts, with or without value; or a refund of one.

    A refund names its original by source and external id (which may arrive later) and takes contact,
    kind, currency and rate from it; its amount is positive here and counts as negative on its own
    day. A conversion without a contact is a guest order. Nothing is deleted: `voided_at` takes it out.

    `margin` is what is left of the amount when what was sold is paid for, negative where it cost more; null: not
    known. It is kept as the source gives it, and no figure reads it: all of them are about revenue.
    """

    source = models.CharField(max_length=50, null=True, blank=True)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="conversions", db_index=False
    )
    kind = models.ForeignKey(
        ConversionKind, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    occurred_at = models.DateTimeField()
    amount = AmountField(default=0, db_default=0)
    currency = CurrencyField(null=True, blank=True)
    margin = AmountField(null=True, blank=True)
    order_number = models.CharField(max_length=100, blank=True, default="", db_default="")
    refund_of_source = models.CharField(max_length=50, null=True, blank=True)
    refund_of_external_id = models.CharField(max_length=255, null=True, blank=True)
    utm_source = models.CharField(max_length=255, null=True, blank=True)
    utm_medium = models.CharField(max_length=255, null=True, blank=True)
    utm_campaign = models.CharField(max_length=255, null=True, blank=True)
    utm_term = models.CharField(max_length=255, null=True, blank=True)
    utm_content = models.CharField(max_length=255, null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=255, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="crm_conversion_unique_ref",
                violation_error_message="Another conversion has this source and external id.",
            ),
            models.CheckConstraint(
                name="crm_conversion_ref_paired",
                condition=Q(source__isnull=True, external_id__isnull=True)
                | Q(source__isnull=False, external_id__isnull=False),
                violation_error_message="Source and external id are given together or not at all.",
            ),
            models.CheckConstraint(
                name="crm_conversion_refund_or_kind",
                condition=Q(refund_of_source__isnull=True, refund_of_external_id__isnull=True, kind__isnull=False)
                | Q(
                    refund_of_source__isnull=False,
                    refund_of_external_id__isnull=False,
                    kind__isnull=True,
                    contact__isnull=True,
                ),
                violation_error_message="A refund takes contact and kind from its original; all else needs a kind.",
            ),
            models.CheckConstraint(
                name="crm_conversion_value_needs_currency",
                condition=Q(currency__isnull=False) | Q(amount=0) | Q(refund_of_source__isnull=False),
                violation_error_message="An amount needs a currency.",
            ),
            models.CheckConstraint(
                name="crm_conversion_not_its_own_refund",
                condition=Q(refund_of_source__isnull=True)
                | ~Q(refund_of_source=F("source"), refund_of_external_id=F("external_id"))
                | Q(source__isnull=True),
                violation_error_message="A conversion cannot be a refund of itself.",
            ),
            models.CheckConstraint(
                name="crm_conversion_void_paired",
                condition=Q(voided_at__isnull=False) | Q(void_reason=""),
                violation_error_message="Only a voided conversion has a reason for it.",
            ),
            models.CheckConstraint(
                name="crm_conversion_margin_within_amount",
                condition=Q(margin__isnull=True) | Q(margin__lte=F("amount")),
                violation_error_message="A margin cannot be above the amount.",
            ),
            whole_minor_units("crm_conversion", amount="margin"),
            *money_constraints("crm_conversion"),
        ]
        indexes = [
            models.Index(fields=["contact", "occurred_at"], name="crm_conversion_of_contact"),
            models.Index(fields=["updated_at", "id"], name="crm_conversion_changes"),
            models.Index(fields=["occurred_at", "id"], name="crm_conversion_by_time"),
            models.Index(
                fields=["refund_of_source", "refund_of_external_id"],
                name="crm_conversion_refunds",
                condition=Q(refund_of_source__isnull=False),
            ),
            models.Index(Lower("utm_campaign"), name="crm_conversion_utm", condition=Q(utm_campaign__isnull=False)),
        ]
        triggers = told_with_conversions()

    @property
    def known_currency(self) -> str | None:
        """Its currency; a refund's is that of its original, which is one query, or None until that arrives."""
        if self.currency or not self.refund_of_source:
            return self.currency
        original = Conversion.objects.filter(source=self.refund_of_source, external_id=self.refund_of_external_id)
        return original.values_list("currency", flat=True).first()

    def __str__(self) -> str:
        kind = "refund" if self.refund_of_source else str(self.kind_id).replace("_", " ")
        return f"{kind.capitalize()} {self.external_id or self.pk}"
