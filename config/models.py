"""What belongs to the installation itself."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models


class StandardRole(models.Model):
    """
    A role that Kith brought, the group it became, and the permissions that Kith gave to that group.

    As long as the group holds exactly these, nobody has changed it, and an upgrade may add to it. A role whose
    group was deleted keeps its row, so that it does not come back.
    """

    name = models.CharField(max_length=50, primary_key=True)
    group = models.OneToOneField(Group, on_delete=models.SET_NULL, null=True, related_name="+")
    given = ArrayField(models.CharField(max_length=120), default=list, help_text="such as crm.view_contact")

    def __str__(self) -> str:
        return self.name
