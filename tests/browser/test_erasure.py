"""Erasing somebody as a person would: look at what would happen, type the name, see what is left."""

from pathlib import Path

from playwright.sync_api import Page, expect

from crm.models import Contact, Erasure
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ConsentFactory, ContactFactory, ConversionFactory, EmailFactory


def joe() -> Contact:
    contact = ContactFactory(full_name="Joe Bloggs", ref="c1")
    EmailFactory(contact=contact, raw="joe@example.com")
    ConsentFactory(contact=contact)
    account = MemberFactory(contact=contact, handle="joe")
    InteractionFactory(member=account, channel=account.channel, text="I am Joe.")
    ConversionFactory(contact=contact)
    return contact


def test_erasing_shows_what_would_happen_and_asks_for_the_name(page: Page, log_in):
    contact = joe()
    log_in()

    page.goto(f"/admin/crm/contact/{contact.pk}/erase/")
    expect(page.get_by_text("nothing has happened yet")).to_be_visible()
    expect(page.get_by_role("row", name="Addresses 1 deleted")).to_be_visible()
    expect(page.get_by_role("row", name="Interactions 1 stays under a pseudonym")).to_be_visible()
    page.fill("[name=name]", "Joe")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("This is not the name.")).to_be_visible()
    assert not Erasure.objects.exists()

    page.fill("[name=name]", "Joe Bloggs")
    page.get_by_role("button", name="Erase for good").click()

    expect(page.get_by_text("The person was erased.")).to_be_visible()
    expect(page.get_by_text(f"Erased person {contact.pk}").first).to_be_visible()
    assert "joe@example.com" not in page.content()
    assert "Bloggs" not in page.content()
    page.goto(f"/admin/crm/contact/{contact.pk}/erase/")
    expect(page.get_by_text("This person was erased before")).to_be_visible()


def test_the_pages_fit_a_phone(page: Page, log_in):
    contact = joe()
    page.set_viewport_size({"width": 390, "height": 800})
    log_in()

    for name in ("erase", "export"):
        page.goto(f"/admin/crm/contact/{contact.pk}/{name}/")
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_addresses_of_those_who_agreed_are_counted_and_downloaded(page: Page, log_in):
    contact = joe()
    ContactFactory(full_name="Mia Without Consent")
    log_in()
    page.goto("/admin/crm/contact/")
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "export_addresses")
    page.locator("button[name=index]").click()

    page.get_by_role("button", name="Who is in it?").click()
    expect(page.get_by_role("row", name="In the list 1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download 1 address").click()

    assert f"{contact.pk},Joe Bloggs," in Path(download.value.path()).read_text(encoding="utf-8-sig")
