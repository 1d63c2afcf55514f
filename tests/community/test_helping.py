"""Recording help, editing it, taking it back: what stands where afterwards, and what figures say of it."""

import datetime as dt
import threading
import time
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from community.helping import (
    AlreadyHelp,
    AnsweredMeanwhile,
    HelpInFuture,
    HelpToOneself,
    KeptByInteraction,
    NoHelper,
    NoSuchHelp,
    NoSuchInteraction,
    NothingToRedo,
    edit_help,
    record_help,
    redo_help,
    undo_help,
)
from community.models import Colleague, HelpRecord, Interaction
from community.retracting import OutWithItsHelp, restoring, retracting
from community.sync.accepted_answers import refresh_accepted_help
from gateway.history import history_of
from metrics.models import Credit, HelperDay, StaleMark
from metrics.recompute import recompute_all, recompute_stale
from metrics.reports import RoiQuery, roi_report
from metrics.reports.responses import ResponsesQuery, responses_report
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory
from tests.holding import somebody_waits, wait_until
from tests.processes import start_worker

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def joe():
    return ContactFactory(full_name="Joe Bloggs")


@pytest.fixture
def ana():
    return UserFactory(username="ana")


@pytest.fixture
def phone():
    return ChannelFactory(slug="phone")


@pytest.fixture
def recorded(joe, ana, phone):
    """Help by Ana on the telephone, solved in twelve minutes."""
    return record_help(
        contact_id=joe.pk,
        channel_id=phone.pk,
        helper_user_id=ana.pk,
        occurred_at=AT,
        question="How do I enrol?",
        answer="Like this.",
        topic="enrolment",
        note="He was in a hurry.",
        minutes=12,
        outcome="solved",
        rating=5,
        recorded_by_id=ana.pk,
        now=NOW,
    )


@pytest.fixture
def answer(joe):
    """Mia's answer in a thread that Joe opened."""
    asker = MemberFactory(contact=joe)
    thread = ThreadFactory(channel=asker.channel, opened_by=asker, title="How do I enrol?", topic="enrolment")
    return InteractionFactory(
        channel=asker.channel,
        thread=thread,
        kind="answer",
        member=MemberFactory(channel=asker.channel, handle="mia"),
        text="Like this.",
    )


def mark(answer, contact, **said):
    return record_help(
        contact_id=contact.pk,
        channel_id=answer.channel_id,
        interaction_id=answer.pk,
        occurred_at=answer.occurred_at,
        recorded_by_id=None,
        now=NOW,
        **said,
    )


def people_helped():
    return roi_report(RoiQuery(scope="summary", now=LATER)).total.social.people_helped


def last_touches():
    """Whom the last touch of each conversion went to, in minor units."""
    return sorted(Credit.objects.exclude(last_touch_minor=0).values_list("actor_kind", "is_help", "last_touch_minor"))


def test_help_is_written_with_an_interaction_of_its_own(recorded, joe, ana, phone):
    record = HelpRecord.objects.get()

    assert record.pk == recorded.pk
    assert (record.contact, record.helper_user, record.helper_member, record.recorded_by) == (joe, ana, None, ana)
    assert (record.question, record.answer, record.topic) == ("How do I enrol?", "Like this.", "enrolment")
    assert (record.note, record.minutes, record.outcome, record.rating) == ("He was in a hurry.", 12, "solved", 5)
    assert (record.origin, record.withdrawn_at, record.edited_fields) == ("staff", None, [])
    on = Interaction.objects.get()
    assert (on.pk, on.kind, on.channel, on.occurred_at) == (record.interaction_id, "help", phone, AT)
    assert (on.user, on.member, on.to_contact, on.to_member) == (ana, None, joe, None)
    assert (on.direction, on.text, on.is_private) == ("outbound", "Like this.", False)
    assert on.external_id.startswith("help-")


def test_help_by_a_member_goes_between_members(joe, phone):
    mia = MemberFactory(channel=phone)

    record = record_help(
        contact_id=joe.pk, channel_id=phone.pk, helper_member_id=mia.pk, occurred_at=AT, recorded_by_id=None, now=NOW
    )

    assert (record.helper_member, record.helper_user, record.outcome) == (mia, None, "unknown")
    assert (record.interaction.member, record.interaction.direction) == (mia, "between_members")


def test_help_that_answers_something_belongs_to_its_thread_and_is_as_private(joe, ana):
    asker = MemberFactory(contact=joe)
    thread = ThreadFactory(channel=asker.channel)
    asked = InteractionFactory(
        channel=asker.channel, member=asker, kind="direct_message", thread=thread, is_private=True
    )

    record = record_help(
        contact_id=joe.pk,
        channel_id=asker.channel_id,
        helper_user_id=ana.pk,
        reply_to_id=asked.pk,
        occurred_at=AT,
        recorded_by_id=ana.pk,
        now=NOW,
    )

    on = record.interaction
    assert (on.reply_to, on.thread, on.is_private) == (asked, thread, True)


@pytest.mark.parametrize(("said", "answers", "is_private"), [
    ([True], None, True),
    ([False, True], None, True),
    ([False, True], 0, False),
    ([False], None, False),
    ([], None, False),
])  # fmt: skip
def test_help_in_a_thread_is_private_where_anything_there_is(joe, ana, said, answers, is_private):
    asker = MemberFactory(contact=joe)
    thread = ThreadFactory(channel=asker.channel)
    in_thread = [
        InteractionFactory(
            channel=asker.channel, member=asker, kind="direct_message", thread=thread, is_private=private
        )
        for private in said
    ]

    record = record_help(
        contact_id=joe.pk,
        channel_id=asker.channel_id,
        helper_user_id=ana.pk,
        thread_id=thread.pk,
        reply_to_id=None if answers is None else in_thread[answers].pk,
        occurred_at=AT,
        answer="As you asked me",
        recorded_by_id=ana.pk,
        now=NOW,
    )

    assert (record.interaction.thread, record.interaction.is_private) == (thread, is_private)


def test_answer_is_marked_as_help_and_stays_as_it_is(answer, joe):
    record = mark(answer, joe, outcome="helped")

    assert record.interaction_id == answer.pk
    assert (record.helper_member, record.contact, record.outcome) == (answer.member, joe, "helped")
    assert (record.question, record.topic, record.answer) == ("How do I enrol?", "enrolment", "")
    stored = Interaction.objects.get()
    assert (stored.kind, stored.text, stored.occurred_at) == ("answer", "Like this.", answer.occurred_at)


def test_answer_is_marked_once(answer, joe):
    mark(answer, joe)

    with pytest.raises(AlreadyHelp):
        mark(answer, joe)

    assert HelpRecord.objects.count() == 1


def test_answer_whose_help_was_undone_can_be_marked_again(answer, joe):
    first = mark(answer, joe, rating=1)
    undo_help(first.pk, now=NOW)

    again = mark(answer, joe, rating=4)

    assert (again.pk, again.rating, again.withdrawn_at, again.edited_fields) == (first.pk, 4, None, [])


@pytest.mark.parametrize("state", [{"retracted_at": NOW}, {"kind": None, "occurred_at": None}])
def test_answer_that_does_not_count_is_not_marked(answer, joe, state):
    Interaction.objects.filter(pk=answer.pk).update(**state)

    with pytest.raises(NoSuchInteraction):
        mark(answer, joe)


def test_helper_must_be_exactly_one_and_somebody_else(joe, ana, phone):
    own = MemberFactory(channel=phone, contact=ContactFactory(merged_into=joe))
    said = {"contact_id": joe.pk, "channel_id": phone.pk, "occurred_at": AT, "recorded_by_id": None, "now": NOW}

    with pytest.raises(NoHelper):
        record_help(**said)
    with pytest.raises(NoHelper):
        record_help(**said, helper_user_id=ana.pk, helper_member_id=MemberFactory().pk)
    with pytest.raises(HelpToOneself):
        record_help(**said, helper_member_id=own.pk)
    Colleague.objects.create(user=ana, contact=ContactFactory(merged_into=joe))
    with pytest.raises(HelpToOneself):
        record_help(**said, helper_user_id=ana.pk)

    assert not Interaction.objects.exists()


def test_help_cannot_lie_ahead(joe, ana, phone):
    with pytest.raises(HelpInFuture):
        record_help(
            contact_id=joe.pk,
            channel_id=phone.pk,
            helper_user_id=ana.pk,
            occurred_at=NOW + dt.timedelta(microseconds=1),
            recorded_by_id=None,
            now=NOW,
        )


def test_edit_keeps_what_became_different_and_the_interaction_follows(recorded, ana, phone):
    mia, other = MemberFactory(channel=phone), ContactFactory()

    edit_help(
        recorded.pk,
        changes={
            "answer": "Or like that.",
            "topic": "enrolment",  # as it was
            "rating": None,
            "contact_id": other.pk,
            "helper_member_id": mia.pk,
            "occurred_at": AT - dt.timedelta(hours=1),
        },
        by_user_id=ana.pk,
        now=NOW,
    )

    record = HelpRecord.objects.get()
    assert record.edited_fields == ["answer", "contact", "helper_member", "helper_user", "rating"]
    assert (record.answer, record.rating, record.contact) == ("Or like that.", None, other)
    assert (record.helper_member, record.helper_user) == (mia, None)
    on = record.interaction
    assert (on.text, on.to_contact, on.member, on.user) == ("Or like that.", other, mia, None)
    assert (on.direction, on.occurred_at) == ("between_members", AT - dt.timedelta(hours=1))


def test_edit_leaves_an_answer_that_was_marked_as_it_is(answer, joe):
    record = mark(answer, joe)

    edit_help(record.pk, changes={"answer": "In short: yes.", "rating": 5}, by_user_id=None, now=NOW)

    record.refresh_from_db()
    assert (record.answer, record.rating) == ("In short: yes.", 5)
    assert Interaction.objects.get().text == "Like this."
    with pytest.raises(KeptByInteraction):
        edit_help(record.pk, changes={"occurred_at": AT}, by_user_id=None, now=NOW)


def test_edit_refuses_what_recording_refuses(recorded, joe):
    own = MemberFactory(contact=joe)

    with pytest.raises(HelpToOneself):
        edit_help(recorded.pk, changes={"helper_member_id": own.pk}, by_user_id=None, now=NOW)
    with pytest.raises(NoHelper):
        edit_help(recorded.pk, changes={"helper_user_id": None}, by_user_id=None, now=NOW)
    with pytest.raises(HelpInFuture):
        edit_help(recorded.pk, changes={"occurred_at": NOW + dt.timedelta(days=1)}, by_user_id=None, now=NOW)
    with pytest.raises(TypeError):
        edit_help(recorded.pk, changes={"origin": "client"}, by_user_id=None, now=NOW)

    assert HelpRecord.objects.values_list("helper_user__username", "edited_fields").get() == ("ana", [])


def test_edit_that_changes_nothing_writes_nothing(recorded):
    edit_help(recorded.pk, changes={"topic": "enrolment", "minutes": 12}, by_user_id=None, now=NOW)

    assert [entry.kind for entry in history_of(recorded)] == ["created"]


def test_undo_takes_the_record_and_its_own_interaction_out_and_redo_brings_both_back(recorded):
    before = HelpRecord.objects.values(*COMPARED).get(), Interaction.objects.values(*OF_INTERACTION).get()

    undo_help(recorded.pk, now=NOW)

    assert HelpRecord.objects.values_list("withdrawn_at", "edited_fields").get() == (NOW, ["withdrawn_at"])
    assert Interaction.objects.values_list("retracted_at", "retract_reason").get() == (NOW, "The help was undone.")

    redo_help(recorded.pk)

    assert (HelpRecord.objects.values(*COMPARED).get(), Interaction.objects.values(*OF_INTERACTION).get()) == before


COMPARED = [field.attname for field in HelpRecord._meta.concrete_fields if field.name != "updated_at"]
OF_INTERACTION = [field.attname for field in Interaction._meta.concrete_fields if field.name != "updated_at"]


def test_interaction_of_help_that_was_undone_is_restored_with_the_help_and_not_by_itself(recorded):
    pk = recorded.interaction_id
    undo_help(recorded.pk, now=NOW)

    with pytest.raises(OutWithItsHelp, match=f"help record {recorded.pk}"):
        restoring.one(pk, reason="it did happen", now=NOW)
    assert (restoring.many([pk], reason="x", now=NOW), people_helped()) == (0, 0)

    redo_help(recorded.pk)
    retracting.one(pk, reason="spam", now=NOW)
    restoring.one(pk, reason="no spam", now=NOW)
    assert people_helped() == 1


def test_undo_of_a_marked_answer_leaves_the_answer(answer, joe):
    record = mark(answer, joe)

    undo_help(record.pk, now=NOW)

    assert Interaction.objects.get().retracted_at is None
    assert redo_help(record.pk).withdrawn_at is None


def test_undo_twice_is_undo_once_and_redo_needs_an_undo(recorded):
    undo_help(recorded.pk, now=NOW)
    undo_help(recorded.pk, now=LATER)
    assert HelpRecord.objects.get().withdrawn_at == NOW

    redo_help(recorded.pk)
    with pytest.raises(NothingToRedo):
        redo_help(recorded.pk)
    with pytest.raises(NoSuchHelp):
        undo_help(recorded.pk + 1, now=NOW)


def test_redo_leaves_an_interaction_out_that_was_spam(recorded):
    Interaction.objects.update(retracted_at=NOW, retract_reason="spam")
    undo_help(recorded.pk, now=NOW)

    redo_help(recorded.pk)

    assert Interaction.objects.values_list("retracted_at", "retract_reason").get() == (NOW, "spam")


def test_help_from_an_accepted_answer_that_staff_undid_is_not_made_again(answer, joe):
    thread = answer.thread
    thread.accepted_answer = answer
    thread.save()
    refresh_accepted_help([answer.pk], now=NOW)
    undo_help(HelpRecord.objects.get().pk, now=NOW)

    refresh_accepted_help([answer.pk], now=LATER)

    assert HelpRecord.objects.get().withdrawn_at == NOW


def test_history_says_who_recorded_edited_and_undid(recorded):
    eve = get_user_model().objects.create(username="eve")
    edit_help(recorded.pk, changes={"minutes": 15}, by_user_id=eve.pk, now=NOW)
    undo_help(recorded.pk, now=NOW)

    newest, edit, first = history_of(HelpRecord.objects.get())

    assert first.kind == "created"
    assert (edit.who, [(change.label, change.before, change.after) for change in edit.changes]) == (
        "eve",
        [("minutes", 12, 15), ("edited fields", [], ["minutes"])],
    )
    assert [change.label for change in newest.changes] == ["edited fields", "withdrawn at"]


def test_social_figures_show_help_and_its_undoing_at_once(recorded):
    assert people_helped() == 1

    undo_help(recorded.pk, now=NOW)
    assert people_helped() == 0

    redo_help(recorded.pk)
    assert people_helped() == 1


def test_credits_follow_help_by_the_next_recompute(joe, phone):
    mia = MemberFactory(channel=phone, handle="mia")
    ConversionFactory(contact=joe, amount=Decimal("40.00"), occurred_at=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
    recompute_all(now=LATER)
    assert last_touches() == []

    record = record_help(
        contact_id=joe.pk,
        channel_id=phone.pk,
        helper_member_id=mia.pk,
        occurred_at=AT,
        outcome="solved",
        recorded_by_id=None,
        now=NOW,
    )
    assert StaleMark.objects.filter(interaction_id=record.interaction_id).exists()
    recompute_stale(now=LATER)
    assert last_touches() == [("member", True, 4000)]
    assert HelperDay.objects.values_list("actor_kind", "member_id", "last_touch_minor").get() == (
        "member",
        mia.pk,
        4000,
    )

    undo_help(record.pk, now=NOW)
    recompute_stale(now=LATER)
    assert last_touches() == []

    redo_help(record.pk)
    recompute_stale(now=LATER)
    assert last_touches() == [("member", True, 4000)]


@pytest.mark.django_db(transaction=True)
def test_credits_follow_help_by_the_next_tick_of_a_worker(joe, phone, subprocess_environment, tmp_path):
    mia = MemberFactory(channel=phone, handle="mia")
    ConversionFactory(contact=joe, amount=Decimal("40.00"), occurred_at=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
    environment = {**subprocess_environment, "METRICS_TICK_SECONDS": "0.2"}

    with start_worker(environment, folder=tmp_path, arguments=("--beat", "--concurrency", "1")) as worker:
        record_help(
            contact_id=joe.pk,
            channel_id=phone.pk,
            helper_member_id=mia.pk,
            occurred_at=AT,
            recorded_by_id=None,
            now=NOW,
        )
        deadline = time.monotonic() + 60
        while last_touches() != [("member", True, 4000)]:
            assert time.monotonic() < deadline, worker.log.read_text(errors="replace")
            time.sleep(0.05)


def test_answer_that_is_marked_becomes_a_help_touch_and_an_unmarked_one_stays_a_touch(answer, joe):
    ConversionFactory(contact=joe, amount=Decimal("40.00"), occurred_at=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
    record = mark(answer, joe, outcome="solved")
    recompute_all(now=LATER)
    assert last_touches() == [("member", True, 4000)]

    undo_help(record.pk, now=NOW)
    recompute_stale(now=LATER)

    assert [row[0] for row in last_touches()] == ["member"]


@pytest.fixture
def asked():
    """Joe's question on the forum, which opened a thread."""
    joe = MemberFactory(handle="joe")
    thread = ThreadFactory(channel=joe.channel, opened_by=joe, opened_at=AT)
    return InteractionFactory(channel=joe.channel, member=joe, thread=thread, occurred_at=AT)


def solve(asked, ana, **fields):
    return record_help(
        **{
            "contact_id": asked.member.contact_id,
            "channel_id": asked.channel_id,
            "helper_user_id": ana.pk,
            "reply_to_id": asked.pk,
            "occurred_at": AT,
            "outcome": "solved",
            "recorded_by_id": ana.pk,
            "now": NOW,
            **fields,
        }
    )


def confirmed(thread):
    thread.refresh_from_db()
    return thread.confirmed_answer, thread.confirmed_by


def resolved() -> tuple[int, int]:
    """How many questions are resolved, and how many of them by staff."""
    total = responses_report(ResponsesQuery(by="channel", now=LATER)).total
    return total.resolved, total.resolved_by_staff


def test_help_that_solved_what_was_asked_is_the_confirmed_answer_until_it_is_undone(asked, ana):
    thread = asked.thread
    assert resolved() == (0, 0)

    record = solve(asked, ana)
    assert confirmed(thread) == (record.interaction, ana)
    assert resolved() == (1, 1)

    undo_help(record.pk, now=NOW)
    assert confirmed(thread) == (None, None)
    redo_help(record.pk)
    assert confirmed(thread) == (record.interaction, ana)

    edit_help(record.pk, changes={"outcome": "not_solved"}, by_user_id=None, now=NOW)
    assert confirmed(thread) == (None, None)
    assert resolved() == (0, 0)
    other = UserFactory()
    edit_help(record.pk, changes={"outcome": "solved"}, by_user_id=other.pk, now=NOW)
    assert confirmed(thread) == (record.interaction, other)


def test_answer_that_is_marked_as_what_solved_it_is_confirmed(asked, ana):
    mia = MemberFactory(channel=asked.channel)
    answer = InteractionFactory(
        channel=asked.channel, member=mia, kind="answer", thread=asked.thread, reply_to=asked, occurred_at=AT
    )

    solve(asked, ana, reply_to_id=None, interaction_id=answer.pk, helper_user_id=None)

    assert confirmed(asked.thread) == (answer, ana)
    assert resolved() == (1, 0)


def test_help_confirms_nothing_that_it_did_not_solve_or_that_is_answered(asked, ana):
    thread = asked.thread
    other = InteractionFactory(channel=asked.channel, thread=thread, occurred_at=AT)  # somebody else's question there
    talk = InteractionFactory(channel=asked.channel, member=asked.member, thread=thread, kind="comment", occurred_at=AT)

    solve(asked, ana, outcome="helped")
    solve(other, ana)
    solve(asked, ana, reply_to_id=talk.pk)
    assert confirmed(thread) == (None, None)

    accepted = InteractionFactory(channel=asked.channel, kind="answer", thread=thread, occurred_at=AT)
    thread.accepted_answer = accepted
    thread.save()
    record = solve(asked, ana)
    assert confirmed(thread) == (None, None)

    thread.accepted_answer, thread.confirmed_answer = None, accepted
    thread.save()
    solve(asked, ana)
    edit_help(record.pk, changes={"outcome": "helped"}, by_user_id=None, now=NOW)
    undo_help(record.pk, now=NOW)
    assert confirmed(thread) == (accepted, None)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_the_second_is_told():
    asked = InteractionFactory()
    told = []

    def answer() -> None:
        try:
            record_help(
                contact_id=asked.member.contact_id,
                channel_id=asked.channel_id,
                helper_user_id=UserFactory().pk,
                reply_to_id=asked.pk,
                occurred_at=AT,
                recorded_by_id=None,
                newest_known_reply=0,
                now=NOW,
            )
        except AnsweredMeanwhile as refusal:
            told.append(refusal.code)
        finally:
            if threading.current_thread() is second:
                connection.close()

    second = threading.Thread(target=answer)
    with transaction.atomic():
        answer()
        second.start()
        wait_until(lambda: somebody_waits() or not second.is_alive())
    second.join(timeout=30)

    assert told == ["answered_meanwhile"]
    assert HelpRecord.objects.count() == 1


def test_recording_editing_and_undoing_take_a_fixed_number_of_queries(answer, joe, django_assert_max_num_queries):
    for _ in range(5):
        HelpRecordFactory(contact=joe)

    with django_assert_max_num_queries(8):
        record = mark(answer, joe)
    with django_assert_max_num_queries(8):
        edit_help(record.pk, changes={"rating": 5}, by_user_id=None, now=NOW)
    with django_assert_max_num_queries(6):
        undo_help(record.pk, now=NOW)
