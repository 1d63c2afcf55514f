"""Communities, channels and members through the batch: whose an account is, and its dated roles."""

import datetime as dt
from decimal import Decimal

import pytest

from community.models import Channel, Community, Cost, Interaction, Member, MemberRole
from crm.merging import unmerge
from crm.models import Contact, ContactRef
from gateway.batches import InUse
from gateway.collections import collections
from tests.factories.community import (
    ChannelFactory,
    CommunityFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory
from tests.sending import NOW, codes, send, send_one, statuses

pytestmark = pytest.mark.django_db

C1 = {"source": "shop", "external_id": "c1"}
C2 = {"source": "shop", "external_id": "c2"}


@pytest.fixture(autouse=True)
def forum():
    return ChannelFactory(slug="forum")


def member(external_id="u5", **fields):
    return {"channel": "forum", "external_id": external_id, **fields}


def test_every_field_is_stored():
    send_one("members", **member(handle="joe", contact=C1, followers=12, joined_at="2025-01-01T00:00:00Z"))

    stored = Member.objects.get()
    assert (stored.handle, stored.followers) == ("joe", 12)
    assert stored.joined_at == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    assert stored.contact_id == ContactRef.objects.get(source="shop", external_id="c1").contact_id
    assert stored.contact.stage == "lead"


def test_account_that_names_nobody_brings_a_contact_at_stage_audience():
    send_one("members", **member(handle="joe"))

    assert Member.objects.get().contact.stage == "audience"
    assert Contact.objects.count() == 1


def test_channel_is_never_created():
    result = send("members", member(), {"channel": "fora", "external_id": "u5"})

    assert statuses(result) == ["created", "failed"]
    assert codes(result.results[1]) == [("channel", "unknown_channel")]
    assert Channel.objects.count() == 1


def test_contact_cannot_be_taken_from_an_account():
    send_one("members", **member(contact=C1))

    assert codes(send("members", member(contact=None)).results[0]) == [("contact", "null")]


# --- whose it is ---


def test_shell_is_merged_into_the_contact_that_is_named():
    send_one("members", **member())
    shell = Member.objects.get().contact

    outcome = send_one("members", **member(contact=C1))

    named = ContactRef.objects.get(external_id="c1").contact
    shell.refresh_from_db()
    assert outcome.status == "updated"
    assert (shell.merged_into_id, shell.person_id) == (named.pk, named.pk)
    assert Member.objects.get().contact_id == shell.pk
    assert send_one("members", **member(contact=C1)).status == "unchanged"


def test_whom_staff_found_to_be_different_people_no_source_joins_again():
    send_one("members", **member())
    shell = Member.objects.get().contact
    send_one("members", **member(contact=C1))
    unmerge(loser_id=shell.pk, are_different=True, now=NOW)

    assert send_one("members", **member(contact=C1)).status == "unchanged"

    shell.refresh_from_db()
    assert (shell.merged_into_id, Member.objects.get().contact_id) == (None, shell.pk)
    assert send_one("members", **member(contact=C2)).status == "updated"  # another person is another question


def test_account_of_a_merged_person_is_not_moved():
    send_one("members", **member(contact=C1))
    survivor = ContactFactory(ref="c2")
    Contact.objects.filter(refs__external_id="c1").update(merged_into=survivor)

    assert send_one("members", **member(contact=C2)).status == "unchanged"
    assert Member.objects.get().contact.refs.get().external_id == "c1"


def test_account_of_somebody_known_moves_with_history():
    pk = send_one("members", **member(contact=C1)).id
    before = Member.objects.get().contact_id

    assert send_one("members", **member(contact=C2)).status == "updated"

    after = ContactRef.objects.get(external_id="c2").contact_id
    assert Member.objects.get().contact_id == after
    assert not Contact.objects.exclude(merged_into=None).exists()
    history = Member.pgh_event_model.objects.filter(pgh_obj_id=pk).order_by("pgh_id")
    assert list(history.values_list("pgh_label", "contact_id")) == [("before", before), ("relinked", after)]
    assert before != after


@pytest.mark.parametrize(
    "give",
    [
        lambda shell: Contact.objects.filter(pk=shell.pk).update(full_name="Joe"),
        lambda shell: EmailFactory(contact=shell),
        lambda shell: ConversionFactory(contact=shell),
        lambda shell: CostFactory(contact=shell),
        lambda shell: HelpRecordFactory(contact=shell),
        lambda shell: InteractionFactory(to_contact=shell),
        lambda shell: ContactFactory(merged_into=shell),
        lambda shell: Member.objects.create(channel=ChannelFactory(), external_id="other", contact=shell),
    ],
    ids=["name", "address", "conversion", "cost", "help", "addressed", "merged into it", "second account"],
)
def test_contact_with_facts_of_its_own_is_no_shell_and_keeps_them(give):
    send_one("members", **member())
    shell = Member.objects.get().contact
    give(shell)

    send_one("members", **member(contact=C1))

    shell.refresh_from_db()
    assert shell.merged_into_id is None
    assert Member.objects.get(external_id="u5").contact_id == ContactRef.objects.get(external_id="c1").contact_id


def test_stale_item_does_not_move_the_account():
    send_one("members", **member(contact=C1, source_updated_at="2026-03-02T00:00:00Z"))
    send("contacts", C2)

    outcome = send_one("members", **member(contact=C2, source_updated_at="2026-03-01T00:00:00Z"))

    assert outcome.stale
    assert Member.objects.get().contact.refs.get().external_id == "c1"


# --- roles ---


def roles():
    return list(MemberRole.objects.order_by("member__external_id", "since").values_list("role", "since"))


def test_role_without_date_holds_from_the_beginning():
    send_one("members", **member(role="staff"))
    assert roles() == [("staff", None)]

    assert send_one("members", **member(role="bot")).status == "updated"
    assert roles() == [("bot", None)]
    assert send_one("members", **member(role="bot")).status == "unchanged"


def test_everybody_is_community_from_the_beginning_without_a_row():
    assert send_one("members", **member(role="community")).status == "created"
    assert send_one("members", **member(role="community")).status == "unchanged"
    assert roles() == []


def test_dated_roles_add_up_also_within_a_batch():
    send(
        "members",
        member(role="staff", role_since="2026-01-01T00:00:00Z"),
        member(role="community", role_since="2026-03-01T00:00:00Z"),
    )
    send_one("members", **member(role="bot"))

    assert roles() == [
        ("staff", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("community", dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),
        ("bot", None),
    ]


def test_date_of_a_role_needs_the_role():
    [outcome] = send("members", member(role_since="2026-01-01T00:00:00Z")).results

    assert codes(outcome) == [("role_since", "role_missing")]


# --- communities and channels ---


def test_community_and_channel_are_stored():
    send_one("communities", slug="help", name="Help", purpose="Answers", purpose_measure="mean_rating", target="4.50")
    send_one("channels", slug="insta", name="Instagram", platform="instagram", community="help")

    stored = Channel.objects.get(slug="insta")
    assert (stored.name, stored.platform, stored.community.slug) == ("Instagram", "instagram", "help")
    assert Community.objects.get(slug="help").target == Decimal("4.50")


def test_community_of_a_channel_is_never_created_and_may_change():
    CommunityFactory(slug="help")
    CommunityFactory(slug="sales")
    item = {"slug": "insta", "name": "Instagram", "platform": "instagram"}

    result = send("channels", item | {"community": "nowhere"}, {"slug": "x", "name": "x", "platform": "x"})
    assert [codes(outcome) for outcome in result.results] == [
        [("community", "unknown_community")],
        [("community", "required")],
    ]
    send_one("channels", **item, community="help")
    assert send_one("channels", slug="insta", community="sales").status == "updated"


def test_delete_refuses_what_others_need(forum):
    channel = InteractionFactory(channel=forum).channel

    for key, pk in (("channels", channel.pk), ("communities", channel.community_id)):
        with pytest.raises(InUse):
            collections[key].remove(pk, now=NOW)
    empty = ChannelFactory(community=CommunityFactory())
    collections["channels"].remove(empty.pk, now=NOW)
    collections["communities"].remove(empty.community_id, now=NOW)

    assert Channel.objects.filter(pk=channel.pk).exists()
    assert not Channel.objects.filter(pk=empty.pk).exists()
    assert Interaction.objects.exists()
    assert not Cost.objects.exists()
