"""Joining two records in a real browser, after looking at what it will do, and taking them apart again."""

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from crm.duplicates.search import search_changed
from crm.models import Contact
from crm.search import refresh_search_text
from metrics.recompute import recompute_all, recompute_stale
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@pytest.fixture
def joe_twice() -> tuple[Contact, Contact]:
    """Joe bought by telephone, and asks on the forum under an account that nobody linked; mia answered him there."""
    mia = MemberFactory(handle="mia")
    joe = ContactFactory(full_name="Joe Bloggs", tags=["course"])
    account = MemberFactory(
        channel=mia.channel, handle="joe_b", contact=ContactFactory(full_name="Joseph Bloggs", language="en")
    )
    for contact in (joe, account.contact):
        EmailFactory(contact=contact, raw="joe@example.com")
        refresh_search_text([contact.pk])  # factories write rows, not what the services keep beside them
    InteractionFactory(channel=mia.channel, member=mia, kind="answer", to_member=account)
    ConversionFactory(contact=joe, amount=Decimal("100.00"))
    recompute_all(now=NOW)
    search_changed(now=NOW)
    return joe, account.contact


def state_of(*contacts: Contact) -> list[dict[str, object]]:
    columns = ("full_name", "tags", "language", "stage", "person_id", "merged_into_id", "search_text", "known_as")
    return list(Contact.objects.filter(pk__in=[one.pk for one in contacts]).order_by("pk").values(*columns))


def test_the_other_record_is_found_while_typing(page: Page, log_in, joe_twice):
    joe, forum = joe_twice
    log_in()

    page.goto(f"/admin/crm/contact/{joe.pk}/merge/")
    expect(page.get_by_role("link", name="Joseph Bloggs")).to_be_visible()  # suggested, by the same address
    page.get_by_label("The other record").press_sequentially("joseph")
    expect(page.get_by_role("option", name="Joseph Bloggs")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("The other record")).to_have_value("Joseph Bloggs")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="How figures change")).to_be_visible()
    assert page.url.endswith(f"?with={forum.pk}")


@pytest.mark.parametrize("width", [1440, 390])
def test_two_records_are_joined_after_a_look_and_taken_apart_again(page: Page, log_in, joe_twice, width: int):
    joe, forum = joe_twice
    before = state_of(joe, forum)
    page.set_viewport_size({"width": width, "height": 900})
    log_in()

    page.goto("/admin/crm/duplicatesuggestion/")
    expect(page.get_by_text("Same e-mail", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Compare…").click()

    # What comes together, and what it does to the money: mia's answer earns credit once Joe is one person.
    expect(page.get_by_role("heading", name="How figures change")).to_be_visible()
    credited = page.get_by_role("row", name="Credited to touches")
    expect(credited.get_by_role("cell").nth(1)).to_have_text("0.00")
    expect(credited.get_by_role("cell").nth(3)).to_have_text("100.00")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    # By keyboard: the other record's name.
    page.locator("input[name='field:full_name'][value=survivor]").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#id_reason").fill("he told us on the phone")
    page.keyboard.press("Enter")
    expect(page.get_by_text("are one person now", exact=False)).to_be_visible()
    assert state_of(joe)[0]["full_name"] == "Joseph Bloggs"

    recompute_stale(now=NOW)
    page.reload()
    expect(page.get_by_text("100.00").first).to_be_visible()

    page.goto(f"/admin/crm/contact/{forum.pk}/change/")
    assert page.url.endswith(f"/admin/crm/contact/{joe.pk}/change/")
    page.get_by_role("link", name="Take apart", exact=True).first.click()
    expect(page.get_by_text("Full name", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Take apart").click()
    expect(page.get_by_text("stands alone again", exact=False)).to_be_visible()

    assert state_of(joe, forum) == before
