"""Parts of a page that load themselves, in a browser: what is shown when one cannot be loaded, and the way on."""

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from config.models import UserSession
from tests.factories.crm import ContactFactory


@pytest.fixture(params=["response times", "contact"])
def part(request: pytest.FixtureRequest) -> tuple[str, str, str, str]:
    """A page, its part's address, where it stands, and something that the part shows."""
    if request.param == "contact":
        address = f"/admin/crm/contact/{ContactFactory(full_name='Joe Bloggs').pk}/change/"
        return address, "**/change/?tab=figures", "#kith-panels[data-kith-later]", "Accounts"
    return "/admin/response-times/", "**/response-times/figures/**", "[data-kith-later]", "By channel"


def test_a_part_that_failed_says_so_in_its_place_and_can_be_tried_again(page: Page, allowed_in_console, log_in, part):
    address, of_part, place, shown = part
    allowed_in_console += ["status of 500", "Response Status Error Code 500"]
    log_in()
    page.route(of_part, lambda route: route.fulfill(status=500))

    page.goto(address)

    here = page.locator(place)
    expect(here.get_by_role("alert")).to_contain_text("This could not be loaded.")
    expect(page.locator(".kith-toast")).to_have_count(0)
    page.unroute(of_part)
    here.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name=shown).first).to_be_visible()
    expect(page.get_by_text("could not be loaded")).to_have_count(0)


def test_a_part_shows_no_login_form_when_the_session_has_ended(page: Page, log_in, part):
    address, of_part, place, _ = part
    log_in()

    def too_late(route: Route) -> None:
        UserSession.objects.all().delete()
        route.continue_()

    page.route(of_part, too_late)
    page.goto(address)

    here = page.locator(place)
    expect(here.get_by_role("alert")).to_contain_text("You were logged out.")
    expect(page.locator("[name=password]")).to_have_count(0)
    here.get_by_role("link", name="Log in").click()
    expect(page.locator("[name=password]")).to_be_visible()


@pytest.mark.parametrize("part", ["timeline", "overview"])
def test_what_is_saved_while_a_part_loads_shows_in_it(page: Page, log_in, part: str):
    """The answer that was under way is older than what was saved: it is not shown, but asked for again."""
    joe = ContactFactory(full_name="Joe Bloggs")
    log_in()
    late: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if not late:
            late.append((route, route.fetch()))
        else:
            route.continue_()

    address = f"/admin/crm/contact/{joe.pk}/change/"
    if part == "timeline":
        page.route("**/change/?tab=timeline*", hold_first)
        page.goto(address)
    else:
        page.goto(address)
        expect(page.locator(".kith-entry")).to_have_count(1)
        page.route(f"**{address}", hold_first)
        save_note(page, "Likes evenings.")
    save_note(page, "Likes mornings.")

    ((route, answer),) = late
    route.fulfill(response=answer)

    shown = page.locator(".kith-entry" if part == "timeline" else ".kith-notes", has_text="Likes mornings.")
    expect(shown).to_be_visible()


def save_note(page: Page, text: str) -> None:
    page.keyboard.press("n")
    expect(page.locator("#kith-dialog textarea")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#kith-dialog textarea")).to_have_count(0)
