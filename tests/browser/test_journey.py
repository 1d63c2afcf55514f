"""
One journey through the admin in a real browser: from the start page to the sentence that earned a cent.
"""

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import Page, Route, expect
from psycopg.types.range import DateRange

from crm.models import Campaign
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


def months_drawn(page: Page) -> int:
    """Return how many months the chart of the page shows, once it is drawn."""
    months = "Chart.getChart(document.querySelector('canvas[data-kith-chart]'))?.data.labels.length"
    page.wait_for_function(months)
    return page.evaluate(months)


def test_a_figure_leads_to_the_sentence_that_earned_it(page: Page, log_in, company: None):
    log_in()

    page.goto("/admin/?period=all_time")
    expect(page.get_by_text("Business return", exact=True)).to_be_visible()
    expect(page.locator(".kith-figure-main dd").first).to_have_text("150.0 %")
    expect(page.locator("canvas[data-kith-chart]")).to_be_visible()
    assert months_drawn(page) == 1

    page.get_by_role("link", name="Spring course").click()
    expect(page.get_by_role("heading", name="Cost and return")).to_be_visible()
    expect(page.locator(".kith-figure-main dd")).to_have_text("150.0 %")
    page.get_by_role("link", name="See the credits behind it").click()

    page.get_by_role("link", name="Payroll in Practice is the one to take next.").click()
    expect(page.locator("textarea[name=text]")).to_have_value("Payroll in Practice is the one to take next.")
    expect(page.get_by_role("link", name="Joe Bloggs")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_start_page_fits_every_screen(page: Page, log_in, company: None, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    log_in()

    page.goto("/admin/?period=all_time")
    expect(page.get_by_role("heading", name="Social return")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)

    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("width", [360, 1440])
def test_a_campaign_can_be_edited_before_its_figures_are_there(page: Page, log_in, company: None, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    log_in()
    held: list[Route] = []
    page.route("**/panel/figures/", lambda route: held.append(route))  # noqa: PLW0108 - it has to be a function

    page.goto(f"/admin/crm/campaign/{Campaign.objects.get().pk}/change/")
    place = page.get_by_role("region", name="Cost and return")
    expect(place).to_have_attribute("aria-busy", "true")
    name = page.locator("input[name=name]")
    name.fill("Spring courses")
    above = name.bounding_box()["y"]
    held[0].continue_()

    expect(page.locator(".kith-figure-main dd")).to_have_text("150.0 %")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert months_drawn(page) == 1
    expect(name).to_have_value("Spring courses")
    assert abs(name.bounding_box()["y"] - above) < 5, "the field jumped away from whoever was typing in it"
    page.evaluate("document.documentElement.classList.toggle('dark')")  # a theme draws its charts anew
    assert months_drawn(page) == 1
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
