"""Browsers of the admin for tests, with somebody logged in."""

from django.contrib.auth.models import Group, User
from django.test import Client

from tests.factories.community import UserFactory


def logged_in(user: User) -> Client:
    """Return a browser in which this user has logged in."""
    client = Client()
    client.force_login(user)
    return client


def with_role(role: str, **fields: object) -> Client:
    """Return a browser of somebody new who has a role; `fields` are the user's."""
    user = UserFactory(is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=role))
    return logged_in(user)
