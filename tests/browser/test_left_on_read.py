"""The queue as a person works through it: claim, snooze with undo, answer, and on a phone."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory

QUEUE = "/admin/community/waitinginteraction/"


@pytest.fixture
def question():
    """Joe asked on the forum two hours ago."""
    joe = MemberFactory(channel__name="Forum", contact=ContactFactory(full_name="Joe Bloggs"))
    return InteractionFactory(
        channel=joe.channel,
        member=joe,
        text="How do I enrol?",
        occurred_at=timezone.now() - dt.timedelta(hours=2),
    )


def test_claim_snooze_with_undo_and_dismiss(page: Page, log_in, question):
    log_in()
    page.goto(QUEUE)
    row = page.locator("#result_list tbody tr", has_text="How do I enrol?")
    expect(row).to_contain_text("2 h 0 min")

    row.get_by_role("link", name="Claim").click()
    expect(page.locator(".kith-toast")).to_contain_text("You take care of it.")
    expect(row.get_by_role("link", name="Release")).to_be_visible()

    row.get_by_role("link", name="Snooze").click()
    page.locator("#kith-dialog button[type=submit]").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").last.click()
    expect(row).to_have_count(1)

    row.get_by_role("link", name="Dismiss").click()
    page.locator("#kith-dialog [name=reason]").fill("He thanked us")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody waits.")).to_be_visible()


def test_the_queue_fits_a_phone(page: Page, log_in, question):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in()
    page.goto(QUEUE)

    expect(page.get_by_text("How do I enrol?").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Dismiss").first.click()
    expect(page.locator("#kith-dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
