"""Threads: questions, tickets and topics that interactions belong to."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from community.models.channel import Channel
from community.models.member import Member
from crm.models.synced import Synced
from gateway.tracking import track_changes


@track_changes(
    kept=[
        "channel",
        "external_id",
        "topic",
        "opened_by",
        "opened_at",
        "accepted_answer",
        "confirmed_answer",
        "confirmed_by",
        "source_state",
    ],
    reworded=["title", "url"],
    arrives="opened_at",
    model_name="ThreadEvent",
)
class Thread(Synced):
    """
    A question, ticket or topic on a channel.

    It holds only what the source and staff say: who opened it when, which answer the asker accepted
    and which one staff confirmed. A thread that was only named so far has no `opened_at`.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="threads", db_index=False)
    external_id = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True, default="", db_default="")
    url = models.URLField(max_length=1000, blank=True, default="", db_default="")
    topic = models.CharField(max_length=100, blank=True, default="", db_default="")
    opened_by = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="opened_threads"
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    accepted_answer = models.ForeignKey(
        "community.Interaction", on_delete=models.PROTECT, null=True, blank=True, related_name="accepted_in"
    )
    confirmed_answer = models.ForeignKey(
        "community.Interaction", on_delete=models.PROTECT, null=True, blank=True, related_name="confirmed_in"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    source_state = models.CharField(max_length=50, blank=True, default="", db_default="", help_text="such as closed")

    #: Whether it was read by somebody who may not know what is said in it: see `community.private_texts`.
    is_hidden: bool = False

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                name="community_thread_unique_ref",
                violation_error_message="Another thread of this channel has this external id.",
            ),
            models.CheckConstraint(
                name="community_thread_external_id_not_empty",
                condition=~Q(external_id=""),
                violation_error_message="A thread needs an external id.",
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="community_thread_changes")]

    def __str__(self) -> str:
        """Return its title, or its id on the channel where it has none or was read by somebody who may not know it."""
        return (not self.is_hidden and self.title) or self.external_id
