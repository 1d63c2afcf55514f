"""The search over the whole admin, opened with Ctrl+K: typing and Enter lead to the first that is found."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.models import Contact
from crm.search import refresh_search_text
from tests.factories.crm import ContactFactory


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs")
    ContactFactory(full_name="Jane Bloggs", known_as="jane_b")
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))
    return joe


def test_typing_and_enter_open_the_first(page: Page, log_in, joe: Contact):
    log_in()
    page.keyboard.press("Control+k")
    field = page.get_by_role("searchbox", name="Search people, companies, campaigns and pages")
    expect(field).to_be_focused()
    page.keyboard.type("joe blo")
    expect(page.locator("#command-results-list").get_by_role("link", name="Joe Bloggs")).to_be_visible()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/admin/crm/contact/{joe.pk}/change/")


def test_enter_before_the_answer_waits_for_it_and_an_arrow_chooses_another(page: Page, log_in, joe: Contact):
    log_in()
    page.keyboard.press("Control+k")
    expect(page.locator("#search-input-command")).to_be_focused()
    page.keyboard.type("zebra")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.keyboard.press("Enter")
    page.locator("#search-input-command").fill("")
    page.keyboard.type("joe")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/admin/crm/contact/{joe.pk}/change/")

    page.keyboard.press("Control+k")
    expect(page.locator("#search-input-command")).to_be_focused()
    page.keyboard.type("bloggs")
    expect(page.locator("#command-results-list a")).to_have_count(2)
    expect(page.get_by_text("jane_b")).to_be_visible()
    address = page.locator("#command-results-list a").nth(1).get_attribute("href")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(re.escape(address)))


def test_the_cursor_is_in_the_field_however_long_the_dialog_takes_to_appear(page: Page, log_in):
    log_in()
    page.evaluate("window.requestAnimationFrame = (draw) => setTimeout(draw, 200)")  # what shows the dialog

    page.keyboard.press("Control+k")

    expect(page.locator("#search-input-command")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#search-input-command")).to_be_hidden()
