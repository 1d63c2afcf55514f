"""Who was added by a handle, and the account of that handle that a source brings: one account and one person."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from community.models import HelpRecord, Interaction, Member, Thread
from community.newcomers import NewPerson, RefusedPerson, add_person
from crm.models import Contact, ContactRef, Erasure
from crm.personal_data.erasing import erase_person
from gateway.collections import collections
from tests.admin_forms import posted
from tests.factories.community import ChannelFactory, HelpRecordFactory, InteractionFactory, MemberFactory, UserFactory
from tests.holding import somebody_waits, wait_until
from tests.sending import NOW, codes, row_versions, send, send_one, statuses

pytestmark = pytest.mark.django_db

C1 = {"source": "shop", "external_id": "c1"}


@pytest.fixture
def forum():
    return ChannelFactory(slug="forum", name="Forum")


def added(forum, **known) -> Contact:
    return add_person(NewPerson(**known), channel_id=forum.pk, owner_id=None)


@pytest.fixture
def zoe(forum) -> Contact:
    """Zoe, of whom staff knew the handle alone, with help that she got."""
    zoe = added(forum, handle="@zoe")
    HelpRecordFactory(contact=zoe, interaction__channel=forum)
    return zoe


def account(external_id="u77", **fields):
    return {"channel": "forum", "external_id": external_id, **fields}


def accounts():
    return list(Member.objects.order_by("external_id").values_list("external_id", "handle", "is_named_here"))


def persons():
    return Contact.objects.filter(merged_into=None).count()


def helped() -> int:
    """The person who got the help."""
    return HelpRecord.objects.get().contact.person_id


def owner(external_id="u77") -> int:
    """The person whose account this is."""
    return Member.objects.get(external_id=external_id).contact.person_id


def at_once(work: Callable, of: Sequence) -> list:
    """Run `work` for each of these in a thread of its own, all starting together."""
    barrier = threading.Barrier(len(of))

    def run(one):
        barrier.wait()
        try:
            return work(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(of)) as pool:
        return list(pool.map(run, of))


# --- who is added ---


def test_account_of_somebody_added_by_handle_says_that_its_id_is_made_up(forum):
    zoe = added(forum, name="Zoë West", handle="@zoe")

    assert accounts() == [("zoe", "zoe", True)]
    assert zoe.known_as == "zoe"


@pytest.mark.parametrize("typed", ["zoe", "@ZOE"])
def test_nobody_is_added_by_a_handle_that_somebody_goes_by_on_the_channel(forum, typed):
    MemberFactory(channel=forum, external_id="u77", handle="Zoe")
    people = Contact.objects.count()

    with pytest.raises(RefusedPerson) as refusal:
        added(forum, name="Zoë West", handle=typed)

    said = f"{typed.removeprefix('@')} on Forum is already in Kith: choose the person above."
    assert (refusal.value.field, refusal.value.message) == ("handle", said)
    assert Contact.objects.count() == people


@pytest.mark.parametrize(("channel", "handle"), [("forum", "zoe_1"), ("forum", ""), ("insta", "zoe")])
def test_handle_of_somebody_else_or_elsewhere_refuses_nobody(forum, channel, handle):
    channels = {"forum": forum, "insta": ChannelFactory(slug="insta")}
    MemberFactory(channel=channels[channel], handle=handle)

    assert added(forum, handle="zoe").known_as == "zoe"


@pytest.mark.django_db(transaction=True)
def test_colleagues_who_add_the_same_handle_at_once_add_one_person(forum):
    def add(handle: str) -> str:
        try:
            added(forum, handle=handle)
        except RefusedPerson as refusal:
            return refusal.field
        return "added"

    outcomes = at_once(add, ["zoe", "Zoe", "zOe", "zoE", "ZOe", "zOE", "ZoE", "ZOE"])

    assert sorted(outcomes) == ["added", *["handle"] * 7]
    assert (Member.objects.count(), Contact.objects.count()) == (1, 1)


# --- the source brings the account ---


def test_account_takes_the_row_over_with_person_and_help(zoe):
    named = Member.objects.get()

    outcome = send_one("members", **account(handle="Zoe", followers=12))

    assert (outcome.status, outcome.id) == ("updated", named.pk)
    assert accounts() == [("u77", "Zoe", False)]
    assert (owner(), helped(), persons()) == (zoe.pk, zoe.pk, 1)
    zoe.refresh_from_db()
    assert zoe.known_as == "Zoe"


def test_same_batch_twice_is_unchanged_and_writes_nothing(zoe):
    send_one("members", **account(handle="zoe"))
    before = row_versions()

    outcome = send_one("members", **account(handle="zoe"))

    assert outcome.status == "unchanged"
    assert row_versions() == before


def test_first_item_of_a_batch_with_the_handle_has_it(zoe):
    batch = [account("u9", handle="ZOE"), account("u1", handle="zoe"), account("u5", handle="joe")]

    first, second = send("members", *batch), send("members", *batch)

    assert statuses(first) == ["updated", "created", "created"]
    assert statuses(second) == ["unchanged"] * 3
    assert accounts() == [("u1", "zoe", False), ("u5", "joe", False), ("u9", "ZOE", False)]
    assert (owner("u9"), helped(), persons()) == (zoe.pk, zoe.pk, 3)


def test_two_who_were_added_are_taken_over_in_one_batch(zoe, forum):
    joe = added(forum, handle="joe")

    assert statuses(send("members", account("u1", handle="joe"), account("u2", handle="zoe"))) == ["updated"] * 2

    assert (owner("u1"), owner("u2"), persons()) == (joe.pk, zoe.pk, 2)


@pytest.mark.parametrize("item", [{}, {"handle": "zoe_1"}, {"handle": None}, {"handle": "zoe", "channel": "insta"}])
def test_account_that_does_not_go_by_the_handle_there_is_somebody_else(zoe, item):
    ChannelFactory(slug="insta")

    assert send_one("members", **(account() | item)).status == "created"

    assert ("zoe", "zoe", True) in accounts()
    assert persons() == 2


@pytest.mark.parametrize(
    ("collection", "item"),
    [
        ("members", account("zoe", handle="zoe")),
        ("members", account("zoe")),
        ("interactions", account("p1", kind="question", occurred_at="2026-03-02T09:00:00Z", member="zoe")),
        ("interactions", account("p1", kind="comment", occurred_at="2026-03-02T09:00:00Z", to="zoe")),
        ("threads", account("t1", opened_by="zoe")),
        (
            "help-records",
            account("h1", contact=C1, helper={"member": "zoe"}, occurred_at="2026-03-02T09:00:00Z"),
        ),
    ],
)
def test_account_that_a_source_calls_by_the_handle_is_nobody_elses(zoe, collection, item):
    send_one(collection, **item)
    assert accounts() == [("zoe", "zoe", False)]

    assert send_one("members", **account(handle="zoe")).status == "created"
    assert send_one(collection, **item).status == "unchanged"
    assert Member.objects.get(external_id="zoe").contact_id == zoe.pk
    assert owner() != zoe.pk


def test_item_that_the_source_calls_by_the_handle_comes_before_one_that_only_has_it(zoe):
    result = send("members", account("u77", handle="zoe"), account("zoe", handle="zoe"))

    assert statuses(result) == ["created", "updated"]
    assert (owner("zoe"), owner("u77") == zoe.pk) == (zoe.pk, False)


def test_patch_of_an_account_leaves_it_open_who_it_is(zoe):
    pk = Member.objects.get().pk

    assert collections["members"].patch(pk, {"followers": 3, "handle": "zoe"}, now=NOW).status == "updated"

    assert accounts() == [("zoe", "zoe", True)]


# --- whose it is ---


def test_contact_known_by_nothing_but_the_handle_is_merged_into_the_one_that_is_named(zoe):
    assert send_one("members", **account(handle="zoe", contact=C1)).status == "updated"

    named = ContactRef.objects.get(external_id="c1").contact
    assert accounts() == [("u77", "zoe", False)]
    assert (owner(), helped(), persons()) == (named.pk, named.pk, 1)
    assert send_one("members", **account(handle="zoe", contact=C1)).status == "unchanged"


def test_account_of_somebody_with_a_name_moves_to_the_contact_that_is_named(forum):
    zoe = added(forum, name="Zoë West", handle="zoe")

    send_one("members", **account(handle="zoe", contact=C1))

    assert accounts() == [("u77", "zoe", False)]
    assert owner() == ContactRef.objects.get(external_id="c1").contact_id
    zoe.refresh_from_db()
    assert zoe.merged_into_id is None


FACTS = [
    ("members", account(handle="zoe")),
    ("interactions", account("p1", kind="question", occurred_at="2026-03-02T09:00:00Z", member="u77", thread="t1")),
    ("threads", account("t1", opened_by="u77")),
]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("name", ["", "Zoë West"])
def test_whatever_arrives_first_there_is_one_account_of_one_person(forum, order, name):
    zoe = added(forum, name=name, handle="zoe")
    HelpRecordFactory(contact=zoe, interaction__channel=forum)

    for place in order:
        collection, item = FACTS[place]
        send_one(collection, **item)

    assert accounts() == [("u77", "zoe", False)]
    assert (owner(), helped(), persons()) == (zoe.pk, zoe.pk, 1)
    assert Interaction.objects.get(external_id="p1").member.contact.person_id == zoe.pk
    assert Thread.objects.get().opened_by.contact.person_id == zoe.pk
    assert [send_one(collection, **item).status for collection, item in FACTS] == ["unchanged"] * 3


def test_known_account_that_turns_out_to_have_the_handle_brings_its_person(zoe):
    send_one("members", **account(contact=C1))
    named = ContactRef.objects.get(external_id="c1").contact

    assert send_one("members", **account(handle="zoe")).status == "updated"

    assert accounts() == [("u77", "zoe", False)]
    assert (owner(), helped(), persons()) == (named.pk, named.pk, 1)


def test_two_people_who_are_both_known_stay_two(forum):
    zoe = added(forum, name="Zoë West", handle="zoe")
    send_one("members", **account(contact=C1))

    assert send_one("members", **account(handle="zoe")).status == "updated"

    assert accounts() == [("u77", "zoe", False), ("zoe", "zoe", False)]
    assert (owner("zoe"), persons()) == (zoe.pk, 2)
    assert send_one("members", **account(handle="zoe")).status == "unchanged"


def test_account_that_helped_stays_beside_the_one_of_the_source(zoe, forum):
    named = Member.objects.get()
    InteractionFactory(channel=forum, member=named)
    send_one("members", **account())

    send_one("members", **account(handle="zoe"))

    assert accounts() == [("u77", "zoe", False), ("zoe", "zoe", False)]
    assert (owner("u77"), owner("zoe"), persons()) == (zoe.pk, zoe.pk, 1)


def test_item_older_than_what_is_stored_joins_nobody(zoe):
    send_one("members", **account(source_updated_at="2026-03-02T00:00:00Z"))

    outcome = send_one("members", **account(handle="zoe", source_updated_at="2026-03-01T00:00:00Z"))

    assert (outcome.status, outcome.stale) == ("unchanged", True)
    assert accounts() == [("u77", "", False), ("zoe", "zoe", True)]
    assert persons() == 2


def test_erased_person_gets_no_account_back(zoe):
    erase_person(contact_id=zoe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    assert not Member.objects.get().is_named_here

    [outcome] = send("members", account(handle="Zoe")).results

    assert codes(outcome) == [("handle", "erased")]
    assert Member.objects.count() == 1


def test_person_who_is_erased_after_the_account_was_taken_over_stays_away(zoe):
    send_one("members", **account(handle="zoe"))
    erase_person(contact_id=zoe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")

    result = send("members", account("u78", handle="zoe"), account("u77"), account("zoe", handle="zoe"))

    assert [codes(outcome) for outcome in result.results] == [
        [("handle", "erased")],
        [("external_id", "erased")],
        [("external_id", "erased")],  # what it was before the source brought it: the history knows
    ]


def test_external_id_that_staff_mend_is_not_made_up_any_more(zoe):
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = reverse("admin:community_member_change", args=[Member.objects.get().pk])

    client.post(page, posted(client.get(page), handle="zoe.w"))
    assert accounts() == [("zoe", "zoe.w", True)]

    client.post(page, posted(client.get(page), external_id="u80"))
    assert accounts() == [("u80", "zoe.w", False)]


# --- what it costs ---


def queries(*items) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert send("members", *items).failed == 0
    return len(asked)


def test_who_was_not_named_costs_one_query_and_an_item_without_handle_none(zoe):
    send_one("members", **account("warm"))  # reads the catalogues that are kept
    with CaptureQueriesContext(connection) as without:
        send("members", *[account(f"a{number}") for number in range(5)])
    with CaptureQueriesContext(connection) as with_handle:
        send("members", *[account(f"b{number}", handle=f"b{number}") for number in range(5)])

    assert len(with_handle) == len(without) + 1


@pytest.mark.parametrize("was_there", [False, True])
def test_accounts_are_taken_over_in_as_many_queries_for_ten_as_for_two(forum, was_there):
    for number in range(12):
        added(forum, handle=f"zoe {number}")
    if was_there:
        send("members", *[account(f"u{number}") for number in range(12)])

    two = queries(*[account(f"u{number}", handle=f"zoe {number}") for number in range(2)])
    ten = queries(*[account(f"u{number}", handle=f"zoe {number}") for number in range(2, 12)])

    assert two == ten
    assert accounts() == sorted((f"u{number}", f"zoe {number}", False) for number in range(12))


# --- many at once ---


@pytest.mark.django_db(transaction=True)
def test_sixteen_clients_who_bring_the_same_accounts_double_nobody(forum):
    people = [added(forum, handle=f"zoe {number}").pk for number in range(20)]
    asked = {"kind": "question", "occurred_at": "2026-03-02T09:00:00Z"}
    batches = [
        ("members", [account(f"u{number}", handle=f"Zoe {number}") for number in range(20)]),
        ("interactions", [account(f"p{number}", member=f"u{number}", **asked) for number in range(20)]),
    ]

    def bring(client: int) -> int:
        ordered = batches if client % 2 else batches[::-1]
        return sum(send(collection, *items).failed for collection, items in ordered)

    assert at_once(bring, range(16)) == [0] * 16
    assert accounts() == sorted((f"u{number}", f"Zoe {number}", False) for number in range(20))
    assert [owner(f"u{number}") for number in range(20)] == people
    assert persons() == 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("meanwhile", "status", "found"),
    [
        # The account comes to be under its id, so that the other one goes.
        (account(), "updated", [("u77", "zoe", False)]),
        # Somebody else brings the handle, and has it.
        (account("u78", handle="zoe"), "created", [("u77", "zoe", False), ("u78", "zoe", False)]),
    ],
)
def test_what_somebody_else_writes_at_this_moment_is_waited_for(zoe, meanwhile, status, found):
    def bring():
        try:
            return send_one("members", **account(handle="zoe"))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            send_one("members", **meanwhile)
            brought = pool.submit(bring)
            wait_until(somebody_waits)
        assert brought.result().status == status

    assert accounts() == found
    assert helped() == zoe.pk
    assert owner(found[-1][0]) == zoe.pk
