"""What becomes of interactions, accounts and threads that are there: who, when, through what, and what was before."""

import csv
import datetime as dt
from importlib import import_module
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from community.models import Interaction, Member, Thread
from config.audit import command_line
from crm.models import Erasure
from crm.personal_data.erasing import erase_person
from crm.personal_data.suppression import erased_names
from gateway.history import Change, HistoryEntry, event_model_of, events_of, history_of
from gateway.models import ApiKey
from tests.admin_forms import posted
from tests.api_clients import client_of
from tests.audit import everything_told
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory, ThreadFactory
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.sending import row_versions, send, send_one, statuses

pytestmark = pytest.mark.django_db

NINE = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def told():
    """Hold every table against its history, whatever a test does."""
    with everything_told():
        yield


def key_client(*scopes: str):
    key, token = ApiKey.objects.issue(name="shop-sync", scopes=scopes)
    return client_of(token), f"shop-sync ({key.prefix})"


def told_of(record: object) -> list[tuple[str, str, str, list[Change]]]:
    """Kind, who, through what and which fields of each entry of a record's history, the newest first."""
    return [(entry.kind, entry.who, entry.through, entry.changes) for entry in history_of(record)]  # type: ignore[arg-type]


def labels(model: type) -> list[tuple[int, str]]:
    return list(events_of(model).order_by("pgh_id").values_list("pgh_obj_id", "pgh_label"))


def item(external_id: str, **facts: object) -> dict[str, object]:
    return {
        "channel": "forum",
        "external_id": external_id,
        "kind": "question",
        "occurred_at": NINE.isoformat(),
        "text": "How do I enrol?",
        **facts,
    }


def test_money_that_a_patch_moves_to_another_campaign_says_from_where_by_whom_and_through_what():
    CampaignFactory(code="a", name="Autumn")
    CampaignFactory(code="b", name="Brochure")
    ChannelFactory(slug="forum")
    pk = send_one("interactions", **item("i1", campaign="a")).id
    client, key = key_client("interactions:write")

    assert client.patch(f"/api/v1/interactions/{pk}/", {"campaign": "b"}).status_code == 200

    interaction = Interaction.objects.get()
    assert told_of(interaction) == [("changed", key, "API", [Change("campaign", "Autumn", "Brochure")])]
    assert abs(history_of(interaction)[0].at - interaction.updated_at) < dt.timedelta(seconds=5)


def test_an_account_that_a_patch_calls_otherwise_says_what_it_was_called():
    ChannelFactory(slug="forum")
    pk = send_one("members", channel="forum", external_id="u1", handle="joe", followers=10).id
    client, key = key_client("members:write")

    assert client.patch(f"/api/v1/members/{pk}/", {"handle": "mia"}).status_code == 200
    assert client.patch(f"/api/v1/members/{pk}/", {"handle": "zoe"}).status_code == 200

    assert told_of(Member.objects.get()) == [
        ("changed", key, "API", [Change("handle", "mia", "zoe")]),
        ("changed", key, "API", [Change("handle", "joe", "mia")]),
    ]


def test_what_is_new_writes_no_history_and_what_changes_in_a_batch_names_the_key():
    ChannelFactory(slug="forum")
    client, key = key_client("interactions:write")
    address = "/api/v1/interactions/batch/upsert"
    assert client.post(address, {"items": [item("i1"), item("i2")]}).json()["created"] == 2
    assert not events_of(Interaction).exists()

    later = [item("i1", kind="comment"), item("i2"), item("i3")]
    answer = client.post(address, {"items": later}).json()

    assert (answer["created"], answer["updated"], answer["unchanged"]) == (1, 1, 1)
    first, second, third = Interaction.objects.order_by("external_id")
    assert told_of(first) == [("changed", key, "API", [Change("kind", "question", "comment")])]
    assert told_of(second) == told_of(third) == []


def test_of_words_it_is_kept_that_they_changed_and_not_what_they_were():
    ChannelFactory(slug="forum")
    send_one("interactions", **item("i1", url="https://forum.test/old"))

    send_one("interactions", **item("i1", text="How do I pay?", url="https://forum.test/new", kind="comment"))

    assert told_of(Interaction.objects.get()) == [
        (
            "changed",
            "the system",
            "direct",
            [Change("kind", "question", "comment"), Change("text", None, "changed"), Change("url", None, "changed")],
        )
    ]
    kept = str(list(event_model_of(Interaction)._default_manager.values_list()))
    assert "question" in kept
    for words in ("enrol", "pay", "forum.test"):
        assert words not in kept


def test_a_file_that_changes_interactions_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    ChannelFactory(slug="forum")
    send_one("interactions", **item("i1"))
    file = tmp_path / "interactions.csv"
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows(
            [["channel", "external_id", "kind", "occurred_at"], ["forum", "i1", "question", TEN.isoformat()]]
        )
    monkeypatch.setattr("getpass.getuser", lambda: "olga")

    with command_line(["manage.py", "import"]):
        call_command("import", "csv", str(file), "--as", "interactions")

    [(kind, who, through, changes)] = told_of(Interaction.objects.get())
    assert (kind, who, changes) == ("changed", "olga on the command line", [Change("occurred at", NINE, TEN)])
    assert through in ("command import", "import csv")


def test_what_a_form_and_sql_do_is_told_on_the_page_of_history():
    client = Client()
    client.force_login(User.objects.create_superuser("ana", first_name="Ana", last_name="Whelan"))
    thread = ThreadFactory(topic="Enrolment", title="How do I enrol?")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE community_thread SET source_state = 'closed'")
    address = reverse("admin:community_thread_change", args=[thread.pk])
    assert client.post(address, posted(client.get(address), topic="Payroll", title="How?")).status_code == 302

    page = client.get(reverse("admin:community_thread_history", args=[thread.pk])).content.decode()

    assert told_of(thread) == [
        (
            "changed",
            "Ana Whelan",
            "admin",
            [Change("topic", "Enrolment", "Payroll"), Change("title", None, "changed")],
        ),
        ("changed", "the system", "direct", [Change("source state", "", "closed")]),
    ]
    assert "<s>Enrolment</s> → Payroll" in page
    assert "as it was" not in page


def test_one_statement_over_many_rows_begins_the_history_of_those_alone_that_have_none():
    first, second, third = InteractionFactory(), InteractionFactory(), InteractionFactory(kind="comment")
    Interaction.objects.filter(pk=first.pk).update(kind="answer")

    Interaction.objects.update(kind="comment")

    assert [told_of(one)[0][3] for one in (first, second)] == [
        [Change("kind", "answer", "comment")],
        [Change("kind", "question", "comment")],
    ]
    assert told_of(third) == []
    assert sorted(labels(Interaction)) == [
        (first.pk, "before"),
        (first.pk, "update"),
        (first.pk, "update"),
        (second.pk, "before"),
        (second.pk, "update"),
    ]


def test_what_others_only_named_so_far_is_new_when_it_arrives():
    ChannelFactory(slug="forum")
    send("interactions", item("a1", kind="answer", reply_to="i1", thread="t1"))
    assert Interaction.objects.get(external_id="i1").occurred_at is None

    send("interactions", item("i1"))
    send("threads", {"channel": "forum", "external_id": "t1", "title": "Fees", "opened_at": NINE.isoformat()})

    assert not events_of(Interaction).exists()
    assert not events_of(Thread).exists()


def test_what_arrives_after_its_history_began_is_told():
    ChannelFactory(slug="forum")
    send("interactions", item("a1", kind="answer", thread="t1"))
    thread = Thread.objects.get()
    Thread.objects.update(confirmed_answer=Interaction.objects.get())

    send("threads", {"channel": "forum", "external_id": "t1", "topic": "Fees", "opened_at": NINE.isoformat()})

    assert [entry.changes for entry in history_of(thread)] == [
        [Change("topic", "", "Fees"), Change("opened at", None, NINE)],
        [Change("confirmed answer", None, "answer a1")],
    ]


def test_followers_and_times_of_the_source_write_no_history():
    ChannelFactory(slug="forum")
    account = {"channel": "forum", "external_id": "u1", "handle": "joe"}
    send("members", {**account, "followers": 10})
    send("interactions", item("i1"))

    result = send("members", {**account, "followers": 11, "source_updated_at": TEN.isoformat()})
    Interaction.objects.update(source_updated_at=TEN)

    assert statuses(result) == ["updated"]
    assert not events_of(Member).exists()
    assert not events_of(Interaction).exists()


def test_the_same_batch_twice_writes_nothing_in_the_history_either():
    ChannelFactory(slug="forum")
    send("interactions", item("i1"))
    send("interactions", item("i1", kind="comment"))
    before = row_versions()

    assert statuses(send("interactions", item("i1", kind="comment"))) == ["unchanged"]

    assert row_versions() == before


def test_an_account_that_moves_says_from_whom_to_whom():
    joe, mia = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Mia Marsh")
    account = MemberFactory(contact=joe, handle="joe")

    Member.objects.filter(pk=account.pk).update(contact=mia, handle="mia")

    assert told_of(account) == [
        (
            "moved to another contact",
            "the system",
            "direct",
            [Change("contact", "Joe Bloggs", "Mia Marsh"), Change("handle", "joe", "mia")],
        )
    ]


def test_an_interaction_that_sql_deletes_says_what_it_was():
    interaction = InteractionFactory(kind="comment")

    Interaction.objects.all().delete()

    (event,) = events_of(Interaction)
    assert (event.pgh_obj_id, event.pgh_label, event.kind) == (interaction.pk, "delete", "comment")


def erase(contact) -> None:
    erase_person(contact_id=contact.pk, reason=Erasure.Reason.ASKED, now=NINE, through="command")


def test_an_erasure_cleans_what_the_history_says_an_account_was_called():
    account = MemberFactory(contact=ContactFactory(full_name="Joe Bloggs"), handle="joe_bloggs", external_id="u1")
    Member.objects.filter(pk=account.pk).update(handle="jb77")
    said = InteractionFactory(text="Ask @joe_bloggs, he knows.")

    erase(account.contact)

    events = event_model_of(Member)._default_manager.filter(pgh_obj=account.pk)
    assert {(event.handle, event.external_id[:7]) for event in events} == {("", "erased-")}
    said.refresh_from_db()
    assert said.text == "Ask [erased], he knows."
    names = {("handle", account.channel_id, "joe_bloggs"), ("handle", account.channel_id, "jb77")}
    assert erased_names(names).keys() == names


def test_an_erasure_leaves_others_what_was_the_erased_persons_once():
    joe, mia = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Mia Marsh")
    account = MemberFactory(contact=joe, handle="team", external_id="u1")
    thread = ThreadFactory(channel=account.channel, opened_by=account, external_id="t1")
    other = MemberFactory(channel=account.channel, contact=mia)
    Thread.objects.filter(pk=thread.pk).update(opened_by=other)
    Member.objects.filter(pk=account.pk).update(contact=mia)

    erase(joe)

    account.refresh_from_db()
    assert (account.handle, account.external_id) == ("team", "u1")
    channel = account.channel_id
    assert erased_names({("member", channel, "u1"), ("handle", channel, "team"), ("thread", channel, "t1")}) == {}
    assert send_one("members", channel=account.channel.slug, external_id="u1", handle="team").status == "unchanged"


def test_histories_from_before_these_columns_are_filled_with_what_is_there():
    """What was retracted before the upgrade changes nothing but that afterwards."""
    interaction = InteractionFactory(kind="comment")
    account = MemberFactory(handle="joe")
    thread = ThreadFactory(topic="Payroll")
    Interaction.objects.update(retracted_at=TEN)
    Member.objects.filter(pk=account.pk).update(contact=ContactFactory())
    Thread.objects.update(confirmed_answer=interaction)
    for model, emptied in (
        (Interaction, {"kind": None, "channel": None, "member": None, "occurred_at": None}),
        (Member, {"handle": "", "channel": None, "external_id": ""}),
        (Thread, {"topic": ""}),
    ):
        events = event_model_of(model)._default_manager
        events.filter(pgh_label="before").delete()
        events.update(**emptied)

    migration = import_module("community.migrations.0019_history_of_changes")
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)
    Interaction.objects.update(kind="answer")
    Member.objects.filter(pk=account.pk).update(handle="mia")
    Thread.objects.update(topic="Enrolment")

    newest: list[HistoryEntry] = [history_of(record)[0] for record in (interaction, account, thread)]
    assert [entry.changes for entry in newest] == [
        [Change("kind", "comment", "answer")],
        [Change("handle", "joe", "mia")],
        [Change("topic", "Payroll", "Enrolment")],
    ]
