"""What every page stands in, for those who read it with their ears, by the keyboard, in the dark or on a phone."""

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from crm.models import Contact, FollowUp
from tests.factories.crm import CampaignFactory, ContactFactory, EmailFactory

# The colours of a text and of what lies under it, as parts of 255.
COLOURS = """element => {
    const pixel = (colour) => {
        const context = document.createElement("canvas").getContext("2d");
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    let under = element;
    while (pixel(getComputedStyle(under).backgroundColor)[3] < 255) under = under.parentElement;
    return [pixel(getComputedStyle(element).color), pixel(getComputedStyle(under).backgroundColor)];
}"""


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs")
    EmailFactory(contact=joe, raw="joe@example.com")
    return joe


def contrast(colours: list[list[int]]) -> float:
    """Return the contrast of two colours, as WCAG 2.2 defines it: 1 to 21."""

    def luminance(colour: list[int]) -> float:
        parts = [part / 255 for part in colour[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted(luminance(colour) for colour in colours)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_page_has_a_title_a_landmark_one_heading_and_a_way_past_the_menu(page: Page, log_in, joe: Contact):
    log_in()
    for address, title, heading in (
        ("/admin/", "What our community earned | Kith", "What our community earned"),
        ("/admin/crm/contact/", "Contacts | Kith", "Contacts"),
        (f"/admin/crm/contact/{joe.pk}/change/", None, "Joe Bloggs"),
    ):
        page.goto(address)
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        if title:
            assert page.title().strip() == title

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_the_search_of_a_list_and_fields_in_rows_have_names(page: Page, log_in, joe: Contact):
    log_in()
    page.goto("/admin/crm/contact/")
    expect(page.get_by_role("textbox", name="Search contacts")).to_be_visible()
    expect(page.get_by_role("search").get_by_role("button", name="Search", exact=True)).to_be_visible()

    page.goto(f"/admin/crm/contact/{joe.pk}/change/?tab=details")
    expect(page.locator("[name=points-0-raw]")).to_have_value("joe@example.com")
    for name in ("points-0-raw", "points-0-kind", "points-0-verified_at_0"):
        expect(page.locator(f"[name={name}]")).to_have_accessible_name(
            {"raw": "Address", "kind": "Kind", "verified_at_0": "Verified at"}[name.removeprefix("points-0-")]
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_secondary_text_is_read_in_the_light_and_in_the_dark(page: Page, log_in, joe: Contact, scheme: str):
    page.emulate_media(color_scheme=scheme)
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    seen = page.locator(
        ".kith-tabs a:not(.kith-active), .kith-entry-meta, .kith-tile dt, .kith-figure-note, .kith-unit, .kith-note"
    )
    expect(page.locator(".kith-entry-meta").first).to_be_visible()

    ratios = [(one.evaluate("element => element.className"), contrast(one.evaluate(COLOURS))) for one in seen.all()]

    assert len(ratios) >= 5
    assert [one for one in ratios if one[1] < 4.5] == []
    assert page.evaluate("getComputedStyle(document.querySelector('input')).colorScheme").startswith(
        "dark" if scheme == "dark" else "normal"
    )


def test_how_long_something_is_overdue_is_seen_on_a_phone(page: Page, log_in, joe: Contact, django_user_model):
    log_in()
    ana, now = django_user_model.objects.get(), dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
    FollowUp.objects.create(
        contact=joe, what="Call about the certificate", assigned_to=ana, due_on=now.date(), recorded_at=now
    )
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/")

    box = page.locator("#panel-my_follow_ups tbody td:last-child").bounding_box()

    assert box["x"] + box["width"] <= 390


def test_the_last_row_of_a_list_can_be_ticked_after_another_one(page: Page, log_in):
    ContactFactory.create_batch(12)
    log_in()
    page.set_viewport_size({"width": 1440, "height": 700})
    page.goto("/admin/crm/contact/")

    boxes = page.locator("input.action-select")
    boxes.first.check()
    expect(page.get_by_label("Select action to run")).to_be_visible()  # it stands over the end of the list
    boxes.last.check(timeout=5_000)

    expect(page.locator("input.action-select:checked")).to_have_count(2)


def test_a_form_that_was_refused_says_so_at_the_top_of_its_page(page: Page, log_in):
    campaign = CampaignFactory(name="Winter evenings", budget=None, currency=None)
    log_in()
    page.goto(f"/admin/crm/campaign/{campaign.pk}/change/")
    expect(page.get_by_role("heading", name="Cost and return")).to_be_in_viewport()

    page.locator("#id_budget").fill("1500")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Please correct the error")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Cost and return")).to_have_count(0)  # it would stand above the form
    page.locator("#id_currency").fill("eur")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def test_a_name_without_a_space_leaves_the_other_columns_on_the_screen(page: Page, log_in, joe: Contact):
    long = "https://example.com/" + "profile" * 30
    ContactFactory(full_name=long)
    log_in()
    page.goto("/admin/crm/contact/")

    expect(page.locator("#result_list").get_by_text(long)).to_be_visible()
    for text in ("Updated at", "joe@example.com"):
        expect(page.locator("#result_list").get_by_text(text)).to_be_in_viewport(ratio=0.9)
    page.goto("/admin/crm/contact/add/")
    page.locator("#id_full_name").fill(long)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
