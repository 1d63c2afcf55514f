"""The queue as a person works through it: claim, assign, snooze with undo, answer by keyboard, and on a phone."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from community.handling import claim
from community.models import HelpRecord
from crm.models import Contact
from tests.factories.community import InteractionFactory, MemberFactory, ThreadFactory, UserFactory
from tests.factories.crm import ContactFactory

QUEUE = "/admin/community/waitinginteraction/"


def row_of(page: Page) -> Locator:
    return page.locator("#result_list tbody tr", has_text="How do I enrol?")


def menu_count(page: Page) -> Locator:
    """The number beside Left on read in the menu."""
    return page.locator("#kith-waiting")


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
    row = row_of(page)
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
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()


def test_the_line_below_the_queue_counts_what_still_waits(page: Page, log_in, question):
    InteractionFactory(channel=question.channel, member=question.member, text="And when?", occurred_at=timezone.now())
    log_in()
    page.goto(QUEUE)
    foot = page.locator("#kith-list-foot")
    expect(foot).to_have_text("2 left on read")

    row_of(page).get_by_role("link", name="Snooze").click()
    page.locator("#kith-dialog button[type=submit]").click()
    expect(row_of(page)).to_have_count(0)

    expect(foot).to_have_text("1 message left on read")
    page.get_by_role("button", name="Undo").last.click()
    expect(foot).to_have_text("2 left on read")


def test_what_was_done_to_many_is_taken_back_by_one_click(page: Page, log_in, question):
    InteractionFactory(channel=question.channel, member=question.member, text="And when?", occurred_at=timezone.now())
    log_in()
    page.goto(f"{QUEUE}?by=nobody")
    waiting = page.locator("#result_list tbody tr")
    expect(waiting).to_have_count(2)

    for box in page.locator("#result_list tbody input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option(label="Dismiss: Spam")
    page.locator("button[name=index]").click()
    expect(page.get_by_text("Dismissed: 2.")).to_be_visible()
    expect(waiting).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Undone for 2.")).to_be_visible()
    expect(waiting).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?by=nobody$"))
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_question_is_answered_from_the_queue_by_the_keyboard_alone(page: Page, log_in, question):
    log_in()
    expect(menu_count(page)).to_have_text("1")
    page.goto(QUEUE)

    row_of(page).get_by_role("link", name="Answer").press("Enter")
    expect(page.locator("#id_question")).to_have_value("How do I enrol?")
    expect(page.locator("#id_answer")).to_be_focused()
    page.keyboard.type("With the form at the desk.")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#kith-dialog")).to_be_hidden()
    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    expect(row_of(page)).to_have_count(0)
    expect(menu_count(page)).to_be_hidden()
    record = HelpRecord.objects.get()
    assert (record.interaction.reply_to, record.contact) == (question, question.member.contact)
    assert (record.question, record.answer, record.helper_user.username) == (
        "How do I enrol?",
        "With the form at the desk.",
        "ana",
    )

    page.get_by_role("button", name="Undo").press("Enter")
    expect(row_of(page)).to_have_count(1)
    expect(menu_count(page)).to_have_text("1")

    page.get_by_role("button", name="Redo").press("Enter")
    expect(row_of(page)).to_have_count(0)
    page.goto(f"/admin/crm/contact/{record.contact_id}/change/")
    expect(page.get_by_role("region", name="Timeline").get_by_text("With the form at the desk.")).to_be_visible()


def test_an_answer_begins_in_its_field_although_others_were_given_before(page: Page, log_in, question):
    mia = MemberFactory(channel=question.channel, handle="mia")
    question.thread = ThreadFactory(channel=mia.channel)
    question.save()
    since = {"channel": mia.channel, "thread": question.thread, "occurred_at": timezone.now() - dt.timedelta(hours=1)}
    own = InteractionFactory(member=question.member, kind="answer", text="I found it myself.", **since)
    InteractionFactory(member=mia, kind="comment", reply_to=own, text="By post.", **since)  # talk, and no reply to him
    log_in()
    page.goto(QUEUE)
    row_of(page).get_by_role("link", name="Answer").press("Enter")
    expect(page.get_by_role("button", name="By post.")).to_be_visible()
    expect(page.locator("#id_answer")).to_be_focused()
    page.keyboard.type("1) open the form, 2) send it.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Recorded: help for Joe Bloggs.")).to_be_visible()
    assert HelpRecord.objects.get().answer == "1) open the form, 2) send it."


def test_what_a_colleague_has_claimed_is_told_handed_over_and_given_back(page: Page, log_in, question):
    bo = UserFactory(username="bo", first_name="Bo", last_name="Berg", is_staff=True)
    UserFactory(username="cy", first_name="Cy", last_name="Dahl", is_staff=True)
    log_in()
    page.goto(QUEUE)
    claim([question.pk], user_id=bo.pk, now=timezone.now())  # while ana looks at the list

    row_of(page).get_by_role("link", name="Claim").click()
    expect(page.locator("#kith-dialog")).to_contain_text("Bo Berg takes care of this already")
    page.keyboard.press("Escape")

    page.reload()
    expect(row_of(page)).to_contain_text("Bo Berg")
    row_of(page).get_by_role("link", name="Assign").press("Enter")
    page.locator("#kith-dialog [name=user]").select_option(label="Cy Dahl")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Cy Dahl takes care of it.")).to_be_visible()
    expect(row_of(page)).to_contain_text("Cy Dahl")

    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Bo Berg takes care of it.")).to_be_visible()
    expect(row_of(page)).to_contain_text("Bo Berg")


def test_what_was_snoozed_comes_back_by_itself(page: Page, log_in, question, monkeypatch):
    log_in()
    page.goto(QUEUE)
    row_of(page).get_by_role("link", name="Snooze").press("Enter")
    page.locator("#kith-dialog [name=until]").select_option("hours")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()
    expect(menu_count(page)).to_be_hidden()

    page.goto(f"{QUEUE}?state=snoozed")
    expect(row_of(page)).to_contain_text("Snoozed until")

    later = timezone.now() + dt.timedelta(hours=4)
    monkeypatch.setattr(timezone, "now", lambda: later)  # the server's clock, four hours on
    page.goto(QUEUE)
    expect(row_of(page)).to_contain_text("6 h 0 min")
    expect(menu_count(page)).to_have_text("1")


def focused(page: Page) -> tuple[str, str]:
    """What the focused button says, and what its row is about."""
    button = page.locator("#result_list .kith-do:focus")
    expect(button).to_have_count(1)
    said = button.locator("xpath=ancestor::tr[1]").locator(".kith-link").first
    return button.inner_text(), said.inner_text()


def test_keyboard_goes_on_where_it_was_in_the_queue(page: Page, log_in, question):
    for hours, text in ((3, "First"), (1, "Third")):
        InteractionFactory(
            channel=question.channel, member=question.member, text=text,
            occurred_at=timezone.now() - dt.timedelta(hours=hours),
        )  # fmt: skip
    log_in()
    page.goto(QUEUE)

    row_of(page).get_by_role("link", name="Claim").press("Enter")
    expect(row_of(page).get_by_role("link", name="Release")).to_be_visible()
    assert focused(page) == ("Release", "How do I enrol?")

    row_of(page).get_by_role("link", name="Snooze").press("Enter")
    expect(page.locator("#kith-dialog")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(row_of(page)).to_have_count(0)
    assert focused(page) == ("Answer", "Third")  # which moved up

    page.keyboard.press("Enter")
    expect(page.locator("#id_answer")).to_be_focused()
    page.keyboard.type("Like this.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result_list tbody tr", has_text="Third")).to_have_count(0)
    assert focused(page) == ("Answer", "First")  # the last there is

    page.get_by_role("button", name="Undo").last.press("Enter")
    expect(page.locator("#result_list tbody tr", has_text="Third")).to_have_count(1)
    assert focused(page) == ("Answer", "First")  # and stays there


def test_rows_of_the_queue_are_walked_with_two_keys(page: Page, log_in, question):
    for hours, text in ((3, "First"), (1, "Third")):
        InteractionFactory(
            channel=question.channel, member=question.member, text=text,
            occurred_at=timezone.now() - dt.timedelta(hours=hours),
        )  # fmt: skip
    log_in()
    page.goto(QUEUE)

    page.keyboard.press("j")
    assert focused(page) == ("Answer", "First")
    page.keyboard.press("j")
    assert focused(page) == ("Answer", "How do I enrol?")
    page.keyboard.press("Tab")
    assert focused(page)[1] == "How do I enrol?"
    for key, said in (("j", "Third"), ("j", "Third"), ("k", "How do I enrol?")):  # there is no row below the third
        page.keyboard.press(key)
        assert focused(page) == ("Answer", said)

    page.keyboard.press("Enter")
    expect(page.locator("#id_answer")).to_be_focused()
    page.keyboard.type("jkjk")
    expect(page.locator("#id_answer")).to_have_value("jkjk")
    page.keyboard.press("Control+Enter")
    expect(row_of(page)).to_have_count(0)
    assert focused(page) == ("Answer", "Third")
    page.keyboard.press("k")
    assert focused(page) == ("Answer", "First")

    page.locator("#searchbar").focus()
    page.keyboard.type("jk")
    expect(page.locator("#searchbar")).to_have_value("jk")


@pytest.mark.parametrize("name", ["a.very.long.address@a-very-long-host-name-without-any-blank.example.com", "W" * 250])
def test_names_of_any_length_leave_the_buttons_on_the_screen(page: Page, log_in, question, name):
    bo = UserFactory(username="bo", first_name="Bo" * 50, is_staff=True)
    Contact.objects.update(full_name=name)
    claim([question.pk], user_id=bo.pk, now=timezone.now())
    type(question.channel).objects.update(name="Forum" * 15)
    log_in()
    page.goto(QUEUE)

    box = row_of(page).get_by_role("link", name="Dismiss").bounding_box()

    assert box["x"] + box["width"] <= 1440
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_the_queue_fits_a_phone(page: Page, log_in, question):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in()
    page.goto(QUEUE)

    expect(page.get_by_text("How do I enrol?").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = row_of(page).evaluate("row => [...row.children].map((cell) => cell.getBoundingClientRect().width)")
    assert len(set(widths)) == 1
    page.get_by_role("link", name="Dismiss").first.click()
    expect(page.locator("#kith-dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
