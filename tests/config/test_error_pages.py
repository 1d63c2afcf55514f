"""What people see when a request cannot be answered: a page in words, that needs nothing which may have failed."""

import re

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client, RequestFactory
from django.urls import reverse, set_script_prefix

from config.error_pages import failed
from crm.models import Campaign
from tests.admin_clients import who_may_all
from tests.factories.community import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    return who_may_all()


@pytest.mark.parametrize("who", ["ana", "client"])
def test_an_address_that_leads_nowhere(request: pytest.FixtureRequest, who: str):
    answer = request.getfixturevalue(who).get("/nowhere/")

    assert answer.status_code == 404
    assert "<h1>There is nothing here</h1>" in answer.content.decode()
    assert '<a href="/">To the start page</a>' in answer.content.decode()
    assert "nowhere" not in answer.content.decode()


def test_what_is_not_there_any_more_is_said_in_its_own_words(ana: Client):
    answer = ana.get(reverse("admin:crm_contact_record_help", args=[999_999]))

    assert answer.status_code == 404
    assert "<p>There is no such contact.</p>" in answer.content.decode()


def test_a_page_of_another_role(client: Client):
    client.force_login(UserFactory(is_staff=True))

    answer = client.get(reverse("admin:crm_contact_changelist"))

    assert answer.status_code == 403
    assert "An administrator can change that" in answer.content.decode()


def test_a_form_from_an_earlier_login():
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "ana"})

    assert answer.status_code == 403
    assert "<h1>This form is out of date</h1>" in answer.content.decode()
    assert answer["Kith-Log-In"] == "/accounts/login/"


def test_a_page_of_another_role_is_not_told_from_a_form_of_an_earlier_login(client: Client):
    client.force_login(UserFactory(is_staff=True))

    assert "Kith-Log-In" not in client.get(reverse("admin:crm_contact_changelist"))


@pytest.mark.parametrize(
    "address",
    [
        "/admin/crm/contact/?q=%00",
        "/admin/crm/contact/?company__id__exact=a%00",
        "/admin/crm/conversionkind/a%00/change/",
        "/accounts/login/?next=%00",
    ],
)
def test_a_nul_character_in_an_address(ana: Client, address: str):
    answer = ana.get(address)

    assert answer.status_code == 400
    assert "<h1>This cannot be read</h1>" in answer.content.decode()


def test_an_address_that_asks_a_list_for_what_it_has_no_filter_for(ana: Client):
    answer = ana.get("/admin/crm/contact/?full_name__contains=joe")

    assert answer.status_code == 400
    assert "<h1>There is no such filter</h1>" in answer.content.decode()


def test_what_is_larger_than_any_page_takes_is_not_read(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Nobody is logged in: a file that a stranger sends would be on the disk before any view is asked."""
    started: list[str] = []
    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", lambda _, field, *rest, **named: started.append(field))
    large = SimpleUploadedFile("a.bin", b"x" * (5 * 1024 * 1024))

    answers = [client.post(reverse("account_login"), sent) for sent in ({"a": large}, {"a": "x" * (5 * 1024 * 1024)})]

    assert [answer.status_code for answer in answers] == [413, 413]
    assert ["<h1>This is too large</h1>" in answer.content.decode() for answer in answers] == [True, True]
    assert started == []


def test_a_percent_sign_before_two_zeros_is_no_nul(ana: Client):
    assert ana.get("/admin/crm/campaign/?q=%2500").status_code == 200


def test_a_fault_of_ours(ana: Client, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(admin.site._registry[Campaign], "get_queryset", fail)
    ana.raise_request_exception = False

    answer = ana.get(reverse("admin:crm_campaign_changelist"))

    assert answer.status_code == 500
    assert "<h1>Kith could not do this</h1>" in answer.content.decode()
    assert "disk" not in answer.content.decode()


def test_a_fault_asks_the_database_nothing_and_knows_where_kith_is_mounted(django_assert_num_queries):
    try:
        set_script_prefix("/kith/")
        with django_assert_num_queries(0):
            page = failed(RequestFactory().get("/")).content.decode()
    finally:
        set_script_prefix("/")

    assert '<a href="/kith/">' in page
    loaded = re.findall(r"<link [^>]*href=\"(.+?)\"|src=\"(.+?)\"|url\((.+?)\)", page)
    assert loaded
    assert all("".join(address).startswith("data:") for address in loaded)


@pytest.mark.usefixtures("whole_pages")
def test_browsers_look_for_no_icon_elsewhere(ana: Client):
    page = ana.get("/nowhere/").content.decode()

    assert '<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,%3Csvg xmlns=' in page
    assert 'rel="icon"' in ana.get(reverse("admin:index")).content.decode()
