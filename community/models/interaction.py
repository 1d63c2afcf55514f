"""Interactions: the one table of what happened."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from community.interaction_kinds import asking_kinds, asking_staff_kinds
from community.models.channel import Channel
from community.models.member import Member
from community.models.thread import Thread
from crm.models import Campaign, Contact
from crm.models.synced import Synced
from gateway.tracking import track_changes


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def arrived(self) -> "InteractionQuerySet":
        """Leave out rows that were only named by others so far (a reply to something not yet synced)."""
        return self.filter(occurred_at__isnull=False)

    def counted(self) -> "InteractionQuerySet":
        """Interactions that count: arrived and not retracted. A deleted one still happened."""
        return self.arrived().filter(retracted_at=None)


# What moves figures, and nothing of what people wrote: of that it is kept that it changed.
@track_changes(
    kept=[
        "channel",
        "kind",
        "direction",
        "occurred_at",
        "member",
        "user",
        "to_member",
        "to_contact",
        "thread",
        "reply_to",
        "campaign",
        "utm_campaign",
        "is_private",
        "deleted_at",
        "retracted_at",
        "retract_reason",
    ],
    reworded=["external_id", "text", "url", "language", "utm_source", "utm_medium", "utm_term", "utm_content"],
    arrives="occurred_at",
    model_name="InteractionEvent",
)
class Interaction(Synced):
    """
    Something that happened on a channel: who acted, whom it addressed, what it was.

    `member` is the account that acted, `user` the staff user; with neither, the author is somebody
    unknown (a deleted account). `to_member` or `to_contact` is whom it addressed in so many words;
    the author of `reply_to` and the opener of the thread are looked up when figures are computed,
    never stored, so that data may arrive in any order. A row that was only named by another one has
    neither kind nor time yet. DELETE empties the text and sets `deleted_at`: it still happened.
    `retracted_at` (spam, a test) takes it out of every figure.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound", "inbound"
        OUTBOUND = "outbound", "outbound"
        BETWEEN_MEMBERS = "between_members", "between members"

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="interactions", db_index=False)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=30, null=True, blank=True)
    direction = models.CharField(
        max_length=15, choices=Direction, default=Direction.INBOUND, db_default=Direction.INBOUND
    )
    occurred_at = models.DateTimeField(null=True, blank=True)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="interactions", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    to_member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="addressed_by", db_index=False
    )
    to_contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="addressed_by", db_index=False
    )
    thread = models.ForeignKey(
        Thread, on_delete=models.PROTECT, null=True, blank=True, related_name="interactions", db_index=False
    )
    reply_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replies", db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="interactions", db_index=False
    )
    utm_source = models.CharField(max_length=255, null=True, blank=True)
    utm_medium = models.CharField(max_length=255, null=True, blank=True)
    utm_campaign = models.CharField(max_length=255, null=True, blank=True)
    utm_term = models.CharField(max_length=255, null=True, blank=True)
    utm_content = models.CharField(max_length=255, null=True, blank=True)
    text = models.TextField(blank=True, default="", db_default="")
    url = models.CharField(max_length=1000, blank=True, default="", db_default="")
    language = models.CharField(
        max_length=35, blank=True, default="", db_default="", help_text="BCP 47; empty: unknown"
    )
    is_private = models.BooleanField(default=False, db_default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    retracted_at = models.DateTimeField(null=True, blank=True)
    retract_reason = models.CharField(max_length=255, blank=True, default="", db_default="")

    objects = InteractionQuerySet.as_manager()

    class Meta:
        permissions = [("view_private_interaction", "Can read private interactions")]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                name="community_interaction_unique_ref",
                violation_error_message="Another interaction of this channel has this external id.",
            ),
            models.CheckConstraint(
                name="community_interaction_external_id_not_empty",
                condition=~Q(external_id=""),
                violation_error_message="An interaction needs an external id.",
            ),
            models.CheckConstraint(
                name="community_interaction_kind_with_time",
                condition=Q(kind__isnull=True, occurred_at__isnull=True)
                | Q(kind__isnull=False, occurred_at__isnull=False),
                violation_error_message="An interaction has a kind and a time, or was only named so far.",
            ),
            models.CheckConstraint(
                name="community_interaction_direction_known",
                condition=Q(direction__in=["inbound", "outbound", "between_members"]),
                violation_error_message="The direction is one of inbound, outbound, between_members.",
            ),
            models.CheckConstraint(
                name="community_interaction_one_actor",
                condition=Q(member__isnull=True) | Q(user__isnull=True),
                violation_error_message="A member or a staff user acted, not both.",
            ),
            models.CheckConstraint(
                name="community_interaction_one_addressee",
                condition=Q(to_member__isnull=True) | Q(to_contact__isnull=True),
                violation_error_message="An interaction addresses a member or a contact, not both.",
            ),
            models.CheckConstraint(
                name="community_interaction_retract_paired",
                condition=Q(retracted_at__isnull=False) | Q(retract_reason=""),
                violation_error_message="Only a retracted interaction has a reason for it.",
            ),
            models.CheckConstraint(
                name="community_interaction_deleted_without_text",
                condition=Q(deleted_at__isnull=True) | Q(text=""),
                violation_error_message="A deleted interaction keeps no text.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "occurred_at"], name="community_i_by_member", condition=Q(member__isnull=False)
            ),
            models.Index(
                fields=["to_member", "occurred_at"], name="community_i_to_member", condition=Q(to_member__isnull=False)
            ),
            models.Index(
                fields=["to_contact", "occurred_at"],
                name="community_i_to_contact",
                condition=Q(to_contact__isnull=False),
            ),
            models.Index(
                fields=["thread", "occurred_at"], name="community_i_thread", condition=Q(thread__isnull=False)
            ),
            models.Index(fields=["reply_to"], name="community_i_reply_to", condition=Q(reply_to__isnull=False)),
            models.Index(fields=["campaign"], name="community_i_campaign", condition=Q(campaign__isnull=False)),
            models.Index(Lower("utm_campaign"), name="community_i_utm", condition=Q(utm_campaign__isnull=False)),
            models.Index(fields=["updated_at", "id"], name="community_i_changes"),
            # What happened lately, and in a period. What was only named comes last.
            models.Index(F("occurred_at").desc(nulls_last=True), F("id").desc(), name="community_i_by_time"),
            # What may ask, by when: one in a hundred interactions of a busy community.
            models.Index(
                fields=["occurred_at"],
                name="community_i_may_ask",
                condition=Q(
                    direction="inbound",
                    kind__in=sorted([*asking_kinds(), *asking_staff_kinds()]),
                    user=None,
                    retracted_at=None,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'interaction'} {self.external_id}"
