"""What community adds to the timeline and the tiles of a contact's page."""

import datetime as dt
from decimal import Decimal

import pghistory
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.handling import dismiss
from community.models import Colleague, Interaction, Member
from community.tiles import ExchangeTiles, RatingTile
from crm.models import Contact
from crm.timeline.reading import asked_of, channel_choices, read_timeline
from gateway.history import Change
from gateway.panels import Link
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def anybody(permission: str) -> bool:
    return True


def at(day: int) -> dt.datetime:
    return dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC)


def talk(person: Contact, *, may=anybody, **asked):
    page = read_timeline(asked_of(person.person_id, may=may, now=NOW, **asked))
    return [entry for entry in page.entries if entry.source in ("interactions", "help")]


def days(entries) -> list[int]:
    return [entry.occurred_at.day for entry in entries]


@pytest.fixture
def joe():
    return MemberFactory(handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))


@pytest.fixture
def mia(joe):
    return MemberFactory(handle="mia", channel=joe.channel)


def test_everything_done_by_and_addressed_to_a_person_is_there_once(joe, mia):
    thread = ThreadFactory(channel=joe.channel, opened_by=joe, title="Which course?")
    asked = InteractionFactory(channel=joe.channel, member=joe, thread=thread, occurred_at=at(1), text="Which course?")
    InteractionFactory(channel=joe.channel, member=mia, to_member=joe, kind="direct_message", occurred_at=at(2))
    InteractionFactory(channel=joe.channel, member=mia, to_contact=joe.contact, kind="comment", occurred_at=at(3))
    InteractionFactory(channel=joe.channel, member=mia, reply_to=asked, kind="comment", occurred_at=at(4))
    InteractionFactory(channel=joe.channel, member=mia, thread=thread, kind="answer", occurred_at=at(5))
    InteractionFactory(  # in every way at once
        channel=joe.channel, member=joe, to_member=joe, thread=thread, reply_to=asked, kind="answer", occurred_at=at(6)
    )
    InteractionFactory(channel=joe.channel, member=mia, thread=thread, kind="comment", occurred_at=at(7))  # to all
    InteractionFactory(channel=joe.channel, member=mia, occurred_at=at(8))

    entries = talk(joe.contact)

    assert days(entries) == [6, 5, 4, 3, 2, 1]
    question = entries[-1]
    assert (question.title, question.actor, question.is_own) == ("Question", "Joe Bloggs", True)
    assert [(figure.label, figure.value) for figure in question.figures] == [("In", "Which course?")]
    assert (entries[-2].actor, entries[-2].addressee, entries[-2].is_own) == ("mia", "Joe Bloggs", False)
    # By name, as a contact, by a reply to something of theirs, and by an answer in a thread that they opened.
    assert [entry.addressee for entry in entries[1:]] == ["Joe Bloggs"] * 4 + [""]


def test_all_accounts_of_all_records_count(joe):
    other = MemberFactory()
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(1))
    InteractionFactory(channel=other.channel, member=other, occurred_at=at(2))
    Contact.objects.filter(pk=other.contact_id).update(merged_into=joe.contact)

    assert days(talk(joe.contact)) == [2, 1]


def test_help_stands_in_place_of_its_interaction_on_both_pages(joe, mia):
    HelpRecordFactory(
        contact=joe.contact,
        helper_user=None,
        helper_member=mia,
        question="Which course?",
        topic="enrolment",
        rating=5,
        interaction=InteractionFactory(
            channel=joe.channel, member=mia, to_member=joe, kind="answer", text="Take the spring one."
        ),
    )

    (received,) = talk(joe.contact)
    (given,) = talk(mia.contact)

    assert (received.kind, received.actor, received.addressee) == ("help_received", "mia", "Joe Bloggs")
    assert received.text == "Which course?\n\nTake the spring one."
    assert [(figure.label, figure.value) for figure in received.figures] == [
        ("Topic", "enrolment"),
        ("Outcome", "solved"),
        ("Rating", 5),
    ]
    assert (given.kind, given.is_own) == ("help_given", True)


def test_without_permission_for_help_its_interaction_is_there(joe, mia):
    HelpRecordFactory(contact=joe.contact)

    entries = talk(joe.contact, may=lambda permission: permission == "community.view_interaction")

    assert [(entry.source, entry.kind) for entry in entries] == [("interactions", "help")]


def test_private_text_needs_its_permission(joe):
    InteractionFactory(channel=joe.channel, member=joe, kind="direct_message", is_private=True, text="My number is 17.")

    (secret,) = talk(joe.contact, may=lambda permission: permission != "community.view_private_interaction")
    (open_,) = talk(joe.contact)

    assert (secret.text, secret.is_hidden) == ("Private.", True)
    assert (open_.text, open_.is_hidden) == ("My number is 17.", False)


def test_what_was_taken_out_says_why(joe):
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(1), retracted_at=at(9), retract_reason="a test")
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(2), deleted_at=at(9))
    HelpRecordFactory(contact=joe.contact, withdrawn_at=at(9), interaction__occurred_at=at(3))

    assert [(entry.standing, entry.reason) for entry in talk(joe.contact)] == [
        ("", ""),  # the interaction of the withdrawn help happened
        ("withdrawn", ""),
        ("deleted", "its text is gone; it happened and counts"),
        ("retracted", "a test"),
    ]


def test_channel_and_kind_narrow(joe):
    other = MemberFactory(contact=joe.contact, channel=ChannelFactory(slug="chat", name="Chat"))
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(1))
    InteractionFactory(channel=other.channel, member=other, occurred_at=at(2), kind="comment")
    HelpRecordFactory(contact=joe.contact, interaction__channel=other.channel, interaction__occurred_at=at(3))

    assert days(talk(joe.contact, channel="chat")) == [3, 2]
    assert days(talk(joe.contact, channel="chat", kind="comment")) == [2]
    assert days(talk(joe.contact, kind="question")) == [1]
    assert days(talk(joe.contact, kind="help_received")) == [3]
    assert talk(joe.contact, channel="nowhere") == []
    assert channel_choices(asked_of(joe.contact_id, may=anybody, now=NOW)) == {
        joe.channel.slug: joe.channel.name,
        "chat": "Chat",
    }


def test_tiles_say_how_they_came_and_when_we_last_spoke(joe, mia):
    spring = CampaignFactory(code="spring", name="Spring course")
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(1), kind="like")
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(2), kind="click", campaign=spring)
    InteractionFactory(channel=joe.channel, member=mia, to_member=joe, occurred_at=at(5), kind="answer")
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(6), retracted_at=at(7))

    found = ExchangeTiles().load([joe.contact_id, mia.contact_id], now=NOW, may=anybody)

    first, last = (tile.figure for tile in found[joe.contact_id][:2])
    assert (first.value, first.note) == (at(2), f"{joe.channel} through Spring course")
    assert (last.value, last.note) == (at(5), f"by mia, {joe.channel}")
    assert [tile.figure.value for tile in found[mia.contact_id][:2]] == [at(5), at(5)]
    assert found[joe.contact_id][0].stage == "audience"


def ends_of(account: Member) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return when they came to us and when we last spoke, as the tiles say."""
    first, last = ExchangeTiles().load([account.contact_id], now=NOW, may=anybody)[account.contact_id][:2]
    return first.figure.value, last.figure.value


def test_tiles_count_nothing_that_an_account_did_while_it_was_a_bot(joe):
    robot = MemberFactory(handle="robot", channel=joe.channel)
    for role, since in (("staff", None), ("bot", at(3)), ("community", at(8))):
        MemberRoleFactory(member=robot, role=role, since=since)

    def says(member, day, **fields):
        InteractionFactory(channel=joe.channel, member=member, occurred_at=at(day), **fields)

    says(robot, 3, to_member=joe, kind="direct_message")  # from this instant on
    says(robot, 7, to_contact=joe.contact, kind="direct_message")
    assert ends_of(joe) == (None, None)
    assert ends_of(robot) == (None, None)
    says(joe, 5)
    assert ends_of(joe) == (at(5), at(5))
    says(robot, 2, to_member=joe, kind="direct_message")
    says(robot, 8, to_member=joe, kind="direct_message")
    assert ends_of(joe) == (at(2), at(8))
    assert days(talk(joe.contact)) == [8, 7, 5, 3, 2]  # what a bot says did happen


def test_tiles_count_what_answers_the_persons_words_only_where_it_addresses_the_person(joe, mia):
    eve = MemberFactory(handle="eve", channel=joe.channel)
    thread = ThreadFactory(channel=joe.channel, opened_by=joe)

    def says(day, kind="answer", **fields):
        return InteractionFactory(
            **{"channel": joe.channel, "member": mia, "kind": kind, "occurred_at": at(day), **fields}
        )

    says(4, "question", member=joe, thread=thread)
    by_eve = says(3, "comment", member=eve)
    post = says(1, "post", member=joe)  # no touch
    says(2, "comment", reply_to=post, to_member=eve)
    says(2, thread=thread, to_contact=eve.contact)
    says(2, thread=thread, reply_to=by_eve)
    by_user = says(2, "comment", member=None, user=UserFactory())
    says(5, thread=thread, reply_to=by_user)  # a colleague, who is none of them
    assert ends_of(joe) == (at(4), at(4))
    assert ends_of(eve) == (at(2), at(3))
    assert days(talk(joe.contact)) == [5, 4, 2, 2, 2, 1]  # there they all are

    by_nobody = says(2, "comment", member=None)
    says(6, thread=thread, reply_to=by_nobody)
    assert ends_of(joe) == (at(4), at(6))
    says(3, "comment", reply_to=post)
    assert ends_of(joe) == (at(3), at(6))


def test_whoever_left_a_lead_came_to_us_by_it(joe):
    for kind, day in (("follow", 1), ("lead", 2), ("like", 3)):
        InteractionFactory(channel=joe.channel, member=joe, kind=kind, occurred_at=at(day))
    assert ends_of(joe) == (at(2), at(2))


def test_waiting_tile_says_what_waits_and_since_when(joe, mia):
    question = InteractionFactory(channel=joe.channel, member=joe, occurred_at=at(1))
    asked = {"ids": [joe.contact_id, ContactFactory().pk], "now": NOW, "may": anybody}

    waits, quiet = (tiles[2].figure for tiles in ExchangeTiles().load(**asked).values())
    InteractionFactory(channel=joe.channel, member=mia, reply_to=question, kind="answer", occurred_at=at(2))
    answered, _ = (tiles[2].figure for tiles in ExchangeTiles().load(**asked).values())

    assert (waits.value, waits.note, waits.link.args) == (1, "since 1 Mar 2026, 09:00", (question.pk,))
    assert (quiet.value, quiet.note) == (0, "Nothing was asked")
    assert (answered.value, answered.note) == (0, "Everything is answered")


def test_what_waits_is_answered_from_the_timeline_by_those_who_may_record_help(joe, mia):
    thread = ThreadFactory(channel=joe.channel, opened_by=joe)
    said = {"channel": joe.channel, "member": joe}
    answered, waits = (
        InteractionFactory(**said, occurred_at=at(1), text="Answered"),
        InteractionFactory(**said, thread=thread, occurred_at=at(2), text="Waits"),
    )
    InteractionFactory(channel=joe.channel, member=mia, reply_to=answered, kind="answer", occurred_at=at(3))
    InteractionFactory(**said, kind="comment", occurred_at=at(4), text="Talk")
    InteractionFactory(**said, occurred_at=at(5), retracted_at=NOW, retract_reason="spam", text="Retracted")
    dismissed = InteractionFactory(**said, occurred_at=at(6), text="Dismissed")
    dismiss([dismissed.pk], reason="He thanked us", user_id=UserFactory().pk, now=NOW)
    InteractionFactory(channel=joe.channel, member=mia, to_member=joe, occurred_at=at(7), text="Of mia")

    def offered(contact=joe.contact, **asked):
        entries = talk(contact, **asked)
        return {entry.text: [(act.label, act.link.args) for act in entry.actions] for entry in entries if entry.actions}

    assert offered(on_a_page=True)["Waits"] == [("Answer", (waits.pk,))]
    assert offered(on_a_page=True).keys() == {"Waits", "Of mia"}  # which he sees because it addresses him
    assert offered() == {}
    assert offered(on_a_page=True, may=lambda permission: permission != "community.add_helprecord") == {}

    def questions():
        with CaptureQueriesContext(connection) as queries:
            offered(on_a_page=True)
        return len(queries)

    few = questions()
    for day in range(8, 20):
        InteractionFactory(**said, thread=ThreadFactory(channel=joe.channel, opened_by=joe), occurred_at=at(day))
    assert questions() == few


def test_rating_tile_is_the_mean_with_its_number(joe, mia):
    for rating in (5, 4, None):
        HelpRecordFactory(contact=joe.contact, rating=rating)
    HelpRecordFactory(contact=joe.contact, rating=1, withdrawn_at=NOW)
    login = UserFactory()
    Colleague.objects.create(user=login, contact=joe.contact)
    HelpRecordFactory(contact=joe.contact, helper_user=login, rating=1)  # by himself

    found = RatingTile().load([joe.contact_id, mia.contact_id], now=NOW, may=anybody)

    (rated,), (unrated,) = found[joe.contact_id], found[mia.contact_id]
    assert (rated.figure.value, rated.figure.note) == (Decimal("4.5"), "2 ratings")
    assert (unrated.figure.value, unrated.figure.note) == (None, "No help was rated")


@pytest.mark.parametrize("tiles", [ExchangeTiles(), RatingTile()])
def test_tiles_ask_the_same_number_of_questions_for_1_person_and_20(tiles):
    persons = [InteractionFactory().member.contact_id for _ in range(20)]

    def questions(ids):
        with CaptureQueriesContext(connection) as queries:
            assert set(tiles.load(ids, now=NOW, may=anybody)) == set(ids)
        return len(queries)

    assert questions(persons[:1]) == questions(persons)


def test_a_page_of_1000_entries_asks_as_few_questions_as_one_of_20(joe, mia):
    def questions():
        with CaptureQueriesContext(connection) as queries:
            page = read_timeline(asked_of(joe.contact_id, may=anybody, now=NOW), limit=20)
        return len(queries), len(page.entries)

    def write(numbers):
        Interaction.objects.bulk_create(
            Interaction(
                channel=joe.channel,
                external_id=f"many-{n}",
                kind="comment",
                occurred_at=at(1) + dt.timedelta(minutes=n),
                member=joe if n % 2 else mia,
                to_member=None if n % 2 else joe,
            )
            for n in numbers
        )

    write(range(30))
    few = questions()
    write(range(30, 1_000))
    many = questions()

    assert few == many
    assert many[1] == 20
    assert many[0] <= 4


def test_an_account_that_came_from_another_record_is_told_by_its_name(joe, mia):
    with pghistory.context(user=UserFactory(first_name="Ana", last_name="Whelan").pk, url="/admin/"):
        Member.objects.filter(pk=mia.pk).update(contact=joe.contact)

    page = read_timeline(asked_of(joe.contact.person_id, may=anybody, now=NOW + dt.timedelta(days=3650)))

    (linked,) = [entry for entry in page.entries if entry.source == "account-changes"]
    assert (linked.title, linked.actor) == ("Account linked", "Ana Whelan, admin")
    assert linked.changes == [Change(label="Account", before=None, after=f"mia, {joe.channel}")]
    assert linked.link == Link(page="admin:community_member_change", args=(mia.pk,))
