"""What waits, as the admin and the API list it."""

from community.models.interaction import Interaction


class WaitingInteraction(Interaction):
    """An interaction in the queue; which ones those are, `community.waiting` says."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "message left on read"
        verbose_name_plural = "left on read"
