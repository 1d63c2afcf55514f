"""Recording help in a real browser, by the keyboard alone, on a large screen and on that of a phone."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from community.models import HelpRecord
from crm.models import Contact
from crm.search import refresh_search_text
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, EmailFactory


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs")
    EmailFactory(contact=joe, raw="joe@example.com")
    ContactFactory(full_name="Ines Berg")
    ChannelFactory(slug="phone", name="Telephone", platform="phone")
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))
    return joe


@pytest.mark.parametrize("width", [390, 1440])
def test_help_is_recorded_seen_and_undone_by_the_keyboard_alone(page: Page, log_in, joe: Contact, width: int):
    log_in()
    page.set_viewport_size({"width": width, "height": 860})
    page.goto("/admin/community/helprecord/record/")
    expect(page.locator("#id_person_text")).to_be_visible()

    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    dialog = page.locator("#kith-dialog")
    expect(dialog).to_be_visible()
    expect(page.locator("#id_question")).to_be_focused()
    page.keyboard.type("How do I enrol?")
    page.keyboard.press("Tab")
    page.keyboard.type("Like this.")
    page.keyboard.press("Tab")
    page.keyboard.type("enrolment")
    page.keyboard.press("Control+Enter")

    expect(dialog).to_be_hidden()
    toast = page.get_by_role("status").filter(has_text="Recorded: help for Joe Bloggs.")
    expect(toast).to_be_visible()
    record = HelpRecord.objects.get()
    assert (record.contact, record.question, record.answer) == (joe, "How do I enrol?", "Like this.")
    assert (record.topic, record.outcome, record.helper_user.username) == ("enrolment", "solved", "ana")

    page.reload()
    expect(page.get_by_role("region", name="Timeline").get_by_text("How do I enrol?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_undo_in_the_toast_takes_help_back_and_redo_brings_it_again(page: Page, log_in, joe: Contact):
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    expect(page.locator("#id_question")).to_be_focused()
    page.keyboard.type("How?")
    page.keyboard.press("Control+Enter")

    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Undone: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().withdrawn_at is not None

    page.get_by_role("button", name="Redo").press("Enter")
    expect(page.get_by_text("Recorded again: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().withdrawn_at is None


def test_person_is_found_by_half_a_name_while_typing(page: Page, log_in, joe: Contact):
    log_in()
    page.goto("/admin/crm/contact/")
    page.keyboard.press("h")
    expect(page.locator("#id_person_text")).to_be_focused()
    page.keyboard.type("blog")
    expect(page.get_by_role("option", name="Joe Bloggs")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#id_person_text")).to_have_value("Joe Bloggs")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().contact == joe


def test_nobody_is_chosen_unseen_while_the_answer_is_on_its_way(page: Page, log_in, joe: Contact):
    log_in()
    page.goto("/admin/crm/contact/")
    page.keyboard.press("h")
    person, offered = page.locator("#id_person_text"), page.get_by_role("option", name="Joe Bloggs")
    expect(person).to_be_focused()
    page.keyboard.type("blo")
    expect(offered).to_be_visible()
    held: list[Route] = []
    page.route(re.compile(r"/find/\?q=blo.$"), lambda route: held.append(route))  # noqa: PLW0108 - it has to be a function

    with page.expect_request("**/find/?q=blox"):
        page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(person).to_have_value("blox")  # Joe is marked, who does not fit it
    held.pop().continue_()
    expect(page.get_by_text("Nobody found.")).to_be_visible()
    expect(person).to_have_value("blox")

    page.keyboard.press("Backspace")
    expect(offered).to_be_visible()
    with page.expect_request("**/find/?q=blog"):
        page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(person).to_have_value("blog")
    held.pop().continue_()
    expect(person).to_have_value("Joe Bloggs")  # who was marked, and is found by “blog” as well
    expect(offered).to_be_hidden()


def test_somebody_new_is_added_by_the_name_that_nobody_was_found_by(page: Page, log_in, joe: Contact):
    log_in()
    page.goto("/admin/crm/contact/")
    page.keyboard.press("h")
    person, name = page.locator("#id_person_text"), page.locator("#id_new_name")
    expect(person).to_be_focused()
    page.keyboard.type("Joel Bloggs")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nobody found. Add the person below.")).to_be_visible()
    expect(name).to_have_value("Joel Bloggs")

    person.fill("blogg")  # it was Joe, after all
    expect(page.get_by_role("option", name="Joe Bloggs")).to_be_visible()
    page.keyboard.press("Enter")
    expect(name).to_have_value("")
    person.fill("Joel Bloggs")
    page.keyboard.press("Control+Enter")
    expect(name).to_have_value("Joel Bloggs")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Joel Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().contact.full_name == "Joel Bloggs"


def test_somebody_new_is_helped_by_a_colleague_and_all_is_told_by_the_keyboard_alone(page: Page, log_in, joe: Contact):
    bo = User.objects.create_user("bo", first_name="Bo", last_name="Lund", is_staff=True)
    log_in()
    page.goto("/admin/crm/contact/")
    page.keyboard.press("h")
    expect(page.locator("#id_person_text")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Not in Kith yet? Add the person
    for said in ("Zoë West", "zoe@example.com", "020 7946 0000", "zoe"):
        page.keyboard.press("Tab")
        page.keyboard.type(said)
    for said in ("How do I enrol?", "Like this.", "enrolment", "Tele", "Hel"):  # the last two in lists
        page.keyboard.press("Tab")
        page.keyboard.type(said)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # four stars
    page.keyboard.press("Tab")
    page.keyboard.type("25")
    page.keyboard.press("Tab")
    page.keyboard.type("bo lu")
    expect(page.get_by_role("option", name="Bo Lund")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#id_helper_text")).to_have_value("Bo Lund")
    for _ in range(12):  # over the parts of the time, which is now
        if page.evaluate("document.activeElement.id") != "id_note":
            page.keyboard.press("Tab")
    page.keyboard.type("Wants to hear about the evening course.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Zoë West.")).to_be_visible()
    record = HelpRecord.objects.get()
    assert (record.question, record.answer, record.topic) == ("How do I enrol?", "Like this.", "enrolment")
    assert (record.outcome, record.rating, record.minutes) == ("helped", 4, 25)
    assert (record.helper_user, record.recorded_by.username) == (bo, "ana")
    assert record.note == "Wants to hear about the evening course."
    assert (record.interaction.channel.slug, record.interaction.user) == ("phone", bo)
    zoe = record.contact
    assert (zoe.full_name, zoe.stage, zoe.members.get().handle) == ("Zoë West", "lead", "zoe")
    assert list(zoe.points.values_list("raw", flat=True)) == ["zoe@example.com", "020 7946 0000"]


def test_escape_asks_before_typed_text_is_lost(page: Page, log_in, joe: Contact):
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    expect(page.locator("#id_question")).to_be_focused()
    page.keyboard.type("Half a sen")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.keyboard.press("Escape")
    assert asked == ["Close without saving? What you typed is lost."]
    expect(page.locator("#id_question")).to_have_value("Half a sen")

    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Escape")
    expect(page.locator("#kith-dialog")).to_be_hidden()
    page.keyboard.press("h")
    expect(page.locator("#id_question")).to_be_focused()
    page.keyboard.press("Escape")  # nothing typed, nothing asked
    expect(page.locator("#kith-dialog")).to_be_hidden()


def test_leaving_the_page_asks_before_typed_text_is_lost(page: Page, log_in, joe: Contact):
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    expect(page.locator("#id_question")).to_be_focused()
    page.keyboard.type("Half a sen")
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    expect(page.locator("#id_question")).to_have_value("Half a sen")

    page.keyboard.press("Control+Enter")  # saved: nothing to lose any more
    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    asked_again = []
    page.on("dialog", lambda dialog: (asked_again.append(dialog.type), dialog.accept()))
    page.reload()
    page.keyboard.press("h")
    expect(page.locator("#id_question")).to_be_focused()
    page.reload()
    assert asked_again == []


def test_whoever_writes_instead_of_choosing_an_answer_writes_the_question(page: Page, log_in, joe: Contact):
    mia = MemberFactory(handle="mia")
    InteractionFactory(channel=mia.channel, member=mia, to_contact=joe, kind="answer", text="Take the evening course.")
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Take the evening course.")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.type("May I bring a calculator?")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().question == "May I bring a calculator?"


def test_answer_already_given_is_marked_with_one_key(page: Page, log_in, joe: Contact):
    mia = MemberFactory(handle="mia")
    account = MemberFactory(channel=mia.channel, contact=joe)
    InteractionFactory(
        channel=mia.channel,
        member=mia,
        to_member=account,
        kind="answer",
        text="Take the evening course.",
        occurred_at=dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC),
    )
    log_in()
    page.goto(f"/admin/crm/contact/{joe.pk}/change/")
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Take the evening course.")).to_be_focused()
    page.keyboard.press("1")

    expect(page.get_by_text("Marked as help for Joe Bloggs.")).to_be_visible()
    record = HelpRecord.objects.get()
    assert (record.helper_member, record.contact, record.outcome) == (mia, joe, "helped")
