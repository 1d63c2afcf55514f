"""A page names records by links to those alone that its reader may open."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from community.handling import claim
from config.roles import HELPER
from tests.factories.community import InteractionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "is_linked"), [(HELPER, False), ("", True)])
def test_colleagues_are_named_on_an_interactions_page_and_linked_for_whoever_may_see_users(role: str, is_linked: bool):
    asked, bo = InteractionFactory(), UserFactory(first_name="Bo", last_name="Berg")
    claim([asked.pk], user_id=bo.pk, now=dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    reader = UserFactory(is_staff=True, is_superuser=not role)
    reader.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(reader)

    page = client.get(f"/admin/community/interaction/{asked.pk}/change/").content.decode()

    assert "Bo Berg" in page
    assert (f'href="/admin/auth/user/{bo.pk}/change/"' in page) == is_linked
    if role:  # what a helper may open is linked as before
        assert f'href="/admin/community/channel/{asked.channel_id}/change/"' in page
