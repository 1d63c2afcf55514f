"""The ledger of credits, and what became of each conversion."""

from django.db import models

from community.models import Channel, Interaction, Member
from crm.models import Campaign, Contact, Conversion, ConversionKind
from metrics.models.references import reference


class Credit(models.Model):
    """
    One touch of one conversion, with what each attribution model credits to it.

    Amounts are whole minor units of the reporting currency. Over the rows of a conversion each
    model's amounts sum to the conversion's value exactly. A refund has rows of its own, one for each
    of its original's: the (negative) reversal, on the refund's day.

    `position` counts from 1, the oldest touch, to `touches`. An empty `interaction` is the touch that
    the conversion's own UTM code stands for. `person` is the buyer's root contact (empty: a guest
    order). `actor_kind` says who did the touch, seen from the buyer: another member, the buyer
    (*self*), staff, or somebody unknown; `actor_member` is the account that acted, if one did.
    `decay_weight` of `decay_total` is the touch's share under time decay.
    """

    class ActorKind(models.TextChoices):
        MEMBER = "member", "another member"
        SELF = "self", "the buyer"
        STAFF = "staff", "staff"
        UNKNOWN = "unknown", "unknown"

    pk = models.CompositePrimaryKey("conversion", "position")
    conversion = reference(Conversion)
    position = models.PositiveIntegerField()
    touches = models.PositiveIntegerField()
    interaction = reference(Interaction, null=True)
    person = reference(Contact, null=True)
    actor_member = reference(Member, null=True)
    actor_kind = models.CharField(max_length=7, choices=ActorKind)
    campaign = reference(Campaign, null=True)
    channel = reference(Channel, null=True)
    is_help = models.BooleanField()
    is_refund = models.BooleanField()
    day = models.DateField(help_text="the local day on which it counts")
    decay_weight = models.PositiveIntegerField()
    decay_total = models.PositiveBigIntegerField()
    first_touch_minor = models.BigIntegerField()
    last_touch_minor = models.BigIntegerField()
    linear_minor = models.BigIntegerField()
    position_based_minor = models.BigIntegerField()
    time_decay_minor = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["day"], name="metrics_credit_day"),
            models.Index(fields=["campaign", "conversion"], name="metrics_credit_campaign"),
            models.Index(fields=["person", "conversion"], name="metrics_credit_person"),
            models.Index(
                fields=["actor_member", "conversion"],
                name="metrics_credit_actor",
                condition=models.Q(actor_kind="member"),
            ),
        ]

    def __str__(self) -> str:
        return f"Credit {self.position} of {self.touches} of conversion {self.conversion_id}"


class ConversionResult(models.Model):
    """
    What became of a conversion or refund: on which line of the reports its value stands.

    `value_minor` is the value in minor units of the reporting currency, negative for a refund, empty
    while no exchange rate is known. `unattributed_minor` is the part that no touch earned: all of an
    unattributed conversion, and of a refund what exceeds its original or belongs to its original's
    unattributed value. The rest is credited or, on the line *staff purchases*, stands there.
    A voided conversion has no row.
    """

    class Line(models.TextChoices):
        CREDITED = "credited", "credited"
        UNATTRIBUTED = "unattributed", "unattributed"
        STAFF_PURCHASES = "staff_purchases", "staff purchases"
        NOT_CONVERTED = "not_converted", "not converted"

    conversion = reference(Conversion, primary_key=True)
    person = reference(Contact, null=True)
    kind = reference(ConversionKind, null=True)
    day = models.DateField(help_text="the local day on which it counts")
    line = models.CharField(max_length=15, choices=Line)
    value_minor = models.BigIntegerField(null=True)
    unattributed_minor = models.BigIntegerField()
    touches = models.PositiveIntegerField()
    is_help_touched = models.BooleanField()
    is_refund = models.BooleanField()
    is_fully_refunded = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["day"], name="metrics_result_day"),
            models.Index(fields=["person", "day"], name="metrics_result_person"),
        ]

    def __str__(self) -> str:
        return f"Result of conversion {self.conversion_id}"
