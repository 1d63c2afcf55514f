"""Members: accounts on channels, whose they are, and what role they had when."""

from typing import Any

import pghistory
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Collate, Lower, Reverse, Trim

from community.models.channel import Channel
from community.models.known_as import MEMBER_TRIGGERS
from crm.folding import folded
from crm.models import Contact
from crm.models.changed_identity import compare_again
from crm.models.synced import Synced
from gateway.tracking import track_changes


def handle_folded(handle: Any) -> Trim:
    """Return a handle as the indexes have it: joe.bloggs, joe_bloggs88 and Joé Bloggs stand at one place."""
    return Trim(Func(folded(handle), Value("._-0123456789"), Value("   "), function="translate"))


FOLDED_HANDLE = handle_folded("handle")


# How many follow an account is left out: a nightly sync changes it everywhere, and it says nothing of who did what.
@track_changes(
    kept=["channel", "external_id", "handle", "contact", "joined_at", "is_named_here"],
    reworded=[],
    labels={"contact_id": "relinked"},
    model_name="MemberEvent",
)
class Member(Synced):
    """
    An account on a channel. It belongs to a contact; an unknown account brings its own.

    `followers` is a stored denominator and never a measure of success (G9). `is_named_here` says that staff named
    somebody by this handle and Kith made the external id of it: it holds until the source brings the account.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="members", db_index=False)
    external_id = models.CharField(max_length=255)
    handle = models.CharField(max_length=255, blank=True, default="", db_default="")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="members")
    followers = models.PositiveBigIntegerField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    is_named_here = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                name="community_member_unique_ref",
                violation_error_message="Another member of this channel has this external id.",
            ),
            models.CheckConstraint(
                name="community_member_external_id_not_empty",
                condition=~Q(external_id=""),
                violation_error_message="A member needs an external id.",
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="community_member_changes"),
            models.Index(
                "channel", Lower("handle"), name="community_member_named_here", condition=Q(is_named_here=True)
            ),
            # In the order from the front and from the back, with all that community/duplicates.py reads of a neighbor.
            models.Index(
                Collate(FOLDED_HANDLE, "C"),
                name="community_member_handles",
                include=["handle", "contact", "channel"],
                condition=~Q(handle=""),
            ),
            models.Index(
                Collate(Reverse(FOLDED_HANDLE), "C"),
                name="community_member_handle_ends",
                include=["handle", "contact", "channel"],
                condition=~Q(handle=""),
            ),
        ]
        triggers = [
            *MEMBER_TRIGGERS,
            *compare_again("contact_id", when="handle <> ''", changed=("contact_id", "handle")),
        ]

    def __str__(self) -> str:
        return self.handle or self.external_id


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MemberRole(models.Model):
    """
    The role a member has from an instant on; a null `since` means from the beginning.

    A member without a row is *community*. What counts is the role at the moment of the interaction.
    """

    class Role(models.TextChoices):
        COMMUNITY = "community", "community"
        STAFF = "staff", "staff"
        BOT = "bot", "bot"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Role)
    since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "since"],
                name="community_memberrole_once_per_instant",
                nulls_distinct=False,
                violation_error_message="The member has a role from this instant already.",
            ),
            models.CheckConstraint(
                name="community_memberrole_role_known",
                condition=Q(role__in=["community", "staff", "bot"]),
                violation_error_message="The role is one of community, staff, bot.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_role_display()
