"""Threads and interactions through the batch, and the help that follows from accepted answers."""

import datetime as dt

import pytest

from community.models import Channel, HelpRecord, Interaction, Member, Thread
from community.retracting import AlreadyRetracted, restoring, retracting
from crm.models import Campaign, ContactRef
from gateway.batches import InUse
from gateway.collections import collections
from gateway.history import history_of
from tests.factories.community import ChannelFactory, HelpRecordFactory, UserFactory
from tests.sending import NOW, codes, send, send_one, statuses

pytestmark = pytest.mark.django_db

C1 = {"source": "shop", "external_id": "c1"}


@pytest.fixture(autouse=True)
def forum():
    return ChannelFactory(slug="forum")


def interaction(external_id="p9", **fields):
    return {
        "channel": "forum",
        "external_id": external_id,
        "kind": "question",
        "occurred_at": "2026-03-02T09:00:00Z",
        **fields,
    }


def thread(external_id="t1", **fields):
    return {"channel": "forum", "external_id": external_id, **fields}


QUESTION = interaction("p9", member="u5", thread="t1", text="How?")
ANSWER = interaction("p10", member="u7", kind="answer", occurred_at="2026-03-02T10:00:00Z", thread="t1", reply_to="p9")
THREAD = thread(title="How to?", topic="enrolment", opened_by="u5", accepted_answer="p10")


def test_every_field_is_stored_and_what_it_names_is_created():
    send_one(
        "interactions",
        **interaction(
            "p10",
            kind="answer",
            member="u7",
            to="u5",
            thread="t1",
            reply_to="p9",
            campaign="Spring",
            direction="between_members",
            text="Like this. 🧡",
            url="https://forum.example/p10",
            language="en",
            is_private=True,
            utm_source="mail",
            utm_medium="newsletter",
            utm_campaign="autumn",
            utm_term="t",
            utm_content="c",
        ),
    )

    stored = Interaction.objects.get(external_id="p10")
    assert (stored.kind, stored.occurred_at) == ("answer", dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
    assert (stored.member.external_id, stored.to_member.external_id) == ("u7", "u5")
    assert (stored.thread.external_id, stored.reply_to.external_id) == ("t1", "p9")
    assert (stored.campaign.code, stored.campaign.status) == ("Spring", "unconfirmed")
    assert (stored.direction, stored.text, stored.url) == (
        "between_members",
        "Like this. 🧡",
        "https://forum.example/p10",
    )
    assert (stored.language, stored.is_private) == ("en", True)
    assert (stored.utm_source, stored.utm_medium, stored.utm_campaign) == ("mail", "newsletter", "autumn")
    assert (stored.utm_term, stored.utm_content) == ("t", "c")
    assert (stored.reply_to.kind, stored.reply_to.occurred_at) == (None, None)
    assert {member.contact.stage for member in Member.objects.all()} == {"audience"}
    assert Campaign.objects.count() == 1  # a UTM code creates none


def test_staff_user_may_have_acted_and_a_contact_may_be_addressed():
    UserFactory(username="ana")

    send_one("interactions", **interaction(user="ana", to=C1, direction="outbound"))

    stored = Interaction.objects.get()
    assert (stored.user.username, stored.member) == ("ana", None)
    assert stored.to_contact_id == ContactRef.objects.get(external_id="c1").contact_id


def test_actor_and_addressee_change_from_one_sort_to_the_other():
    UserFactory(username="ana")
    send_one("interactions", **interaction(user="ana", to=C1))

    send_one("interactions", channel="forum", external_id="p9", member="u5", to="u7")
    stored = Interaction.objects.get()
    assert (stored.user, stored.member.external_id) == (None, "u5")
    assert (stored.to_contact, stored.to_member.external_id) == (None, "u7")

    send_one("interactions", channel="forum", external_id="p9", member=None, to=None, text=None)
    stored.refresh_from_db()
    assert (stored.member, stored.to_member, stored.to_contact) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "qestion"}, ("kind", "unknown_kind")),
        ({"to": {"source": "shop"}}, ("to.external_id", "required")),
        ({"to": 5}, ("to", "not_an_object")),
        ({"member": 5}, ("member", "not_text")),
        ({"user": "nobody"}, ("user", "unknown_user")),
        ({"channel": "fora"}, ("channel", "unknown_channel")),
        ({"occurred_at": None}, ("occurred_at", "null")),
        ({"direction": "sideways"}, ("direction", "unknown_choice")),
        ({"text": "a\x00"}, ("text", "unstorable_text")),
        ({"url": "javascript:alert(1)"}, ("url", "not_a_url")),
    ],
)
def test_wrong_interaction_is_refused_and_creates_nothing(fields, expected):
    result = send(
        "interactions", interaction("bad", **({"member": "u6", "thread": "t6"} | fields)), interaction("good")
    )

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [expected]
    assert (Interaction.objects.count(), Member.objects.count(), Thread.objects.count()) == (1, 0, 0)
    assert Channel.objects.count() == 1


def test_kind_and_time_are_required_until_the_interaction_has_arrived():
    send_one("interactions", **interaction("p10", reply_to="p9"))

    [outcome] = send("interactions", {"channel": "forum", "external_id": "p9", "text": "x"}).results
    assert codes(outcome) == [("kind", "required"), ("occurred_at", "required")]

    assert send_one("interactions", **interaction("p9")).status == "updated"
    assert send_one("interactions", channel="forum", external_id="p9", text="x").status == "updated"


def test_reply_to_an_item_that_fails_is_kept_for_when_it_is_mended():
    result = send("interactions", interaction("p10", reply_to="p9"), {"channel": "forum", "external_id": "p9"})

    assert statuses(result) == ["created", "failed"]
    assert send_one("interactions", **interaction("p9")).status == "updated"
    assert Interaction.objects.get(external_id="p10").reply_to.external_id == "p9"


# --- deleting and retracting ---


def test_delete_leaves_a_tombstone_that_no_later_item_fills_again():
    pk = send_one("interactions", **interaction(text="secret")).id

    collections["interactions"].remove(pk, now=NOW)
    send_one("interactions", **interaction(text="secret"))

    stored = Interaction.objects.get()
    assert (stored.text, stored.deleted_at, stored.kind) == ("", NOW, "question")


def test_retracted_interaction_keeps_its_reason_and_its_help_is_withdrawn():
    send("interactions", QUESTION, ANSWER)
    send_one("threads", **THREAD)
    pk = Interaction.objects.get(external_id="p10").pk

    retracting.one(pk, reason="spam", now=NOW)

    assert Interaction.objects.values_list("retracted_at", "retract_reason").get(pk=pk) == (NOW, "spam")
    assert HelpRecord.objects.get().withdrawn_at == NOW
    with pytest.raises(AlreadyRetracted):
        retracting.one(pk, reason="spam", now=NOW)


def test_help_of_a_retracted_interaction_has_no_entry_in_its_history_that_says_nothing():
    record = HelpRecordFactory()
    pk = record.interaction_id

    retracting.one(pk, reason="spam", now=NOW)
    restoring.one(pk, reason="no spam", now=NOW)

    record.refresh_from_db()
    assert record.updated_at == NOW
    assert [entry.kind for entry in history_of(record)] == ["created"]


# --- threads and accepted answers ---


def test_every_field_of_a_thread_is_stored():
    send_one(
        "threads", **THREAD, url="https://forum.example/t1", opened_at="2026-03-02T09:00:00Z", source_state="closed"
    )

    stored = Thread.objects.get()
    assert (stored.title, stored.topic, stored.url) == ("How to?", "enrolment", "https://forum.example/t1")
    assert (stored.opened_by.external_id, stored.accepted_answer.external_id) == ("u5", "p10")
    assert (stored.opened_at, stored.source_state) == (dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), "closed")


@pytest.mark.parametrize("thread_first", [True, False])
def test_accepted_answer_becomes_help_whichever_arrives_last(thread_first):
    steps = [lambda: send("threads", THREAD), lambda: send("interactions", QUESTION, ANSWER)]
    for step in steps if thread_first else reversed(steps):
        assert not HelpRecord.objects.exists()
        step()

    record = HelpRecord.objects.get()
    assert (record.interaction.external_id, record.helper_member.external_id) == ("p10", "u7")
    assert record.contact_id == Member.objects.get(external_id="u5").contact_id
    assert (record.outcome, record.origin, record.topic, record.question) == (
        "solved", "accepted_answer", "enrolment", "How to?",
    )  # fmt: skip
    assert record.withdrawn_at is None


@pytest.mark.parametrize(
    "items",
    [
        {"interactions": [QUESTION, ANSWER | {"member": "u5"}]},  # the asker's own answer
        {"interactions": [QUESTION, ANSWER | {"member": None}]},  # a deleted account
        {"interactions": [QUESTION]},  # the answer has not arrived
        {"interactions": [QUESTION, ANSWER], "threads": [{"opened_by": None}]},
    ],
)
def test_accepted_answer_of_nobody_else_who_is_known_is_no_help(items):
    send("interactions", *items["interactions"])
    send("threads", THREAD, *[THREAD | change for change in items.get("threads", [])])

    assert not HelpRecord.objects.exists()


def test_unaccepted_answer_withdraws_its_help_and_accepting_again_restores_it():
    send("interactions", QUESTION, ANSWER, ANSWER | {"external_id": "p11", "member": "u8"})
    send_one("threads", **THREAD)

    send_one("threads", **thread(accepted_answer="p11"))
    assert list(HelpRecord.objects.order_by("interaction__external_id").values_list("withdrawn_at", flat=True)) == [
        NOW,
        None,
    ]

    send_one("threads", **thread(accepted_answer=None))
    assert not HelpRecord.objects.filter(withdrawn_at=None).exists()

    send_one("threads", **thread(accepted_answer="p10"))
    assert HelpRecord.objects.get(withdrawn_at=None).interaction.external_id == "p10"
    assert HelpRecord.objects.count() == 2


def test_help_from_an_accepted_answer_follows_its_thread_but_keeps_what_staff_edited():
    send("interactions", QUESTION, ANSWER)
    send_one("threads", **THREAD)
    HelpRecord.objects.update(topic="by staff", outcome="helped", edited_fields=["topic", "outcome"])

    send_one("threads", **thread(title="How exactly?", topic="other"))

    record = HelpRecord.objects.get()
    assert (record.question, record.topic, record.outcome) == ("How exactly?", "by staff", "helped")


def test_help_that_staff_recorded_is_not_touched_by_unaccepting():
    send("interactions", QUESTION, ANSWER)
    send_one("threads", **THREAD)
    HelpRecord.objects.update(origin="staff")

    send_one("threads", **thread(accepted_answer=None))

    assert HelpRecord.objects.get().withdrawn_at is None


def test_delete_refuses_a_thread_or_member_in_use():
    send("interactions", QUESTION)

    for key, row in (("threads", Thread.objects.get()), ("members", Member.objects.get())):
        with pytest.raises(InUse):
            collections[key].remove(row.pk, now=NOW)
