"""The page of a contact as staff use it: the timeline, its filters, credits, notes, follow-ups, help mended."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from community.models import HelpRecord, Member
from config.roles import HELPER
from crm.models import Contact, DuplicateSuggestion, FollowUp, Note
from crm.periods import local_day, organisation_zone
from crm.search import refresh_search_text
from metrics.recompute import recompute_all
from tests.browser.conftest import PASSWORD
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory, FollowUpFactory, NoteFactory

PHONE = {"width": 390, "height": 844}
BOTH_SIZES = pytest.mark.parametrize("width", [1440, 390])  # elsewhere the smaller one says more


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def joe() -> Contact:
    """Joe asked on the forum, Mia answered, he wrote on Discord, and bought for 100.00."""
    forum, discord = ChannelFactory(slug="forum", name="Forum"), ChannelFactory(slug="discord", name="Discord")
    joe = MemberFactory(channel=forum, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    asked = InteractionFactory(channel=forum, member=joe, text="Which course is next?", occurred_at=at(2, 9))
    InteractionFactory(
        channel=forum, member=mia, kind="answer", reply_to=asked, text="Payroll in Practice.", occurred_at=at(2, 10)
    )
    InteractionFactory(
        channel=discord,
        member=MemberFactory(channel=discord, handle="joe#1", contact=joe.contact),
        kind="comment",
        text="Hello from Discord.",
        occurred_at=at(3),
    )
    ConversionFactory(contact=joe.contact, amount=Decimal("100.00"), occurred_at=at(20))
    recompute_all(now=at(30))
    return joe.contact


def address(contact: Contact) -> str:
    return f"/admin/crm/contact/{contact.pk}/change/"


def entries(page: Page) -> Locator:
    return page.locator(".kith-entry")


@BOTH_SIZES
def test_timeline_is_filtered_by_kind_and_channel(page: Page, log_in, joe: Contact, width: int):
    log_in()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address(joe))
    page.evaluate("window.kithStayed = true")

    page.get_by_label("Kind").select_option(label="Answer")
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("Payroll in Practice.")
    expect(entries(page)).to_contain_text("by Mia Lind")

    page.get_by_label("Channel").select_option(label="Discord")
    expect(page.get_by_text("Nothing of this kind has happened.")).to_be_visible()
    page.get_by_label("Kind").select_option(label="Everything")
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("Hello from Discord.")
    assert "channel=discord" in page.url

    page.get_by_role("link", name="Show all").click()
    expect(entries(page).filter(has_text="Which course is next?")).to_have_count(1)
    assert page.evaluate("window.kithStayed") is True
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    page.go_back()  # the filter is part of the address
    expect(entries(page)).to_have_count(1)


def test_older_entries_follow_until_the_first(page: Page, log_in, joe: Contact):
    for day in range(1, 29):
        for month in (1, 2):
            NoteFactory(contact=joe, written_at=dt.datetime(2025, month, day, tzinfo=dt.UTC), text=f"{day}.{month}.")
    log_in()
    page.goto(address(joe))
    page.get_by_label("Kind").select_option(label="Note")
    expect(page.get_by_role("link", name="Show all")).to_be_visible()  # twenty entries stood there before, too

    for shown in (40, 56):
        page.get_by_role("link", name="Show older").click()
        expect(entries(page)).to_have_count(shown)

    expect(page.get_by_role("link", name="Show older")).to_have_count(0)
    texts = page.locator(".kith-entry .kith-entry-text").all_inner_texts()
    assert texts == [f"{day}.{month}." for month in (2, 1) for day in range(28, 0, -1)]


@BOTH_SIZES
def test_conversion_shows_which_touches_got_which_credit(page: Page, log_in, joe: Contact, width: int):
    log_in()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address(joe))
    page.get_by_label("Kind").select_option(label="Conversion")

    bought = entries(page)
    expect(bought).to_have_count(1)
    for model in ("First touch", "Last touch", "Linear", "Position-based", "Time decay"):
        expect(bought.get_by_role("columnheader", name=model)).to_have_count(1)
    question = bought.get_by_role("row", name="Question, Forum")
    # The oldest of three touches: all of 100.00, nothing, a third, 40 of 100.
    assert question.get_by_role("cell").all_inner_texts()[3:7] == ["100.00", "0.00", "33.33", "40.00"]
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_note_is_written_edited_and_pinned(page: Page, log_in, joe: Contact):
    log_in()
    page.set_viewport_size(PHONE)
    page.goto(address(joe))

    page.keyboard.press("n")
    expect(page.locator("#kith-dialog textarea")).to_be_focused()
    page.keyboard.type("Likes mornings.")
    page.keyboard.press("Control+Enter")
    notes = page.locator(".kith-notes")
    expect(notes).to_contain_text("Likes mornings.")
    expect(page.locator(".kith-entry", has_text="Likes mornings.")).to_be_visible()

    notes.get_by_role("link", name="Edit the note").click()
    page.locator("#kith-dialog textarea").fill("Likes evenings.")
    page.locator("#kith-dialog").get_by_text("Pin to the top").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".kith-pinned")).to_contain_text("Likes evenings.")
    expect(page.get_by_text("Likes mornings.")).to_have_count(0)
    assert Note.objects.get().is_pinned
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    page.once("dialog", lambda dialog: dialog.accept())
    notes.get_by_role("link", name="Edit the note").click()
    page.get_by_role("button", name="Delete this note").click()
    expect(page.get_by_text("Note deleted.")).to_be_visible()
    expect(page.get_by_text("No notes yet.")).to_be_visible()


def test_follow_up_is_planned_edited_done_and_undone(page: Page, log_in, joe: Contact):
    log_in()
    page.set_viewport_size(PHONE)
    page.goto(address(joe))

    page.keyboard.press("f")
    expect(page.locator("#kith-dialog #id_what")).to_be_focused()
    page.keyboard.type("Offer the summer course")
    page.keyboard.press("Control+Enter")
    steps = page.locator(".kith-steps")
    expect(steps).to_contain_text("Offer the summer course")
    expect(page.locator(".kith-tile-next_step")).to_contain_text("Offer the summer course")

    steps.get_by_role("link", name="Offer the summer course").click()
    page.locator("#id_due_on").fill("2026-01-15")
    page.get_by_role("button", name="Save").click()
    expect(steps).to_contain_text("overdue")
    expect(page.locator(".kith-tile-next_step")).to_contain_text("Overdue: Offer the summer course")

    steps.get_by_role("button", name="Done: Offer the summer course").click()
    expect(page.get_by_text("Nothing is planned.")).to_be_visible()
    expect(entries(page).first).to_contain_text("Follow-up done")
    assert FollowUp.objects.get().done_by.username == "ana"

    done = page.get_by_role("status").filter(has_text="Done: Offer the summer course")
    done.get_by_role("button", name="Undo").click()  # that of the plan may still stand above it
    expect(steps).to_contain_text("Offer the summer course")
    assert FollowUp.objects.get().done_at is None
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_help_is_mended_and_undone_in_the_list_of_help(page: Page, log_in, joe: Contact):
    record = HelpRecordFactory(contact=joe, question="How do I enrol?", topic="enrolment", rating=2)
    log_in()
    page.set_viewport_size(PHONE)
    page.goto(address(joe))
    expect(page.locator(".kith-tile-mean_rating dd")).to_have_text("2.00")

    page.locator("#panel-help summary", has_text="Received").click()
    page.locator("#panel-help").get_by_role("link", name="Edit").click()
    expect(page.locator("#id_question")).to_have_value("How do I enrol?")
    page.locator("#id_rating").select_option("4")
    page.get_by_role("button", name="Save help").click()
    expect(page.get_by_text("Saved: help for Joe Bloggs.")).to_be_visible()
    expect(page.locator(".kith-tile-mean_rating dd")).to_have_text("4.00")

    # The list that was opened is still open after it has loaded itself again.
    expect(page.locator("#panel-help").get_by_role("cell", name="4", exact=True)).to_be_visible()
    page.locator("#panel-help").get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo help").click()
    expect(page.get_by_text("Undone: help for Joe Bloggs.")).to_be_visible()
    expect(page.locator("#panel-help")).to_contain_text("Nobody helped them yet.")
    record.refresh_from_db()
    assert (record.rating, record.withdrawn_at is None) == (4, False)

    page.get_by_role("button", name="Redo").click()
    expect(page.locator(".kith-tile-mean_rating dd")).to_have_text("4.00")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("of", ["thread", "interaction"])
def test_question_is_answered_from_its_own_page(page: Page, log_in, joe: Contact, of: str):
    account = Member.objects.get(handle="joe")
    thread = ThreadFactory(channel=account.channel, opened_by=account, title="Enrolling", topic="enrolment")
    question = InteractionFactory(
        channel=account.channel, member=account, thread=thread, text="How do I enrol?", occurred_at=at(4)
    )
    pk = thread.pk if of == "thread" else question.pk
    log_in()
    page.goto(f"/admin/community/{of}/{pk}/change/")

    page.get_by_role("link", name="Record help").click()
    expect(page.locator("#id_question")).to_have_value("How do I enrol?")
    page.locator("#id_answer").fill("Like this.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()

    record = HelpRecord.objects.get()
    assert (record.contact, record.topic, record.interaction.reply_to) == (joe, "enrolment", question)
    page.goto("/admin/community/waitinginteraction/")
    expect(page.get_by_text("How do I enrol?")).to_have_count(0)
    page.goto(address(joe))
    expect(page.locator(".kith-entry", has_text="How do I enrol?").first).to_contain_text("Help received")


def test_question_that_waits_is_answered_from_the_timeline(page: Page, log_in, joe: Contact):
    account = Member.objects.get(handle="joe")
    question = InteractionFactory(channel=account.channel, member=account, text="How do I enrol?", occurred_at=at(4))
    log_in()
    page.goto(address(joe))
    entry = page.locator(".kith-entry", has_text="How do I enrol?")

    entry.get_by_role("link", name="Answer: Question").press("Enter")
    expect(page.locator("#id_question")).to_have_value("How do I enrol?")
    expect(page.locator("#id_answer")).to_be_focused()
    page.keyboard.type("Like this.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    expect(page.locator("#kith-timeline").get_by_role("link", name="Answer: Question")).to_have_count(0)
    assert HelpRecord.objects.get().interaction.reply_to == question


def test_start_page_shows_what_is_due_and_lets_it_be_done(page: Page, log_in, joe: Contact):
    hanne = User.objects.create_user("hanne", password=PASSWORD, is_staff=True)
    hanne.groups.add(Group.objects.get(name=HELPER))
    today = local_day(timezone.now(), organisation_zone())
    FollowUpFactory(contact=joe, what="Call Joe", assigned_to=hanne, due_on=today)
    FollowUpFactory(contact=joe, what="Send the invoice", assigned_to=hanne, due_on=today - dt.timedelta(days=3))
    FollowUpFactory(contact=joe, what="Not yet", assigned_to=hanne, due_on=today + dt.timedelta(days=1))
    FollowUpFactory(contact=joe, what="Somebody else's", due_on=today)
    log_in(hanne)
    page.set_viewport_size(PHONE)
    page.goto("/admin/")

    due = page.locator("#panel-my_follow_ups")
    expect(due.locator("tbody tr")).to_have_count(2)
    expect(due.locator("tbody tr").first).to_contain_text("overdue by 3 days")
    due.get_by_role("button", name="Done: Send the invoice").click()
    expect(due.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(due.locator("tbody tr")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    due.get_by_role("link", name="Joe Bloggs").first.click()
    expect(page.get_by_role("heading", name="Joe Bloggs", level=1)).to_be_visible()


def test_start_page_says_when_nothing_is_due(page: Page, log_in):
    log_in()
    page.goto("/admin/")
    expect(page.get_by_text("Nothing of yours is due.", exact=False)).to_be_visible()


@BOTH_SIZES
def test_a_helper_who_hears_it_notes_a_wish_and_corrects_a_name_by_the_keyboard(
    page: Page, log_in, joe: Contact, width: int
):
    hal = User.objects.create_user("hal", password=PASSWORD, is_staff=True)
    hal.groups.add(Group.objects.get(name=HELPER))
    log_in(hal)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address(joe))
    dialog, header = page.locator("#kith-dialog"), page.locator(".kith-contact-head")

    page.keyboard.press("w")
    expect(page.locator("#id_wish")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(header.get_by_text("Do not contact")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(header.get_by_text("Do not contact")).to_have_count(0)

    page.keyboard.press("w")
    page.locator("#id_wish").select_option(label="Agrees to be contacted")
    page.locator("#id_purpose").fill("newsletter")
    page.keyboard.press("Control+Enter")
    expect(header.get_by_text("newsletter")).to_be_visible()

    page.keyboard.press("e")
    expect(page.locator("#id_full_name")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Joseph Bloggs")
    page.locator("#id_more_email").fill("joe@example.com")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(header.get_by_role("heading", name="Joseph Bloggs")).to_be_visible()
    expect(header.get_by_role("link", name="joe@example.com")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    page.get_by_role("button", name="Undo").last.press("Enter")
    expect(header.get_by_role("heading", name="Joe Bloggs")).to_be_visible()
    expect(header.get_by_role("link", name="joe@example.com")).to_have_count(0)


@BOTH_SIZES
def test_a_helper_says_that_somebody_is_there_twice_and_takes_it_back(page: Page, log_in, joe: Contact, width: int):
    page.set_viewport_size({"width": width, "height": 844})
    twins = [ContactFactory(full_name=f"Joe {name}") for name in ("Ask", "Berg", "Carr", "Dahl")]
    refresh_search_text([twin.pk for twin in twins])
    ines = User.objects.create_user("ines", password=PASSWORD, is_staff=True, first_name="Ines")
    ines.groups.add(Group.objects.get(name=HELPER))
    log_in(ines)
    page.goto(address(joe))

    page.get_by_role("link", name="Same person as…").click()
    expect(page.get_by_label("Who is the same person?")).to_be_focused()
    page.keyboard.type("joe")
    found = page.locator("#kith-dialog").get_by_role("option")
    expect(found.nth(3)).to_be_in_viewport(ratio=1)
    found.filter(has_text="Joe Carr").click()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Suggested: Joe Bloggs and Joe Carr are one person.")).to_be_visible()
    pair = DuplicateSuggestion.objects.get()
    assert (pair.first, pair.second, pair.said_by) == (joe, twins[2], ines)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: they are two people.")).to_be_visible()
    assert not DuplicateSuggestion.objects.exists()
