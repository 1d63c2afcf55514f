"""The menu of the admin: what somebody may not see is not there, and it says where they are."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse, set_script_prefix

from config.admin.menu import ShownItem, menu
from config.roles import ANALYST, HELPER
from tests.admin_clients import with_role
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_pages")]


def request_by(role: str = "", address: str = "/admin/") -> HttpRequest:
    """Return the request of somebody with a role for a page; without a role a superuser."""
    request = RequestFactory().get(address)
    request.user = UserFactory(is_staff=True, is_superuser=not role)
    request.user.groups.add(*Group.objects.filter(name=role))
    return request


def items_of(request: HttpRequest) -> dict[str, ShownItem]:
    return {item.title: item for group in menu(request) for item in group.items}


def test_every_list_of_the_admin_is_in_the_menu():
    lists = {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
    }

    assert lists <= {item.link for item in items_of(request_by()).values()}


def test_only_what_somebody_may_see():
    helper, analyst = items_of(request_by(HELPER)), items_of(request_by(ANALYST))

    assert {"Start", "Left on read", "Contacts", "Help records"} <= set(helper)
    assert {"Credits", "API keys", "Users"} & set(helper) == set()
    assert {"Credits", "Response times"} <= set(analyst)
    assert {"API keys", "Users"} & set(analyst) == set()


def test_marks_and_chunks_are_called_as_in_the_glossary():
    titles = set(items_of(request_by()))

    assert {"Left on read", "Stale marks", "Recompute chunks", "Outcome marks"} <= titles
    assert not {"Waiting", "Marks"} & titles


def test_a_group_without_an_entry_is_left_out():
    stranger = request_by()
    stranger.user = UserFactory(is_staff=True)

    assert [[item.title for item in group.items] for group in menu(stranger)] == [["Start"]]


@pytest.mark.parametrize(
    ("address", "active"),
    [
        ("/admin/", ["Start"]),
        ("/admin/crm/contact/", ["Contacts"]),
        ("/admin/crm/contact/7/change/", ["Contacts"]),
        ("/admin/response-times/?by=staff", ["Response times"]),
        ("/admin/people/?period=all_time", ["People"]),
        ("/accounts/2fa/", []),
    ],
)
def test_the_entry_of_the_page_is_marked(address: str, active: list[str]):
    request = request_by(address=address)

    assert [title for title, item in items_of(request).items() if item.is_active] == active
    assert [group.is_active for group in menu(request)].count(True) == len(active)


def test_how_many_wait_stands_beside_the_queue_alone():
    InteractionFactory()

    assert {item.badge for title, item in items_of(request_by()).items() if title != "Left on read"} == {None}
    assert items_of(request_by())["Left on read"].badge == "1"


def test_many_who_wait_are_99_and_more():
    channel = ChannelFactory()
    for _ in range(100):
        InteractionFactory(channel=channel, member=MemberFactory(channel=channel))

    assert items_of(request_by())["Left on read"].badge == "99+"


def test_addresses_follow_where_kith_is_mounted():
    request = request_by()
    try:
        set_script_prefix("/kith/")
        assert items_of(request)["Contacts"].link == "/kith/admin/crm/contact/"
    finally:
        set_script_prefix("/")
    assert items_of(request)["Contacts"].link == "/admin/crm/contact/"


def test_a_page_shows_the_menu_and_its_search_still_finds_models():
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    page = client.get(reverse("admin:index")).content.decode()

    assert page.count('href="/admin/crm/contact/"') >= 1
    assert "Contacts" in client.get(reverse("admin:search"), {"s": "contac"}).content.decode()
    assert "Companies" in client.get(reverse("admin:app_list", args=["crm"])).content.decode()
    assert client.get("/admin/nowhere/").status_code == 404


def test_the_start_page_of_a_helper_has_a_title_and_leads_to_what_they_work_with():
    page = with_role("Helper").get(reverse("admin:index")).content.decode()
    ways = page.partition('class="kith-ways"')[2].partition("</nav>")[0]

    assert re.search(r"<title>\s*Start \| Kith</title>", page)
    assert "Site administration" not in page
    assert re.findall(r"</span> ([\w -]+?)(?: <strong>|</a>)", ways)[:4] == [
        "Left on read",
        "Contacts",
        "Follow-ups",
        "Notes",
    ]


@pytest.mark.parametrize("role", ["Helper", "Administrator"])
def test_a_list_is_called_what_is_in_it_and_says_so_where_nothing_matches(role: str):
    lists = {"crm_contact": "Contacts", "community_waitinginteraction": "Left on read"}

    for name, title in lists.items():
        page = with_role(role).get(reverse(f"admin:{name}_changelist"), {"q": "zebra"}).content.decode()
        assert re.search(rf"<title>\s*{title} \| Kith</title>", page), name
        assert "Nothing of this list matches this search" in page
