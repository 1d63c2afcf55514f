"""What people without a name are called, and found by: the handles of their accounts, whoever writes them."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from community.models import Member
from crm.models import Contact
from tests.factories.community import ChannelFactory, MemberFactory
from tests.factories.crm import ContactFactory, EmailFactory
from tests.sending import row_versions, send, send_one

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forum():
    return ChannelFactory(slug="forum")


def called(**search):
    return Contact.objects.values_list("known_as", "search_text").get(**search)


def test_account_that_nobody_named_is_shown_and_found_by_its_handle():
    send_one("members", channel="forum", external_id="u5", handle="Zoë_W")

    contact = Contact.objects.get()
    assert (str(contact), contact.known_as, contact.search_text) == ("Zoë_W", "Zoë_W", "zoe_w")


def test_name_comes_before_handles_and_a_number_comes_last():
    assert str(Contact(pk=7, full_name="Joe Bloggs", known_as="joe")) == "Joe Bloggs"
    assert str(Contact(pk=7)) == "Contact 7"


def test_handle_stands_between_name_and_addresses_in_what_the_search_looks_through():
    joe = EmailFactory(contact=ContactFactory(full_name="Joe Bloggs"), raw="Joe@Example.com").contact

    MemberFactory(contact=joe, handle="JB77")

    assert called(pk=joe.pk) == ("JB77", "joe bloggs\njb77\njoe@example.com")


def test_several_accounts_are_listed_once_each_in_the_order_they_came():
    joe = ContactFactory(full_name="")
    for handle in ("joe", "", "jb", "joe"):
        MemberFactory(contact=joe, handle=handle)

    assert called(pk=joe.pk)[0] == "joe, jb"


def test_at_most_ten_handles_are_kept():
    joe = ContactFactory(full_name="")
    for number in range(12):
        MemberFactory(contact=joe, handle=f"h{number}")

    assert called(pk=joe.pk)[0] == "h0, h1, h2, h3, h4, h5, h6, h7, h8, h9"


def test_change_of_handle_and_end_of_an_account_are_followed():
    joe = ContactFactory(full_name="")
    first, second = (MemberFactory(contact=joe, handle=handle) for handle in ("joe", "jb"))

    send_one("members", channel=first.channel.slug, external_id=first.external_id, handle="joseph")
    assert called(pk=joe.pk) == ("joseph, jb", "joseph, jb")

    second.delete()
    assert called(pk=joe.pk) == ("joseph", "joseph")


def test_account_that_moves_takes_its_handle_along():
    old, new = ContactFactory(full_name=""), ContactFactory(full_name="")
    member = MemberFactory(contact=old, handle="joe")

    Member.objects.filter(pk=member.pk).update(contact=new)

    assert called(pk=old.pk) == ("", "")
    assert called(pk=new.pk) == ("joe", "joe")


def test_person_is_called_by_the_accounts_of_all_their_records_until_the_merge_is_taken_back():
    root, middle, leaf = (ContactFactory(full_name="") for _ in range(3))
    for contact, handle in ((leaf, "leaf"), (middle, "middle")):
        MemberFactory(contact=contact, handle=handle)

    Contact.objects.filter(pk=leaf.pk).update(merged_into=middle)
    assert [called(pk=one.pk)[0] for one in (root, middle, leaf)] == ["", "leaf, middle", "leaf"]

    Contact.objects.filter(pk=middle.pk).update(merged_into=root)
    assert [called(pk=one.pk)[0] for one in (root, middle, leaf)] == ["leaf, middle", "middle", "leaf"]

    MemberFactory(contact=leaf, handle="second")
    assert called(pk=root.pk)[0] == "leaf, middle, second"

    Contact.objects.filter(pk=middle.pk).update(merged_into=None)
    assert [called(pk=one.pk)[0] for one in (root, middle, leaf)] == [
        "",
        "leaf, middle, second",
        "leaf, second",
    ]


def test_shell_that_is_merged_leads_to_a_survivor_called_by_its_account():
    send_one("members", channel="forum", external_id="u5", handle="joe")

    send_one("members", channel="forum", external_id="u5", contact={"source": "shop", "external_id": "c1"})

    assert str(Contact.objects.get(refs__external_id="c1")) == "joe"


def test_batch_that_is_sent_again_writes_nothing():
    items = [{"channel": "forum", "external_id": f"u{n}", "handle": f"h{n}"} for n in range(3)]
    send("members", *items)
    before = row_versions()

    send("members", *items)

    assert row_versions() == before


def test_contact_that_is_sent_again_keeps_what_it_is_called_by():
    contact = {"source": "shop", "external_id": "c1"}
    send_one("contacts", **contact)
    send_one("members", channel="forum", external_id="u5", handle="joe", contact=contact)

    send_one("contacts", **contact, full_name="Joe Bloggs")

    assert called() == ("joe", "joe bloggs\njoe")


def test_history_does_not_count_what_somebody_is_called_by():
    contact = ContactFactory(full_name="")

    MemberFactory(contact=contact, handle="joe")

    labels = Contact.pgh_event_model.objects.filter(pgh_obj_id=contact.pk).values_list("pgh_label", flat=True)
    assert list(labels) == ["insert"]


@pytest.mark.django_db(transaction=True)
def test_migration_calls_everybody_as_the_triggers_do():
    root, leaf = ContactFactory(full_name="Joe"), ContactFactory(full_name="")
    for contact, handle in ((leaf, "leaf"), (root, "root"), (leaf, "")):
        MemberFactory(contact=contact, handle=handle)
    Contact.objects.filter(pk=leaf.pk).update(merged_into=root)
    kept = list(Contact.objects.order_by("pk").values_list("known_as", "search_text"))
    Contact.objects.update(known_as="", search_text="")

    migration = MigrationExecutor(connection).loader.get_migration("community", "0007_names_of_the_nameless")
    with connection.cursor() as cursor:
        cursor.execute(migration.operations[0].sql)

    assert kept == [("leaf, root", "joe\nleaf, root"), ("leaf", "leaf")]
    assert list(Contact.objects.order_by("pk").values_list("known_as", "search_text")) == kept
