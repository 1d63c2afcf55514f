"""How many people a channel reaches, as its platform counts them: dated, for it cannot be worked out afterwards."""

import pghistory
from django.db import models

from community.models.channel import Channel
from crm.models.synced import Synced


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ChannelSize(Synced):
    """
    How many followers or members a channel had on a local day, as its platform says.

    A stored denominator and never a measure of success (G9). Somebody may follow several channels, so
    sizes are never added up. The latest one at or before a day holds for that day.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="sizes", db_index=False)
    day = models.DateField()
    people = models.PositiveBigIntegerField(help_text="followers or members, as the platform counts them")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "day"],
                name="community_channelsize_once_a_day",
                violation_error_message="There is a size for this channel and day already.",
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="community_chansize_changes")]

    def __str__(self) -> str:
        return f"{self.channel} {self.day}"
