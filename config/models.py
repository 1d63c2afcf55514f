"""What belongs to the installation itself."""

from collections.abc import Iterator

import pghistory
import pgtrigger
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
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


class UserSession(AbstractBaseSession):
    """
    A login in some browser. It ends with its time, with a logout, and as soon as what its user may do changes.

    The database sees to the latter by triggers on users, groups and their permissions, whoever changes them
    and by whatever way; `config.sessions` is what Django reads and writes sessions with.
    """

    user = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+", help_text="null: no login"
    )


def _ended(reason: str, users: str) -> Iterator[pgtrigger.Trigger]:
    """Yield the triggers that end the sessions of `users`, a query over the table `changed` of the rows in question."""
    for name, operation, referencing in (
        ("given", pgtrigger.Insert, pgtrigger.Referencing(new="changed")),
        ("taken", pgtrigger.Delete, pgtrigger.Referencing(old="changed")),
    ):
        yield pgtrigger.Trigger(
            name=f"{reason}_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            func=f"DELETE FROM config_usersession WHERE user_id IN ({users}); RETURN NULL;",
        )


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.UpdateEvent("password", condition=pghistory.AnyChange("password")),  # that it changed; not what it is
    pghistory.DeleteEvent(),
    fields=["username", "email", "is_active", "is_staff", "is_superuser"],
    obj_field=pghistory.ObjForeignKey(related_name="events"),
    model_name="UserEvent",
)
class WatchedUser(User):
    """
    Users, watched: who is deactivated or gets another password or standing is logged out everywhere.

    What one comes in with and may do is kept: by whom it was given and taken.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            pgtrigger.Trigger(
                name="end_sessions",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("password", "is_active", "is_staff", "is_superuser"),
                condition=pgtrigger.AnyChange("password", "is_active", "is_staff", "is_superuser"),
                func="DELETE FROM config_usersession WHERE user_id = NEW.id; RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="end_sessions_of_deleted",
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                func="DELETE FROM config_usersession WHERE user_id = OLD.id; RETURN NULL;",
            ),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent(), obj_field=None, model_name="MembershipEvent")
class WatchedMembership(User.groups.through):  # type: ignore[name-defined]
    """Who is in which group, watched."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = list(_ended("role", "SELECT user_id FROM changed"))


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent(), obj_field=None, model_name="UserPermissionEvent")
class WatchedUserPermission(User.user_permissions.through):  # type: ignore[name-defined]
    """Permissions of single users, watched."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = list(_ended("permission", "SELECT user_id FROM changed"))


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent(), obj_field=None, model_name="GroupPermissionEvent")
class WatchedGroupPermission(Group.permissions.through):  # type: ignore[name-defined]
    """Permissions of groups, watched: a change concerns everybody in the group."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = list(
            _ended(
                "group_permission",
                "SELECT m.user_id FROM auth_user_groups m JOIN changed USING (group_id)",
            )
        )


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.DeleteEvent(),
    fields=["user", "type"],
    obj_field=pghistory.ObjForeignKey(related_name="events"),
    model_name="SecondFactorEvent",
)
class WatchedSecondFactor(Authenticator):
    """Second factors, watched: who set one up, and who took it away. What it consists of is not kept."""

    class Meta:
        proxy = True
        default_permissions = ()
