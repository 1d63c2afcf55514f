"""API keys in the admin: the token is shown once, a key is revoked and never changed."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from gateway.models import ApiKey
from gateway.models.api_key import digest_of
from tests.factories.community import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    client = Client()
    client.force_login(UserFactory(username="ana", is_staff=True, is_superuser=True))
    return client


def test_new_key_shows_its_token_this_once(ana: Client):
    answer = ana.post(reverse("admin:gateway_apikey_add"), {"name": "shop", "scopes": ["contacts:read"]})

    key = ApiKey.objects.get()
    (token,) = re.findall(r'value="(kith_[^"]+)"', answer.content.decode())
    assert digest_of(token) == bytes(key.digest)
    assert (key.name, key.scopes, key.created_by.username) == ("shop", ["contacts:read"], "ana")
    later = ana.get(reverse("admin:gateway_apikey_change", args=[key.pk])).content.decode()
    assert token not in later
    assert token not in str(answer.cookies)


def test_key_with_a_scope_that_does_not_exist_is_refused(ana: Client):
    answer = ana.post(reverse("admin:gateway_apikey_add"), {"name": "shop", "scopes": ["everything:write"]})

    assert "scopes" in answer.context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_key_is_revoked_and_otherwise_never_changed(ana: Client):
    key, _ = ApiKey.objects.issue(name="shop", scopes=["contacts:read"])

    ana.post(reverse("admin:gateway_apikey_change", args=[key.pk]), {"name": "other", "scopes": []})
    ana.post(reverse("admin:gateway_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})

    key.refresh_from_db()
    assert (key.name, key.scopes, key.revoked_at is None) == ("shop", ["contacts:read"], False)
