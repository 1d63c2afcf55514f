"""What the browser itself keeps to: our rules for pages, and sessions that end."""

from urllib.parse import unquote

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from config.roles import HELPER
from tests.browser.conftest import PASSWORD
from tests.factories.community import HelpRecordFactory, InteractionFactory
from tests.factories.crm import CampaignFactory, ContactFactory, EmailFactory

# Injected markup that would run a script, each in its own way; `window.ran` says that it did.
INJECTED = [
    '<img src="/nowhere.png" onerror="window.ran = true">',
    '<a id="bait" href="javascript:window.ran = true">x</a>',
    '<iframe srcdoc="<script>parent.ran = true</script>"></iframe>',
    '<form id="bait" action="https://elsewhere.example/"><button>x</button></form>',
]


def test_pages_of_every_sort_work_under_the_rules(page: Page, log_in):
    """The fixture fails the test when a page has something refused: Chromium tells the console."""
    contact = ContactFactory(full_name="Joe Bloggs", tags=["vip"])
    EmailFactory(contact=contact)
    campaign, interaction = CampaignFactory(), InteractionFactory(text="How do I enrol?")
    HelpRecordFactory(contact=contact)
    log_in()

    for address in (
        "",
        "crm/contact/",
        f"crm/contact/{contact.pk}/change/",
        f"crm/contact/{contact.pk}/change/?tab=details",
        f"crm/contact/{contact.pk}/history/",
        f"crm/campaign/{campaign.pk}/change/",
        "crm/conversion/add/",
        f"community/interaction/{interaction.pk}/retract/",
        "community/waitinginteraction/",
        "response-times/",
        "auth/user/add/",
        "auth/group/1/change/",
        "gateway/apikey/add/",
    ):
        assert page.goto(f"/admin/{address}").status == 200, address
        page.wait_for_load_state("networkidle")
        expect(page.locator("#nav-sidebar, #content").first).to_be_attached()


def test_a_key_is_selected_by_a_click(page: Page, log_in):
    log_in()
    page.goto("/admin/gateway/apikey/add/")
    page.fill("[name=name]", "shop")
    page.locator("[name=scopes]").first.check()
    page.click("button[name=_save], input[name=_save]")

    page.get_by_label("API key").click()

    assert page.evaluate("getSelection().toString()").startswith("kith_")


def test_the_api_can_be_tried_out(page: Page, log_in):
    log_in()

    page.goto("/api/docs/")

    expect(page.get_by_text("/api/v1/contacts/", exact=True).first).to_be_visible(timeout=20_000)


def test_a_second_factor_is_set_up(page: Page, log_in):
    log_in()

    page.goto("/accounts/2fa/totp/activate/")
    if page.locator("[name=password]").count():
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")

    picture = page.locator("img[src^='data:']")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth > 100")


@pytest.fixture
def unwatched(page: Page, log_in, live_server) -> Page:
    """A page of somebody who is logged in, in which what the browser refuses is no fault."""
    log_in()
    context = page.context.browser.new_context(storage_state=page.context.storage_state(), base_url=live_server.url)
    return context.new_page()


def test_injected_markup_runs_nothing(unwatched: Page):
    for markup in INJECTED:
        unwatched.goto("/admin/")
        unwatched.evaluate(
            """markup => {
                document.body.insertAdjacentHTML('beforeend', markup);
                document.querySelector('#bait button, a#bait')?.click();
            }""",
            markup,
        )
        unwatched.wait_for_timeout(200)

        assert unwatched.evaluate("window.ran") is None, markup
        assert unwatched.url.endswith("/admin/"), markup


def test_no_other_site_can_frame_a_page(unwatched: Page, live_server):
    unwatched.set_content(f"<iframe src='{live_server.url}/admin/'></iframe>")
    unwatched.wait_for_timeout(500)

    assert len(unwatched.frames) == 2
    assert "Kith" not in unwatched.frames[1].content()


def take_role(user: User) -> None:
    user.groups.clear()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def reset_password(user: User) -> None:
    user.set_password("another long password")
    user.save()


def test_the_next_click_after_a_change_leads_to_the_login(page: Page, log_in):
    for change in (take_role, deactivate, reset_password):
        user = User.objects.create_user(change.__name__, password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=HELPER))
        log_in(user)
        page.goto("/admin/crm/contact/")
        expect(page.get_by_role("link", name="Contacts").first).to_be_visible()

        change(user)
        page.reload()

        expect(page.locator("[name=login]")).to_be_visible()
        assert "next=/admin/crm/contact/" in unquote(page.url), change


def test_whoever_was_shown_out_comes_back_to_the_same_page(page: Page, log_in):
    hanne = User.objects.create_user("hanne", password=PASSWORD, is_staff=True)
    hanne.groups.add(Group.objects.get(name=HELPER))
    log_in(hanne)
    page.goto("/admin/crm/contact/")
    hanne.groups.add(Group.objects.create(name="One more"))
    page.reload()

    page.fill("[name=login]", "hanne")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")

    page.wait_for_url("**/admin/crm/contact/")
