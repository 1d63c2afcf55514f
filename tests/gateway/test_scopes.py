"""What a key may see, asked by the permissions of users."""

import pytest

from gateway.authentication import Caller
from gateway.routes import known_scopes
from gateway.scopes import permission_scopes


def caller(*scopes: str) -> Caller:
    return Caller(key_id=1, name="shop", prefix="3f9c0a1b2c3d", scopes=frozenset(scopes))


@pytest.mark.parametrize(
    ("permission", "scope"),
    [
        ("crm.view_contactpoint", "addresses:read"),
        ("community.view_private_interaction", "private-interactions:read"),
        ("metrics.view_credit", "credits:read"),
        ("community.view_helprecord", "help-records:read"),
        ("crm.view_contact", "contacts:read"),
    ],
)
def test_key_may_what_its_scopes_stand_for(permission: str, scope: str):
    assert caller(scope).may(permission)
    assert not caller(*(set(known_scopes()) - {scope})).may(permission)


def test_key_may_nothing_that_no_scope_stands_for():
    everything = caller(*known_scopes())

    assert not everything.may("crm.erase_contact")
    assert not everything.may("crm.change_contact")
    assert not everything.may("auth.view_user")


def test_scopes_of_permissions_can_be_given_to_keys():
    assert {entry.scope for entry in permission_scopes} <= set(known_scopes())
