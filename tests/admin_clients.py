"""Browsers of the admin for tests, with somebody logged in."""

from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.factories.community import UserFactory


def logged_in(user: User) -> Client:
    """Return a browser in which this user has logged in."""
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def who_may(*permissions: str, **fields: object) -> Client:
    """Return a browser of somebody new who may do just this, such as `view_contact`; `fields` are the user's."""
    user = UserFactory(is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.get(codename=codename) for codename in permissions)
    return logged_in(user)


def who_may_all(**fields: object) -> Client:
    """Return a browser of somebody new who may do everything."""
    return logged_in(UserFactory(is_staff=True, is_superuser=True, **fields))


def with_role(role: str, **fields: object) -> Client:
    """Return a browser of somebody new who has a role; `fields` are the user's."""
    user = UserFactory(is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=role))
    return logged_in(user)
