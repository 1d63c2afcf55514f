"""API keys in the admin: the token is shown once, a key is revoked and never changed."""

import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse

from config.roles import ADMINISTRATOR, ANALYST, CAMPAIGN_MANAGER, HELPER
from gateway.models import ApiKey
from gateway.models.api_key import digest_of
from gateway.routes import known_scopes
from gateway.scopes import needed_to_give
from tests.admin_clients import who_may_all
from tests.factories.community import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    return who_may_all(username="ana")


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


MAKE_KEYS = ["gateway.add_apikey", "gateway.view_apikey"]


def somebody(*permissions: str, role: str = "") -> User:
    """A user with these permissions, and those of a role."""
    user = UserFactory(is_staff=True)
    named = Concat("content_type__app_label", Value("."), "codename")
    found = list(Permission.objects.annotate(named=named).filter(named__in=permissions))
    assert {permission.named for permission in found} == set(permissions)
    user.user_permissions.set(found)
    user.groups.add(*Group.objects.filter(name=role))
    return user


def give(user: User, *scopes: str) -> str:
    """Have a user make a key with these scopes; return what the page says about them, nothing when it was made."""
    client = Client()
    client.force_login(user)
    answer = client.post(reverse("admin:gateway_apikey_add"), {"name": "shop", "scopes": scopes})
    assert answer.status_code == 200
    shown = answer.context_data
    return "" if "token" in shown else " ".join(shown["adminform"].form.errors["scopes"])


@pytest.mark.parametrize("scope", known_scopes())
def test_a_scope_is_given_by_those_who_may_do_all_that_it_lets_do(undrawn: None, scope: str):
    needed = sorted(needed_to_give(scope) or ())
    assert needed, f"{scope}: say in `given_scopes` what a user needs to give it"

    for missing in needed:
        refusal = give(somebody(*MAKE_KEYS, *(set(needed) - {missing})), "contacts:read", scope)
        assert refusal.startswith("You can only give what you may do yourself, which these are not: "), missing
        assert scope in refusal
    assert not ApiKey.objects.exists()

    assert give(somebody(*MAKE_KEYS, *needed), scope) == ""
    assert ApiKey.objects.get().scopes == [scope]


ANALYSTS = [
    "campaigns:read", "channel-sizes:read", "channels:read", "communities:read", "companies:read", "contacts:read",
    "conversions:read", "costs:read", "credits:read", "exchange-rates:read", "help-records:read", "interactions:read",
    "jobs:read", "members:read", "people:read", "responses:read", "roi:read", "threads:read", "waiting:read",
]  # fmt: skip
MANAGERS = [
    *ANALYSTS, "addresses:read", "campaigns:write", "channel-sizes:write", "conversions:write", "costs:write",
    "exchange-rates:write", "follow-ups:read", "follow-ups:write", "notes:read", "notes:write", "recompute:write",
]  # fmt: skip
HELPERS = [
    "addresses:read", "channel-sizes:read", "channels:read", "communities:read", "companies:read", "contacts:read",
    "follow-ups:read", "follow-ups:write", "help-records:read", "help-records:write", "interactions:read",
    "members:read", "notes:read", "notes:write", "private-interactions:read", "threads:read", "waiting:read",
    "waiting:write",
]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "scopes"),
    [(ANALYST, ANALYSTS), (CAMPAIGN_MANAGER, MANAGERS), (HELPER, HELPERS), (ADMINISTRATOR, known_scopes())],
)
def test_a_role_that_may_make_keys_gives_them_what_it_may_do_itself(undrawn: None, role: str, scopes: list[str]):
    user = somebody(*MAKE_KEYS, role=role)

    refusal = give(user, *known_scopes())

    refused = set(refusal.partition(": ")[2].rstrip(".").split(", ")) - {""}
    assert sorted(set(known_scopes()) - refused) == sorted(scopes)
    assert give(user, *scopes) == ""


def test_a_superuser_gives_every_scope(ana: Client):
    ana.post(reverse("admin:gateway_apikey_add"), {"name": "shop", "scopes": known_scopes()})

    assert ApiKey.objects.get().scopes == known_scopes()
