"""Roles in a real browser: what a helper sees and does not see, and what five wrong passwords lead to."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from config.roles import HELPER
from tests.browser.conftest import PASSWORD
from tests.factories.community import CostFactory
from tests.factories.crm import CampaignFactory, ContactFactory


@pytest.fixture
def helper() -> User:
    user = User.objects.create_user("hanne", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=HELPER))
    return user


def test_a_helper_sees_people_and_no_money(page: Page, log_in, helper: User):
    ContactFactory(full_name="Joe Bloggs")
    CostFactory(campaign=CampaignFactory(code="spring"), amount=Decimal("40.00"))

    log_in(helper)
    menu = page.locator("#nav-sidebar")
    expect(menu.get_by_role("link", name="Contacts")).to_be_visible()
    for hidden in ("Campaigns", "Costs", "Conversions", "Users", "API keys"):
        expect(menu.get_by_role("link", name=hidden, exact=True)).to_have_count(0)

    page.goto("/admin/crm/contact/")
    page.get_by_role("link", name="Joe Bloggs").first.click()
    expect(page.get_by_text("Joe Bloggs").first).to_be_visible()


@pytest.mark.parametrize(
    "address", ["crm/campaign/", "community/cost/", "crm/conversion/", "auth/user/", "gateway/apikey/"]
)
def test_a_helper_cannot_open_it_by_its_address_either(page: Page, log_in, helper: User, address: str):
    log_in(helper)

    assert page.request.get(f"/admin/{address}").status == 403


def test_five_wrong_passwords_lead_to_a_page_that_says_so(page: Page, helper: User):
    for _ in range(5):
        page.goto("/admin/")
        page.fill("[name=login]", "hanne")
        page.fill("[name=password]", "wrong")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.click("button[type=submit]")
        page.wait_for_load_state("load")

    expect(page.get_by_role("heading", name="This login is locked for 15 minutes")).to_be_visible()
