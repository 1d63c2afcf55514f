"""Help records through the batch: the record and the interaction it stands on."""

import datetime as dt

import pytest

from community.helping import undo_help
from community.models import HelpRecord, Interaction, Member
from crm.models import ContactRef
from gateway.collections import collections
from tests.factories.community import ChannelFactory, UserFactory
from tests.sending import NOW, codes, send, send_one, statuses

pytestmark = pytest.mark.django_db

C1 = {"source": "shop", "external_id": "c1"}


@pytest.fixture(autouse=True)
def phone():
    UserFactory(username="ana")
    ChannelFactory(slug="forum")
    return ChannelFactory(slug="phone")


def help_record(external_id="h1", **fields):
    return {
        "channel": "phone",
        "external_id": external_id,
        "contact": C1,
        "helper": {"user": "ana"},
        "occurred_at": "2026-03-03T11:00:00Z",
        **fields,
    }


def test_record_and_interaction_are_written_together():
    outcome = send_one(
        "help-records",
        **help_record(
            question="How?", answer="Like this.", topic="enrolment", note="n", minutes=12, outcome="solved", rating=5
        ),
    )

    record = HelpRecord.objects.get(pk=outcome.id)
    assert (record.question, record.answer, record.topic, record.note) == ("How?", "Like this.", "enrolment", "n")
    assert (record.minutes, record.outcome, record.rating, record.origin) == (12, "solved", 5, "client")
    assert (record.helper_user.username, record.helper_member) == ("ana", None)
    assert record.contact_id == ContactRef.objects.get(external_id="c1").contact_id
    on = record.interaction
    assert (on.channel.slug, on.external_id, on.kind, on.direction) == ("phone", "h1", "help", "outbound")
    assert on.occurred_at == dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC)
    assert (on.user.username, on.member, on.to_contact_id, on.text) == ("ana", None, record.contact_id, "Like this.")


def test_member_of_the_channel_may_have_helped():
    send_one("help-records", **help_record(helper={"member": "u7"}))

    record = HelpRecord.objects.get()
    assert (record.helper_user, record.helper_member.external_id) == (None, "u7")
    assert (record.interaction.member.external_id, record.interaction.direction) == ("u7", "between_members")


def test_changed_record_changes_its_interaction_too():
    send_one("help-records", **help_record(answer="Like this."))

    outcome = send_one(
        "help-records",
        channel="phone",
        external_id="h1",
        helper={"member": "u7"},
        answer="Or like that.",
        occurred_at="2026-03-03T12:00:00Z",
    )

    record = HelpRecord.objects.get()
    assert outcome.status == "updated"
    assert (record.helper_user, record.helper_member.external_id) == (None, "u7")
    assert (record.interaction.user, record.interaction.text) == (None, "Or like that.")
    assert record.interaction.occurred_at == dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)


def test_change_of_the_time_alone_is_an_update():
    send_one("help-records", **help_record())

    moved = send_one("help-records", channel="phone", external_id="h1", occurred_at="2026-03-03T12:00:00Z")

    assert moved.status == "updated"


def test_kith_makes_the_external_id_when_there_is_none():
    item = help_record()
    del item["external_id"]

    assert statuses(send("help-records", item, item)) == ["created", "created"]
    assert Interaction.objects.count() == 2


@pytest.mark.parametrize("help_first", [True, False])
def test_help_on_an_answer_that_arrives_by_itself_keeps_the_answer_as_it_is(help_first):
    answer = {
        "channel": "forum",
        "external_id": "p10",
        "kind": "answer",
        "member": "u7",
        "to": "u5",
        "occurred_at": "2026-03-02T10:00:00Z",
        "text": "Like this.",
        "direction": "between_members",
    }
    record = help_record("p10", channel="forum", helper={"member": "u7"}, topic="enrolment")
    steps = [lambda: send_one("help-records", **record), lambda: send_one("interactions", **answer)]
    for step in steps if help_first else reversed(steps):
        step()

    stored = Interaction.objects.get()
    assert (stored.kind, stored.text, stored.occurred_at.hour) == ("answer", "Like this.", 10)
    assert (stored.to_member.external_id, stored.to_contact) == ("u5", None)
    assert HelpRecord.objects.get().topic == "enrolment"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"helper": {"user": "bob"}}, ("helper.user", "unknown_user")),
        ({"helper": {"user": "ana", "member": "u7"}}, ("helper", "one_helper")),
        ({"helper": {}}, ("helper", "one_helper")),
        ({"rating": 0}, ("rating", "out_of_range")),
        ({"rating": 6}, ("rating", "out_of_range")),
        ({"minutes": -1}, ("minutes", "out_of_range")),
        ({"minutes": 1.5}, ("minutes", "not_whole")),
        ({"outcome": "great"}, ("outcome", "unknown_choice")),
        ({"contact": None}, ("contact", "null")),
    ],
)
def test_wrong_record_is_refused(fields, expected):
    result = send("help-records", help_record("bad", **fields), help_record("good"))

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [expected]
    assert not Member.objects.exists()


def test_new_record_needs_contact_helper_and_time():
    [outcome] = send("help-records", {"channel": "phone", "external_id": "h1"}).results

    assert codes(outcome) == [("occurred_at", "required"), ("contact", "required"), ("helper", "required")]
    assert not Interaction.objects.exists()


def test_fields_that_staff_edited_are_kept():
    send_one("help-records", **help_record(topic="enrolment", rating=2, note="first"))
    HelpRecord.objects.update(topic="by staff", edited_fields=["topic", "helper_user"])

    send_one("help-records", **help_record(topic="again", rating=3, note="second", helper={"member": "u7"}))

    record = HelpRecord.objects.get()
    assert (record.topic, record.rating, record.note) == ("by staff", 3, "second")
    assert (record.helper_user.username, record.helper_member) == ("ana", None)


def test_help_that_a_client_sends_outlives_the_acceptance_it_was_made_from():
    answer = {"channel": "forum", "external_id": "p10", "kind": "answer", "member": "u7"}
    send_one("interactions", **answer, occurred_at="2026-03-02T10:00:00Z")
    send_one("threads", channel="forum", external_id="t1", opened_by="u5", accepted_answer="p10")
    send_one("help-records", channel="forum", external_id="p10", rating=5)

    send_one("threads", channel="forum", external_id="t1", accepted_answer=None)

    assert HelpRecord.objects.values_list("origin", "rating", "withdrawn_at").get() == ("client", 5, None)


def test_help_goes_with_the_thread_that_accepted_the_answer():
    answer = {"channel": "forum", "external_id": "p10", "kind": "answer", "member": "u7"}
    send_one("interactions", **answer, occurred_at="2026-03-02T10:00:00Z")
    pk = send_one("threads", channel="forum", external_id="t1", opened_by="u5", accepted_answer="p10").id
    assert HelpRecord.objects.get().withdrawn_at is None

    collections["threads"].remove(pk, now=NOW)

    assert HelpRecord.objects.get().withdrawn_at == NOW


def test_delete_withdraws_the_record_and_the_interaction_written_with_it():
    pk = send_one("help-records", **help_record()).id

    collections["help-records"].remove(pk, now=NOW)

    assert HelpRecord.objects.get().withdrawn_at == NOW
    assert Interaction.objects.values_list("retracted_at", "deleted_at").get() == (NOW, None)


def test_delete_leaves_an_answer_that_arrived_by_itself():
    send_one(
        "interactions",
        channel="forum",
        external_id="p10",
        kind="answer",
        member="u7",
        occurred_at="2026-03-02T10:00:00Z",
    )
    pk = send_one("help-records", **help_record("p10", channel="forum", helper={"member": "u7"})).id

    collections["help-records"].remove(pk, now=NOW)

    assert HelpRecord.objects.get().withdrawn_at == NOW
    assert Interaction.objects.get().retracted_at is None


def test_record_that_is_sent_again_counts_again_with_its_interaction():
    pk = send_one("help-records", **help_record()).id
    collections["help-records"].remove(pk, now=NOW)

    send_one("help-records", **help_record())

    assert HelpRecord.objects.get().withdrawn_at is None
    assert Interaction.objects.values_list("retracted_at", "retract_reason").get() == (None, "")


def test_record_that_staff_undid_stays_undone_when_it_is_sent_again():
    pk = send_one("help-records", **help_record()).id
    undo_help(pk, now=NOW)

    send_one("help-records", **help_record(topic="again"))

    assert HelpRecord.objects.values_list("withdrawn_at", "topic").get() == (NOW, "again")
    assert Interaction.objects.get().retracted_at == NOW


def test_record_sent_again_leaves_an_interaction_retracted_that_was_spam():
    send_one("help-records", **help_record())
    Interaction.objects.update(retracted_at=NOW, retract_reason="spam")

    send_one("help-records", **help_record(answer="Buy this."))

    assert Interaction.objects.values_list("retracted_at", "retract_reason").get() == (NOW, "spam")
