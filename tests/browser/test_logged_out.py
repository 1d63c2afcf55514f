"""What stood in an open page when its login ended: after a login in another tab it is saved by saving again."""

import pytest
from playwright.sync_api import Page, expect

from config.models import UserSession
from crm.models import Contact, FollowUp, Note
from tests.browser.conftest import PASSWORD
from tests.factories.crm import ContactFactory


@pytest.fixture
def joe() -> Contact:
    return ContactFactory(full_name="Joe Bloggs")


def another_tab(page: Page, address: str) -> Page:
    with page.context.expect_page() as tab:
        page.evaluate("address => { window.open(address) }", address)
    return tab.value


def log_in_again(opened: Page) -> None:
    opened.fill("[name=login]", "ana")
    opened.fill("[name=password]", PASSWORD)
    opened.click("button[type=submit]")
    expect(opened.locator("#nav-sidebar")).to_be_attached()
    opened.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_what_stands_in_a_dialog_is_saved_after_another_login(page: Page, log_in, joe: Contact, width: int):
    log_in()
    page.set_viewport_size({"width": width, "height": 860})
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("n")
    expect(page.locator("#id_text")).to_be_focused()
    page.keyboard.type("Rings in the evening.")
    UserSession.objects.all().delete()
    save = page.locator("#kith-dialog").get_by_role("button", name="Save")
    save.click()
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("You were logged out: nothing was saved.")
    save.click(trial=True)  # nothing lies over it

    with page.context.expect_page() as tab:
        refused.get_by_role("link", name="Log in").click()
    log_in_again(tab.value)
    expect(refused).to_have_count(0)
    save.click()

    expect(page.get_by_role("status").filter(has_text="Note saved.")).to_be_visible()
    assert Note.objects.get().text == "Rings in the evening."


def test_a_page_without_its_cookies_tells_where_to_log_in_and_saves_then(
    page: Page, allowed_in_console: list[str], log_in, joe: Contact
):
    allowed_in_console += ["status of 403", "Response Status Error Code 403"]
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("n")
    expect(page.locator("#id_text")).to_be_focused()
    page.keyboard.type("Rings in the evening.")
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("This page is from before a login: nothing was saved.")

    with page.context.expect_page() as tab:
        refused.get_by_role("link", name="Log in").click()
    log_in_again(tab.value)
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("status").filter(has_text="Note saved.")).to_be_visible()


def test_a_button_and_a_form_of_a_page_from_before_a_login_work_after_it(page: Page, log_in, joe: Contact):
    task = FollowUp.objects.create(
        contact=joe, what="Ring him", due_on="2026-01-05", recorded_at="2026-01-05T09:00:00+00:00"
    )
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    edited = another_tab(page, f"/admin/crm/followup/{task.pk}/change/")
    edited.fill("[name=what]", "Ring him in the evening")
    page.context.clear_cookies()
    log_in_again(another_tab(page, "/accounts/login/"))

    page.get_by_role("button", name="Done: Ring him").click()
    expect(page.get_by_role("status").filter(has_text="Done: Ring him")).to_be_visible()
    edited.get_by_role("button", name="Save", exact=True).click()

    expect(edited.get_by_text("was changed successfully")).to_be_visible()
    task.refresh_from_db()
    assert (task.what, task.done_at is not None) == ("Ring him in the evening", True)
