"""
One journey through the admin in a real browser: from the start page to the sentence that earned a cent.
"""

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from psycopg.types.range import DateRange

from metrics.recompute import recompute_all
from tests.factories.community import CostFactory, InteractionFactory, MemberFactory
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory


@pytest.fixture
def company() -> None:
    mia = MemberFactory(handle="mia")
    joe = MemberFactory(channel=mia.channel, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    campaign = CampaignFactory(code="spring", name="Spring course")
    InteractionFactory(
        channel=mia.channel,
        member=mia,
        kind="answer",
        to_member=joe,
        campaign=campaign,
        text="Payroll in Practice is the one to take next.",
    )
    CostFactory(campaign=campaign, amount=Decimal("40.00"), days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
    ConversionFactory(contact=joe.contact, amount=Decimal("100.00"))
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))


def test_a_figure_leads_to_the_sentence_that_earned_it(page: Page, log_in, company: None):
    log_in()

    page.goto("/admin/?period=all_time")
    expect(page.get_by_text("Business return", exact=True)).to_be_visible()
    expect(page.locator(".kith-figure-main dd").first).to_have_text("150.0 %")
    expect(page.locator("canvas[data-kith-chart]")).to_be_visible()
    assert page.evaluate("Chart.getChart(document.querySelector('canvas[data-kith-chart]')).data.labels.length") == 1

    page.get_by_role("link", name="Spring course").click()
    expect(page.get_by_role("heading", name="Cost and return")).to_be_visible()
    page.get_by_role("link", name="See the credits behind it").click()

    page.get_by_role("link", name="Payroll in Practice is the one to take next.").click()
    expect(page.locator("textarea[name=text]")).to_have_value("Payroll in Practice is the one to take next.")
    expect(page.get_by_role("link", name="Joe Bloggs")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_start_page_fits_every_screen(page: Page, log_in, company: None, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    log_in()

    page.goto("/admin/?period=all_time")
    page.wait_for_load_state("load")

    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
