"""What was said around an interaction and in a thread: which, in what order, how much, and to whom it is told."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from community.conversation import said_around, said_in_threads
from community.panels import SaidAround
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory, ThreadFactory, UserFactory
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def everything(permission):
    return True


def open_words(permission):
    return permission != "community.view_private_interaction"


@pytest.fixture
def forum():
    return ChannelFactory(name="Forum")


@pytest.fixture
def joe(forum):
    return MemberFactory(channel=forum, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))


@pytest.fixture
def mia(forum):
    return MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Kowalska"))


def said(member, minute, text, **fields):
    at = dt.datetime(2026, 3, 2, 9, minute, tzinfo=dt.UTC)
    return InteractionFactory(
        channel=member.channel, occurred_at=at, text=text,
        **{"member": None if "user" in fields else member, "kind": "comment", **fields},
    )  # fmt: skip


def words(talk):
    return [one.text for one in talk]


@pytest.fixture
def thread(forum, joe, mia):
    """Ten messages, the first and the last at one minute each; a like, spam, and what was said elsewhere."""
    thread = ThreadFactory(channel=forum)
    for minute in reversed(range(10)):
        said((joe, mia)[minute % 2], minute, f"message {minute}", thread=thread)
    said(joe, 5, "", kind="like", thread=thread)
    said(joe, 5, "spam", thread=thread, retracted_at=NOW)
    said(joe, 5, "elsewhere", thread=ThreadFactory(channel=forum))
    said(joe, 5, "nowhere")
    return thread


def test_of_a_thread_the_last_is_told_oldest_first(thread):
    empty = ThreadFactory(channel=thread.channel)

    talks = said_in_threads([thread.pk, empty.pk], most=3, may=everything)

    assert words(talks[thread.pk]) == ["message 7", "message 8", "message 9"]
    assert [one.by for one in talks[thread.pk]] == ["Mia Kowalska", "Joe Bloggs", "Mia Kowalska"]
    assert talks[empty.pk] == []
    assert len(said_in_threads([thread.pk], most=50, may=everything)[thread.pk]) == 10


def test_around_a_message_so_many_before_and_after_are_told(thread):
    middle = thread.interactions.get(text="message 4")

    talk = said_around([middle.pk], before=3, after=2, may=everything)[middle.pk]

    assert words(talk) == ["message 2", "message 3", "message 4", "message 5", "message 6"]


def test_without_a_thread_it_is_what_replies_to_one_another(joe, mia):
    post = said(joe, 1, "I enrolled!", kind="post")
    first = said(mia, 2, "Well done", reply_to=post)
    second = said(joe, 3, "Thank you", reply_to=first)
    other = said(mia, 4, "Me too", reply_to=post)
    said(joe, 5, "Something else")

    talks = said_around([post.pk, first.pk, second.pk], before=9, after=9, may=everything)

    assert words(talks[post.pk]) == ["I enrolled!", "Well done", "Me too"]
    assert words(talks[first.pk]) == ["I enrolled!", "Well done", "Thank you", "Me too"]
    assert words(talks[second.pk]) == ["Well done", "Thank you"]
    assert words(said_around([other.pk], before=1, after=1, may=everything)[other.pk]) == ["Me too"]


def test_what_is_said_to_us_alone_is_a_talk_with_that_account(forum, joe, mia):
    ana = UserFactory(first_name="Ana", last_name="Berg")
    private = {"kind": "direct_message", "is_private": True}
    said(joe, 1, "Hello", **private)
    answer = said(joe, 2, "Hello Joe", user=ana, to_member=joe, direction="outbound", **private)
    asked = said(joe, 3, "How do I enrol?", **private)
    said(joe, 4, "In public")
    said(mia, 4, "Somebody else's", **private)

    talks = said_around([asked.pk, answer.pk], before=9, after=9, may=everything)
    hidden = said_around([asked.pk], before=9, after=0, may=open_words)[asked.pk]

    assert words(talks[asked.pk]) == words(talks[answer.pk]) == ["Hello", "Hello Joe", "How do I enrol?"]
    assert talks[asked.pk][1].by == "Ana Berg"
    assert words(hidden) == ["Private.", "Private.", "Private."]


def test_panel_marks_the_message_itself_and_the_accepted_answer(thread):
    middle = thread.interactions.get(text="message 4")
    thread.accepted_answer = thread.interactions.get(text="message 5")
    thread.save()

    (table,) = SaidAround().load([middle.pk], now=NOW, may=everything)[middle.pk].tables

    assert [row.values[2] for row in table.rows if row.is_current] == ["message 4"]
    assert [row.values[1] for row in table.rows][4:6] == ["Joe Bloggs: comment", "Mia Kowalska: comment, accepted"]
    assert table.more.query == {"thread__id__exact": thread.pk}


def test_pages_show_the_conversation_and_private_words_to_those_alone_who_may_read_them(thread):
    thread.interactions.filter(text="message 8").update(is_private=True, text="secret")
    user, client = UserFactory(is_staff=True), Client()
    names = ["view_interaction", "view_thread", "view_contact", "add_helprecord"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    asked = thread.interactions.get(text="message 9")
    pages = [
        reverse("admin:community_thread_change", args=[thread.pk]),
        reverse("admin:community_interaction_change", args=[asked.pk]),
        reverse("admin:community_interaction_record_help", args=[asked.pk]),
    ]

    for page in pages:
        shown = client.get(page).content.decode()
        assert "message 7" in shown
        assert "Private." in shown
        assert "secret" not in shown
    assert [one.text for one in client.get(pages[2]).context["before"]] == [
        "message 5", "message 6", "message 7", "Private.",
    ]  # fmt: skip
    user.user_permissions.add(Permission.objects.get(codename="view_private_interaction"))
    client.force_login(user)  # another role ends the session
    assert all("secret" in client.get(page).content.decode() for page in pages)
