"""
The roles that Kith brings: the table decides on every permission, and what an administrator changed stays.
"""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config import roles
from config.models import StandardRole
from config.roles import ADMINISTRATOR, ANALYST, CAMPAIGN_MANAGER, HELPER, ROLES, TABLE, decision_on
from config.standard_roles import bring_standard_roles

pytestmark = pytest.mark.django_db


def all_permissions() -> list[tuple[str, str]]:
    rows = Permission.objects.values_list("content_type__app_label", "codename", "content_type__model")
    return [(f"{app}.{codename}", f"{app}.{model}") for app, codename, model in rows]


def held_by(role: str) -> set[str]:
    rows = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.fixture
def one_more_permission(monkeypatch: pytest.MonkeyPatch) -> str:
    """A permission that a later version brings, and the line of its table that gives it to helpers and analysts."""
    kind = Permission.objects.get(codename="view_contact").content_type
    Permission.objects.create(content_type=kind, codename="greet_contact", name="Can greet contacts")
    line = roles.Decision("crm.greet_contact", {HELPER: "x", CAMPAIGN_MANAGER: "-", ANALYST: "x", ADMINISTRATOR: "-"})
    monkeypatch.setattr(roles, "TABLE", [*TABLE, line])
    return "crm.greet_contact"


def test_every_permission_is_decided_on():
    undecided = sorted(
        permission for permission, model in all_permissions() if decision_on(permission, model=model) is None
    )

    assert undecided == [], "Decide in config/roles.py who may do this: add a line for the model or the permission."


def test_every_line_of_the_table_is_about_something():
    decisions = [decision_on(permission, model=model) for permission, model in all_permissions()]
    used = {decision.what for decision in decisions if decision}

    assert [line.what for line in TABLE if line.what not in used] == []


def test_a_line_holds_only_letters_that_mean_something():
    for line in TABLE:
        for letters in line.letters.values():
            assert letters in ("-", "x") or set(letters) <= set("vacd"), line


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            HELPER,
            ["crm.view_contact", "crm.view_contactpoint", "crm.view_company", "community.view_interaction"]
            + ["community.view_private_interaction", "community.add_helprecord", "community.change_helprecord"]
            + ["crm.note_wishes", "crm.correct_contact"],
            ["crm.view_campaign", "community.view_cost", "crm.change_contact", "auth.view_user", "gateway.view_apikey"]
            + ["metrics.view_credit", "crm.merge_contact", "crm.erase_contact", "crm.export_personal_data"],
        ),
        (
            CAMPAIGN_MANAGER,
            ["crm.change_campaign", "community.add_cost", "crm.add_conversion", "metrics.view_credit", "jobs.add_job"]
            + ["crm.view_contact"],
            ["crm.change_contact", "community.add_helprecord", "community.view_private_interaction", "auth.view_user"],
        ),
        (
            ANALYST,
            ["crm.view_contact", "metrics.view_credit", "community.view_cost", "jobs.view_job"],
            ["crm.view_contactpoint", "community.view_private_interaction", "jobs.add_job", "auth.view_user"],
        ),
        (
            ADMINISTRATOR,
            ["auth.change_user", "gateway.add_apikey", "crm.merge_contact", "crm.export_personal_data"]
            + ["crm.erase_contact", "community.view_private_interaction", "crm.view_contactpoint"],
            ["crm.add_contactevent", "metrics.change_credit"],
        ),
    ],
)
def test_role_may_what_its_work_needs(role: str, may: list[str], may_not: list[str]):
    user = User.objects.create_user("ana", is_staff=True)
    user.groups.add(Group.objects.get(name=role))

    assert [permission for permission in may if not user.has_perm(permission)] == []
    assert [permission for permission in may_not if user.has_perm(permission)] == []
    assert not user.is_superuser


def test_analyst_writes_nothing():
    assert {permission.partition(".")[2].partition("_")[0] for permission in held_by(ANALYST)} == {"view"}


def test_bringing_roles_twice_changes_nothing():
    before = {role: held_by(role) for role in ROLES}

    bring_standard_roles()

    assert {role: held_by(role) for role in ROLES} == before


def test_what_an_administrator_took_away_stays_away():
    group = Group.objects.get(name=HELPER)
    group.permissions.remove(Permission.objects.get(codename="view_private_interaction"))

    bring_standard_roles()

    assert "community.view_private_interaction" not in held_by(HELPER)


def test_a_role_that_nobody_changed_gets_what_is_new(one_more_permission: str):
    bring_standard_roles()

    assert one_more_permission in held_by(HELPER)
    assert one_more_permission not in held_by(CAMPAIGN_MANAGER)


def test_a_changed_role_gets_nothing_new_and_the_log_names_what_is_missing(
    one_more_permission: str, caplog: pytest.LogCaptureFixture
):
    Group.objects.get(name=HELPER).permissions.add(Permission.objects.get(codename="view_campaign"))

    bring_standard_roles()

    assert one_more_permission not in held_by(HELPER)
    assert "crm.view_campaign" in held_by(HELPER)
    assert one_more_permission in held_by(ANALYST)
    assert "The role Helper was changed here" in caplog.text
    assert one_more_permission in caplog.text


def test_a_renamed_role_is_not_brought_again():
    Group.objects.filter(name=HELPER).update(name="Front desk")

    bring_standard_roles()

    assert not Group.objects.filter(name=HELPER).exists()


def test_a_deleted_role_does_not_come_back():
    Group.objects.get(name=HELPER).delete()

    bring_standard_roles()

    assert not Group.objects.filter(name=HELPER).exists()


def test_a_group_of_that_name_from_before_stays_as_it_is():
    StandardRole.objects.all().delete()
    Group.objects.all().delete()
    Group.objects.create(name=HELPER)

    bring_standard_roles()

    assert held_by(HELPER) == set()
    assert held_by(ANALYST)


def test_roles_ask_a_constant_number_of_questions():
    with CaptureQueriesContext(connection) as queries:
        bring_standard_roles()

    assert len(queries) <= 5
