"""What waits: the rule, case by case; and the watch list, which must never lose what waits."""

import datetime as dt
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.handling import dismiss, snooze
from community.models import Handling, Interaction, Member, MemberRole, Thread, WatchListEntry
from community.waiting import (
    WaitingState,
    prune_watch_list,
    unanswered,
    waiting,
    waiting_among,
    waiting_count,
    waiting_of_persons,
)
from crm.models import Contact
from tests.factories.community import (
    ChannelFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

NINE = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TEN = NINE + dt.timedelta(hours=1)
NOW = NINE + dt.timedelta(days=3)


@pytest.fixture
def forum():
    return ChannelFactory(slug="forum")


@pytest.fixture
def joe(forum):
    return MemberFactory(channel=forum, handle="joe")


@pytest.fixture
def ada(forum):
    return MemberFactory(channel=forum, handle="ada")


@pytest.fixture
def staff(forum):
    member = MemberFactory(channel=forum, handle="ana")
    MemberRoleFactory(member=member, role="staff", since=None)
    return member


@pytest.fixture
def question(forum, joe):
    thread = ThreadFactory(channel=forum, opened_by=joe, opened_at=NINE)
    return InteractionFactory(channel=forum, member=joe, thread=thread, occurred_at=NINE)


def says(member, kind="answer", at=TEN, **fields):
    fields = {"direction": Interaction.Direction.BETWEEN_MEMBERS, **fields}
    return InteractionFactory(channel=member.channel, member=member, kind=kind, occurred_at=at, **fields)


def waits(*, now=NOW) -> list[int]:
    return list(waiting(now=now).order_by("occurred_at", "pk").values_list("pk", flat=True))


def test_a_question_waits_until_somebody_else_replies_in_its_thread(question, ada):
    assert waits() == [question.pk]

    says(ada, thread=question.thread)

    assert waits() == []


@pytest.mark.parametrize("kind", ["answer", "comment", "direct_message", "help"])
def test_every_kind_of_reply_counts(question, ada, kind):
    says(ada, kind, reply_to=question)

    assert waits() == []


@pytest.mark.parametrize("kind", ["like", "share", "view", "mention", "broadcast", "question"])
def test_what_says_nothing_to_the_asker_is_no_reply(question, ada, kind):
    says(ada, kind, reply_to=question, direction="outbound")

    assert waits() == [question.pk]


def test_talk_about_another_answer_is_no_reply_to_the_question(question, joe, ada):
    own = says(joe, "answer", thread=question.thread)
    says(ada, "comment", thread=question.thread, reply_to=own)
    assert waits() == [question.pk]

    says(ada, "comment", thread=question.thread, reply_to=says(joe, "comment", thread=question.thread))

    assert waits() == []


def test_the_askers_own_words_are_no_reply_from_whatever_account(question, joe, forum):
    other_account = MemberFactory(channel=forum, contact=ContactFactory(merged_into=joe.contact))
    says(joe, thread=question.thread)
    says(other_account, thread=question.thread)

    assert waits() == [question.pk]


def test_what_its_asker_settled_waits_no_more_until_it_is_open_again(question, joe, ada, forum):
    thread = question.thread
    again = MemberFactory(channel=forum, contact=joe.contact)
    own = says(again, thread=thread)

    def accept(answer, state=""):
        Thread.objects.update(accepted_answer=answer, source_state=state)
        prune_watch_list()
        found = waits()
        assert bool(found) == waiting_of_persons([joe.contact_id], now=NOW)[joe.contact_id].is_waiting
        assert waiting_among(Interaction.objects.values_list("pk", flat=True), now=NOW) == set(found)
        assert waiting_count(now=NOW, up_to=9) == len(found)
        return found

    assert accept(None) == [question.pk]
    assert accept(own) == []
    assert accept(own, "reopened") == [question.pk]
    MemberRoleFactory(member=ada, role="bot")
    assert accept(says(ada, thread=thread)) == [question.pk]  # nobody settled it
    assert accept(own) == []
    asked_again = says(joe, "question", TEN + dt.timedelta(hours=1), thread=thread, direction="inbound")
    assert accept(own) == [asked_again.pk]
    Interaction.objects.filter(pk=own.pk).update(retracted_at=NOW, retract_reason="spam")
    assert accept(own) == [question.pk, asked_again.pk]


def test_a_bot_is_nobody_but_only_while_it_is_one(question, ada):
    MemberRoleFactory(member=ada, role="bot", since=None)
    says(ada, reply_to=question)
    assert waits() == [question.pk]

    MemberRoleFactory(member=ada, role="community", since=NINE)

    assert waits() == []


def test_a_deleted_author_is_somebody_else(question, forum):
    InteractionFactory(channel=forum, member=None, kind="answer", occurred_at=TEN, thread=question.thread)

    assert waits() == []


def test_a_question_of_a_deleted_author_waits_and_is_answered_by_anybody(forum, ada):
    asked = InteractionFactory(channel=forum, member=None, occurred_at=NINE)
    assert waits() == [asked.pk]

    says(ada, reply_to=asked)

    assert waits() == []


def test_a_retracted_reply_never_was_and_a_deleted_one_was(question, ada):
    reply = says(ada, reply_to=question)
    Interaction.objects.filter(pk=reply.pk).update(text="", deleted_at=NOW)
    assert waits() == []

    prune_watch_list()
    Interaction.objects.filter(pk=reply.pk).update(retracted_at=NOW, retract_reason="spam")

    assert waits() == [question.pk]


def test_what_was_said_before_the_question_is_no_reply(question, ada):
    says(ada, thread=question.thread, at=NINE - dt.timedelta(seconds=1))
    assert waits() == [question.pk]

    says(ada, thread=question.thread, at=NINE)

    assert waits() == []


@pytest.mark.parametrize("change", [{"retracted_at": NOW}, {"deleted_at": NOW}, {"direction": "between_members"}])
def test_what_is_gone_or_not_addressed_to_us_waits_for_nothing(question, change):
    Interaction.objects.filter(pk=question.pk).update(**change)

    assert waits() == []


@pytest.mark.parametrize("role", ["staff", "bot"])
def test_of_what_staff_and_bots_say_only_questions_wait(joe, question, role):
    message = says(joe, "direct_message", TEN, direction="inbound")
    given = MemberRoleFactory(member=joe, role=role, since=None)
    prune_watch_list()
    assert waits() == [question.pk]

    given.delete()

    assert waits() == [question.pk, message.pk]


def test_a_message_to_us_alone_is_answered_by_what_we_say_to_that_person_on_that_channel(forum, joe, staff):
    asked = says(joe, "direct_message", NINE, direction="inbound", to_member=staff)
    elsewhere = MemberFactory(channel=ChannelFactory(), contact=joe.contact)
    says(staff, "direct_message", to_member=MemberFactory(channel=forum), direction="outbound")
    InteractionFactory(
        channel=elsewhere.channel, member=None, user=UserFactory(), kind="direct_message", occurred_at=TEN,
        to_member=elsewhere, direction="outbound",
    )  # fmt: skip
    assert waits() == [asked.pk]

    says(staff, "direct_message", to_member=joe, direction="outbound")

    assert waits() == []


@pytest.mark.parametrize("kind", ["direct_message", "lead"])
def test_help_to_the_person_on_the_phone_answers_a_message_and_a_lead(joe, kind):
    asked = says(joe, kind, NINE, direction="inbound")
    assert waits() == [asked.pk]

    merged = ContactFactory(merged_into=joe.contact)
    InteractionFactory(
        channel=ChannelFactory(slug="phone"), member=None, user=UserFactory(), kind="help", occurred_at=TEN,
        to_contact=merged, direction="outbound",
    )  # fmt: skip

    assert waits() == []


def test_a_comment_waits_only_where_it_addresses_staff(forum, joe, ada, staff):
    post = says(staff, "post", NINE - dt.timedelta(hours=1), direction="outbound")
    answer = says(staff, "answer", NINE, direction="outbound")
    by_ada = says(ada, "answer", NINE)
    says(joe, "comment", reply_to=post, direction="inbound")
    says(joe, "comment", reply_to=by_ada, direction="inbound")
    on_answer = says(joe, "comment", reply_to=answer, direction="inbound")
    by_name = says(joe, "comment", to_member=staff, direction="inbound")

    assert waits() == [on_answer.pk, by_name.pk]


def test_below_a_comment_only_staff_and_direct_replies_count(question, joe, ada, staff):
    answer = says(staff, "answer", TEN, thread=question.thread, direction="outbound")
    later = TEN + dt.timedelta(hours=1)
    comment = says(joe, "comment", later, thread=question.thread, reply_to=answer, direction="inbound")
    says(ada, "comment", later, thread=question.thread)
    assert waits() == [comment.pk]

    says(staff, "comment", later, thread=question.thread)

    assert waits() == []


def test_dismissed_leaves_the_queue_and_snoozed_comes_back_by_itself(question):
    snooze([question.pk], until=NOW + dt.timedelta(days=1), now=NOW)
    assert waits(now=NOW) == []
    assert waits(now=NOW + dt.timedelta(days=1)) == [question.pk]

    dismiss([question.pk], reason="thanked us", user_id=None, now=NOW)
    assert waits(now=NOW + dt.timedelta(days=1)) == []
    assert unanswered(now=NOW).count() == 1


def test_a_new_message_wakes_what_was_snoozed(question, joe, forum):
    snooze([question.pk], until=NOW + dt.timedelta(days=9), now=NOW)
    other_account = MemberFactory(channel=ChannelFactory(), contact=ContactFactory(merged_into=joe.contact))
    later = NOW + dt.timedelta(hours=1)
    message = says(other_account, "direct_message", later, direction="inbound")

    assert waits(now=later) == [question.pk, message.pk]


def test_persons_are_answered_or_waiting(question, joe, ada, staff):
    nobody = ContactFactory()
    dismissed = says(ada, "question", TEN, direction="inbound")
    dismiss([dismissed.pk], reason="spam", user_id=None, now=NOW)
    says(joe, "direct_message", TEN, direction="inbound")
    user = UserFactory()
    Handling.objects.create(interaction=question, assignee=user, assigned_at=NOW)
    persons = [joe.contact_id, ada.contact_id, nobody.pk]

    with CaptureQueriesContext(connection) as queries:
        found = waiting_of_persons(persons, now=NOW)

    assert len(queries) == 1
    assert found == {
        joe.contact_id: WaitingState(
            waiting=2, since=NINE, interaction_id=question.pk, assignee_id=user.pk, asked=True
        ),
        ada.contact_id: WaitingState(asked=True),
        nobody.pk: WaitingState(),
    }
    assert found[joe.contact_id].is_waiting
    assert waiting_of_persons([], now=NOW) == {}

    says(staff, "answer", NOW, reply_to=question, direction="outbound", to_member=joe)

    state = waiting_of_persons(persons, now=NOW)[joe.contact_id]
    assert (state.waiting, state.since, state.last_reply_at) == (1, TEN, NOW)


def test_the_count_of_the_menu_is_bounded(forum, joe):
    for minute in range(4):
        says(joe, "direct_message", NINE + dt.timedelta(minutes=minute), direction="inbound")

    assert waiting_count(now=NOW, up_to=4) == 4
    assert waiting_count(now=NOW, up_to=2) == 3


def test_the_count_asks_no_more_where_nothing_was_asked(forum, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert waiting_count(now=NOW, up_to=99) == 0


@pytest.mark.parametrize(("up_to", "counted"), [(1, 2), (2, 3), (3, 3), (99, 3)])
def test_the_count_looks_further_where_the_first_entries_do_not_wait(
    forum, ada, joe, django_assert_num_queries, up_to, counted
):
    """Sixteen that were answered stand before three that wait: of 19 entries, the first 5 × (up to + 1) come first."""
    for minute in range(16):
        said = says(joe, "direct_message", NINE + dt.timedelta(minutes=minute), direction="inbound")
        says(ada, reply_to=said, at=TEN)
    for minute in range(3):
        says(joe, "direct_message", NINE + dt.timedelta(minutes=minute), direction="inbound")
    assert WatchListEntry.objects.count() == 19

    with django_assert_num_queries(2):
        assert waiting_count(now=NOW, up_to=up_to) == counted


def test_the_count_is_not_hidden_by_what_was_dismissed_long_ago(forum, joe):
    """What was dismissed stays on the watch list, so that it waits again when that is undone."""
    for minute in range(12):
        said = says(joe, "direct_message", NINE + dt.timedelta(minutes=minute), direction="inbound")
        dismiss([said.pk], reason="spam", user_id=None, now=NOW)
    says(joe, "direct_message", TEN, direction="inbound")
    prune_watch_list()
    assert WatchListEntry.objects.count() == 13

    assert waiting_count(now=NOW, up_to=1) == 1


def test_pruning_takes_what_was_answered_and_what_stands_twice(question, ada, joe):
    other = says(joe, "question", NINE, direction="inbound")
    says(ada, reply_to=question)
    Interaction.objects.filter(pk=other.pk).update(kind="direct_message")
    assert WatchListEntry.objects.count() == 3

    assert prune_watch_list(most=1) == 1  # one entry at a time: the double stands in another piece
    assert prune_watch_list() == 1
    assert [entry.interaction_id for entry in WatchListEntry.objects.all()] == [other.pk]


def test_pruning_ends_whatever_the_planner_believes(question, joe, ada):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        if cursor.fetchone() != ("on",):
            pytest.skip("Only a superuser tells the planner what to believe; Kith's own servers have one.")
        # A single row in many pages: so it believes when an import follows upon a cleanup, until autovacuum comes by.
        cursor.execute(
            "UPDATE pg_class SET relpages = 100000, reltuples = 1"
            " WHERE relname IN ('community_watchlistentry', 'community_interaction')"
        )
    asked = [
        Interaction(
            channel=joe.channel,
            member=joe,
            kind="question",
            direction="inbound",
            occurred_at=NINE,
            external_id=str(number),
        )
        for number in range(3_000)
    ]
    Interaction.objects.bulk_create(asked)
    says(ada, reply_to=asked[0])

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30s'")  # it takes less than one; each with each, many minutes
    assert prune_watch_list() == 1
    assert WatchListEntry.objects.count() == 3_000


# The same rule, written down once more in Python over whole lists.


def oracle(now) -> set[int]:
    rows = list(Interaction.objects.filter(occurred_at__isnull=False, retracted_at=None))
    members = {member.pk: member for member in Member.objects.select_related("contact")}
    persons = dict(Contact.objects.values_list("pk", "person_id"))
    roles = list(MemberRole.objects.all())

    def person(row):
        return members[row.member_id].contact.person_id if row.member_id else None

    def role(member_id, at):
        since = [(r.since or dt.datetime.min.replace(tzinfo=dt.UTC), r.role) for r in roles if r.member_id == member_id]
        past = [entry for entry in since if entry[0] <= at]
        return max(past)[1] if past else "community"

    def by_staff(row):
        return row.user_id is not None or role(row.member_id, row.occurred_at) == "staff"

    replying = {"answer", "comment", "direct_message", "help"}
    everything = {row.pk: row for row in Interaction.objects.all()}

    def asks(row):
        if row.direction != "inbound" or row.user_id or row.deleted_at or row.occurred_at > now:
            return False
        if row.kind != "question" and role(row.member_id, row.occurred_at) != "community":
            return False
        if row.kind in {"question", "direct_message", "lead"}:
            return True
        if row.kind != "comment":
            return False
        parent = everything.get(row.reply_to_id)
        to_staff = role(row.to_member_id, row.occurred_at) == "staff"
        return to_staff or bool(parent and parent.kind in replying and by_staff(parent))

    def answers(row, ask):
        if row.pk == ask.pk or row.kind not in replying or row.occurred_at < ask.occurred_at:
            return False
        if role(row.member_id, row.occurred_at) == "bot":
            return False
        if person(row) is not None and person(row) == person(ask):
            return False
        if row.reply_to_id == ask.pk:
            return True
        said = everything.get(row.reply_to_id)
        about_an_answer = row.kind not in {"answer", "help"} and said and said.kind in {"answer", "help"}
        in_thread = row.thread_id and row.thread_id == ask.thread_id and not about_an_answer
        if in_thread and (ask.kind != "comment" or by_staff(row)):
            return True
        if ask.kind not in {"direct_message", "lead"} or person(ask) is None:
            return False
        if row.kind != "help" and (row.direction, row.kind) != ("outbound", "direct_message"):
            return False
        addressed = {persons.get(row.to_contact_id)}
        if row.to_member_id:
            addressed.add(members[row.to_member_id].contact.person_id)
        place = ask.kind == "lead" or row.kind == "help" or row.channel_id == ask.channel_id
        return person(ask) in addressed and place

    return {ask.pk for ask in rows if asks(ask) and not any(answers(row, ask) for row in rows)}


def settled(now) -> set[int]:
    """Questions in whose thread an answer of who asked them is accepted or confirmed, not before they were asked."""
    own: set[int] = set()
    for thread in Thread.objects.exclude(source_state="reopened"):
        for answer in (thread.accepted_answer, thread.confirmed_answer):
            if answer is None or answer.retracted_at or answer.member_id is None or answer.occurred_at > now:
                continue
            asked = Interaction.objects.filter(thread=thread, kind="question", occurred_at__lte=answer.occurred_at)
            asked = asked.filter(member__contact__person=answer.member.contact.person_id)
            own |= set(asked.values_list("pk", flat=True))
    return own


KINDS = ["question", "answer", "comment", "direct_message", "lead", "help", "post", "like"]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_queue_is_what_the_rule_says(seed):
    dice = Random(seed)
    channels = [ChannelFactory() for _ in range(2)]
    contacts = [ContactFactory() for _ in range(4)]
    members = [MemberFactory(channel=dice.choice(channels), contact=dice.choice(contacts)) for _ in range(6)]
    threads = [ThreadFactory(channel=dice.choice(channels)) for _ in range(3)]
    user = UserFactory()

    def maybe(rows):
        return dice.choice([None, *rows])

    def moment():
        return NINE + dt.timedelta(hours=dice.randrange(20))

    def add():
        thread, actor = maybe(threads), maybe(members)
        kind = dice.choice(KINDS)
        addressee = dice.choice(["member", "contact", "none"])
        InteractionFactory(
            channel=thread.channel if thread else dice.choice(channels),
            member=actor,
            user=None if actor or dice.random() < 0.5 else user,
            kind=kind,
            direction=dice.choice(["inbound", "inbound", "outbound", "between_members"]),
            thread=thread,
            reply_to=maybe(list(Interaction.objects.all()[:30])),
            to_member=maybe(members) if addressee == "member" else None,
            to_contact=maybe(contacts) if addressee == "contact" else None,
            occurred_at=moment(),
        )

    def change():
        row = maybe(list(Interaction.objects.all()))
        if row is None:
            return
        changes = dice.choice(
            [
                {"retracted_at": NOW, "retract_reason": "test"},
                {"retracted_at": None, "retract_reason": ""},
                {"text": "", "deleted_at": NOW},
                {"kind": dice.choice(KINDS)},
                {"direction": dice.choice(["inbound", "outbound"])},
                {"occurred_at": moment()},
                {"member": maybe(members), "user": None},
                {"thread": maybe(threads)},
                {"reply_to": maybe(list(Interaction.objects.all()[:30]))},
                {"to_member": maybe(members), "to_contact": None},
            ]
        )
        Interaction.objects.filter(pk=row.pk).update(**changes)

    def give_role():
        since = dice.choice([None, moment()])
        MemberRole.objects.update_or_create(
            member=dice.choice(members), since=since, defaults={"role": dice.choice(["staff", "bot", "community"])}
        )

    def take_role():
        if role := MemberRole.objects.order_by("?").first():
            role.delete()

    def merge():
        loser, winner = dice.sample(contacts, 2)
        if Contact.objects.get(pk=winner.pk).merged_into_id is None:
            Contact.objects.filter(pk=loser.pk, merged_into=None).exclude(merged_contacts=winner).update(
                merged_into=winner
            )

    def unmerge():
        Contact.objects.filter(pk=dice.choice(contacts).pk).update(merged_into=None)

    def accept():
        thread = dice.choice(threads)
        answer = dice.choice(["accepted_answer", "confirmed_answer"])
        said = maybe(list(Interaction.objects.filter(thread=thread)))
        Thread.objects.filter(pk=thread.pk).update(
            **{answer: said, "source_state": dice.choice(["", "", "closed", "reopened"])}
        )

    def relink():
        Member.objects.filter(pk=dice.choice(members).pk).update(contact=dice.choice(contacts))

    for _ in range(15):
        add()
    acts = [add, add, change, change, change, give_role, take_role, merge, unmerge, relink, accept, prune_watch_list]
    for step in range(60):
        dice.choice(acts)()
        if step % 6 == 0:
            assert set(unanswered(now=NOW).values_list("pk", flat=True)) == oracle(NOW) - settled(NOW), step
    prune_watch_list()
    assert set(unanswered(now=NOW).values_list("pk", flat=True)) == oracle(NOW) - settled(NOW)
    assert set(WatchListEntry.objects.values_list("interaction_id", flat=True)) == oracle(NOW)
