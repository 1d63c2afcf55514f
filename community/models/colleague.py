"""Colleagues: which person a login is."""

import pghistory
from django.conf import settings
from django.db import models

from crm.models import Contact


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Colleague(models.Model):
    """
    The contact that a user is: what they do by their login and by their accounts on our channels is one person's.

    A person may have several logins. A user without a row is somebody by themselves.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="colleague")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.contact)
