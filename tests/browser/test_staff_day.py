"""
A day of somebody who helps people: find Joe, help him, answer what waits, join his two records, take them apart, erase.

Told twice: at a desk, where help is recorded by the keyboard alone, and on a phone, with a finger.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from psycopg.types.range import DateRange

from community.models import HelpRecord
from crm.duplicates.search import search_changed
from crm.models import Contact
from crm.search import refresh_search_text
from metrics.recompute import recompute_all, recompute_stale
from tests.browser.conftest import DESK, PASSWORD, PHONE
from tests.factories.community import ChannelFactory, CostFactory, InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory

QUESTION = "Which evening group fits beside a job?"
SCREENS = {"desk": DESK, "phone": PHONE}


@pytest.fixture
def joe() -> Contact:
    """
    Joe asked on the forum a month ago, Mia answered, and he bought for 250.00; a reward for him cost 50.00.

    He bought for 100.00 by telephone as well, under another record. This morning he asked again.
    """
    now = timezone.now()
    forum = ChannelFactory(slug="forum", name="Forum")
    ChannelFactory(slug="phone", name="Telephone", platform="phone")
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    joe = MemberFactory(channel=forum, handle="joe_b", contact=ContactFactory(full_name="Joe Bloggs"))
    twin = ContactFactory(full_name="Joseph Bloggs")
    for contact in (joe.contact, twin):
        EmailFactory(contact=contact, raw="joe@example.com")
    asked = InteractionFactory(
        channel=forum, member=joe, text="Is payroll hard?", occurred_at=now - dt.timedelta(days=30)
    )
    InteractionFactory(
        channel=forum,
        member=mia,
        kind="answer",
        reply_to=asked,
        text="Not at all.",
        occurred_at=now - dt.timedelta(days=30) + dt.timedelta(hours=1),
    )
    InteractionFactory(channel=forum, member=joe, text=QUESTION, occurred_at=now - dt.timedelta(hours=3))
    bought_at = now - dt.timedelta(days=10)
    ConversionFactory(contact=joe.contact, amount=Decimal("250.00"), occurred_at=bought_at)
    ConversionFactory(contact=twin, amount=Decimal("100.00"), occurred_at=bought_at)
    day = bought_at.date()
    CostFactory(
        category="rewards",
        contact=joe.contact,
        amount=Decimal("50.00"),
        days=DateRange(day, day + dt.timedelta(days=1)),
    )
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))
    recompute_all(now=now)
    search_changed(now=now)
    return joe.contact


@pytest.fixture(params=SCREENS)
def place(request: pytest.FixtureRequest) -> str:
    """Where the day is spent."""
    return request.param


@pytest.fixture
def screen(place: str) -> dict[str, Any]:
    return SCREENS[place]


@pytest.fixture(autouse=True)
def ana(log_in: Callable[..., None]) -> None:
    """Ana, who is logged in."""
    log_in(get_user_model().objects.create_superuser("ana", password=PASSWORD, first_name="Ana", last_name="Whelan"))


def press(target: Locator) -> None:
    """Click at the desk, tap on the phone."""
    if target.page.viewport_size == PHONE["viewport"]:
        target.tap()
    else:
        target.click()


def expect_to_fit(page: Page) -> None:
    """Nothing has to be moved sideways to be seen; a phone would show a page that is too wide in a smaller size."""
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def tile(page: Page, key: str) -> Locator:
    return page.locator(f".kith-tile-{key}")


def test_a_day_with_joe(page: Page, place: str, joe: Contact):
    find_by_half_a_name(page)
    record_a_call(page, by_keyboard=place == "desk")
    answer_what_waits(page, joe)
    join_and_take_apart(page, joe)
    erase(page, joe)


def find_by_half_a_name(page: Page) -> None:
    page.goto("/admin/crm/contact/")
    expect_to_fit(page)
    page.locator("#searchbar").fill("joe bl")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=joe+bl")
    expect_to_fit(page)
    press(page.locator("#result_list").get_by_role("link", name="Joe Bloggs", exact=True).first)

    expect(page.get_by_role("heading", name="Joe Bloggs", level=1)).to_be_visible()
    expect(tile(page, "roi").locator("dd")).to_have_text("400.0 %")  # (250 − 50) / 50
    expect(tile(page, "revenue").locator("dd")).to_have_text("250.00 EUR")
    expect(tile(page, "mean_rating")).to_contain_text("No help was rated")
    expect(tile(page, "waiting").locator("dd")).to_have_text("1")
    expect_to_fit(page)


def record_a_call(page: Page, *, by_keyboard: bool) -> None:
    """Help on the telephone: recorded on the page and seen there, which is never loaded anew."""
    page.evaluate("window.kithStayed = true")
    if by_keyboard:
        page.keyboard.press("h")
        expect(page.get_by_role("button", name="Not at all.")).to_be_focused()  # it was none of the answers given
        page.keyboard.press("Tab")
        expect(page.locator("#id_answers")).to_be_focused()
        page.keyboard.type("noth")  # nor does it answer what he waits for
        page.keyboard.press("Tab")
        page.keyboard.type("Can the company be invoiced?")
        page.keyboard.press("Tab")
        page.keyboard.type("Yes, by its order number.")
        page.keyboard.press("Tab")
        page.keyboard.type("invoices")
        page.keyboard.press("Tab")
        page.keyboard.type("Tele")  # the channel
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")  # solved, as it stands
        page.keyboard.press("ArrowDown")  # five stars
        expect_to_fit(page)
        page.keyboard.press("Control+Enter")
    else:
        press(page.get_by_role("link", name="Record help"))
        page.locator("#id_answers").select_option(label="nothing of this")
        page.locator("#id_question").fill("Can the company be invoiced?")
        page.locator("#id_answer").fill("Yes, by its order number.")
        page.locator("#id_topic").fill("invoices")
        page.locator("#id_channel").select_option(label="Telephone")
        page.locator("#id_rating").select_option("5")
        expect_to_fit(page)
        press(page.get_by_role("button", name="Save help"))

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    expect(tile(page, "mean_rating").locator("dd")).to_have_text("5.00")
    expect(tile(page, "last_contact")).to_contain_text("by Ana Whelan, Telephone")
    expect(tile(page, "waiting").locator("dd")).to_have_text("1")  # that call was about something else
    # It stands at the minute in which the form was opened: Joe's record may be younger than that.
    told = page.locator(".kith-entry", has_text="Can the company be invoiced?")
    expect(told).to_contain_text("Help received")
    assert page.evaluate("window.kithStayed") is True
    record = HelpRecord.objects.get()
    assert (record.topic, record.outcome, record.rating) == ("invoices", "solved", 5)


def answer_what_waits(page: Page, joe: Contact) -> None:
    """What he asked this morning is answered from the queue, as help."""
    page.goto("/admin/community/waitinginteraction/")
    row = page.locator("#result_list tbody tr", has_text=QUESTION)
    expect_to_fit(page)
    press(row.get_by_role("link", name="Answer"))
    expect(page.locator("#id_question")).to_have_value(QUESTION)
    page.locator("#id_answer").fill("The one on Tuesdays.")
    press(page.get_by_role("button", name="Save help"))

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    expect(row).to_have_count(0)
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()
    assert HelpRecord.objects.get(question=QUESTION).interaction.reply_to.text == QUESTION
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    expect(tile(page, "waiting")).to_contain_text("Everything is answered")
    expect(page.locator(".kith-entry", has_text="The one on Tuesdays.")).to_contain_text("Help received")


def join_and_take_apart(page: Page, joe: Contact) -> None:
    """Somebody else looks like him: joined after a look at what it does to the money, and taken apart again."""
    press(page.get_by_role("link", name="Joseph Bloggs"))
    together = page.get_by_role("row", name="Credited to touches").get_by_role("cell").nth(3)
    expect(together).to_have_text("350.00")
    expect_to_fit(page)
    press(page.get_by_role("button", name="Merge the two"))
    expect(page.get_by_text("are one person now", exact=False)).to_be_visible()
    recompute_stale(now=timezone.now())
    page.reload()
    expect(tile(page, "revenue").locator("dd")).to_have_text("350.00 EUR")
    expect(tile(page, "revenue_credited").locator("dd")).to_have_text("350.00 EUR")
    expect(tile(page, "roi").locator("dd")).to_have_text("600.0 %")  # (350 − 50) / 50
    expect_to_fit(page)

    press(page.get_by_role("link", name="Take apart…"))
    apart = page.get_by_role("button", name="Take apart")
    expect(apart).to_be_visible()
    expect_to_fit(page)
    press(apart)
    expect(page.get_by_text("stands alone again", exact=False)).to_be_visible()
    recompute_stale(now=timezone.now())
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    expect(tile(page, "revenue").locator("dd")).to_have_text("250.00 EUR")
    expect(tile(page, "revenue_credited").locator("dd")).to_have_text("250.00 EUR")
    expect(tile(page, "roi").locator("dd")).to_have_text("400.0 %")


def erase(page: Page, joe: Contact) -> None:
    press(page.get_by_role("link", name="Erase", exact=True))
    expect(page.get_by_text("nothing has happened yet")).to_be_visible()
    expect_to_fit(page)
    page.fill("[name=name]", "Joe Bloggs")
    press(page.get_by_role("button", name="Erase for good"))

    expect(page.get_by_text("The person was erased.")).to_be_visible()
    expect(page.get_by_role("heading", name=f"Erased person {joe.pk}", level=1)).to_be_visible()
    expect(tile(page, "revenue").locator("dd")).to_have_text("250.00 EUR")  # past figures do not move
    for word in ("Joe Bloggs", "joe@example.com", "joe_b"):
        assert word not in page.content()
    page.goto("/admin/crm/contact/?q=joe+bl")
    expect(page.get_by_role("link", name="Joseph Bloggs", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Joe Bloggs", exact=True)).to_have_count(0)


def test_help_is_recorded_for_whom_the_dialog_finds(page: Page, place: str, joe: Contact):
    page.goto("/admin/crm/contact/")
    if place == "desk":
        page.keyboard.press("h")
    else:
        press(page.get_by_role("link", name="Record help", exact=True).first)
    expect(page.locator("#id_person_text")).to_be_visible()
    page.locator("#id_person_text").press_sequentially("joe blo")
    found = page.get_by_role("option", name="Joe Bloggs")
    expect(found).to_be_visible()
    if place == "desk":
        page.keyboard.press("Enter")
        page.keyboard.press("Control+Enter")
    else:
        press(found)
        press(page.get_by_role("button", name="Save help"))

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().contact == joe
