"""
One journey through the admin in a real browser: from the start page to the sentence that earned a cent.

No script may fail and nothing may be asked of another host: the admin works without the internet.
"""

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect, sync_playwright
from psycopg.types.range import DateRange
from pytest_django.live_server_helper import LiveServer

from metrics.recompute import recompute_all
from tests.factories.community import CostFactory, InteractionFactory, MemberFactory
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory

CHROMIUM = os.environ.get("KITH_CHROMIUM") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: install it, or name it in KITH_CHROMIUM"),
]


@pytest.fixture(scope="module", autouse=True)
def synchronous_database() -> Iterator[None]:
    """Playwright keeps an event loop running in this thread, which Django takes for asynchronous code."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def page(live_server: LiveServer) -> Iterator[Page]:
    """A page of a fresh browser; what goes wrong in it fails the test that used it."""
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("console", lambda line: faults.append(f"console: {line.text}") if line.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "blob:"))
                else faults.append(f"another host: {request.url}")
            ),
        )
        yield page
        browser.close()
    assert faults == []


@pytest.fixture
def company() -> None:
    get_user_model().objects.create_superuser("ana", password="an admin's long password")
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


def test_a_figure_leads_to_the_sentence_that_earned_it(page: Page, company: None):
    page.goto("/admin/")
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", "an admin's long password")
    page.click("button[type=submit]")

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
def test_start_page_fits_every_screen(page: Page, company: None, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/admin/")
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", "an admin's long password")
    page.click("button[type=submit]")

    page.goto("/admin/?period=all_time")
    page.wait_for_load_state("load")

    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
