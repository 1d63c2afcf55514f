"""What a test that commits leaves to the next one."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from config.models import StandardRole
from config.roles import ROLES
from crm.models import Campaign, ConversionKind
from tests.factories.crm import CampaignFactory


def held() -> dict[str, set[object]]:
    """What migrations and their signals brought, with its ids."""
    return {
        "roles": set(Group.objects.values_list("pk", "name", "permissions__codename")),
        "permissions": set(Permission.objects.values_list("pk", "codename", "content_type__model")),
        "kinds": set(ConversionKind.objects.values_list("pk", "key", "lookback_days")),
        "brought": set(StandardRole.objects.values_list("name", "group")),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("counting_anew", [False, True])
def test_what_migrations_brought_is_there_again_after_a_flush_and_nothing_else_is(counting_anew):
    before = held()
    CampaignFactory()
    Group.objects.get(name="Analyst").permissions.clear()
    ConversionKind.objects.update(lookback_days=1)

    call_command("flush", verbosity=0, interactive=False, reset_sequences=counting_anew)

    assert held() == before
    assert {name for _, name, _ in before["roles"]} == set(ROLES)
    assert not Campaign.objects.exists()
    assert Group.objects.create(name="one more").pk > max(group for group, _, _ in before["roles"])
    Group.objects.get(name="Analyst").permissions.clear()  # whose history goes on where it was
