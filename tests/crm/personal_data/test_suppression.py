"""What belonged to erased people does not come back; what others say of their facts still finds them."""

import datetime as dt
import hashlib
import hmac

import pytest

from community.models import Interaction, Member, Thread
from crm.models import Contact, Conversion, Erasure, Suppression
from crm.personal_data.erasing import erase_person
from crm.personal_data.suppression import digest_of, erased_names
from gateway.batches import upsert
from gateway.collections import collections
from tests.factories.community import ChannelFactory, InteractionFactory, MemberFactory, ThreadFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def joe(kept):
    """Joe, who wrote p9 in the thread t1 and bought o1, and was erased; Mia answered him."""
    channel = ChannelFactory(slug="forum")
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1")
    EmailFactory(contact=joe, raw="Joe@example.com", normalised="joe@example.com")
    account = MemberFactory(channel=channel, external_id="u5", handle="joe", contact=joe)
    thread = ThreadFactory(channel=channel, external_id="t1", title="Joe asks", opened_by=account)
    asked = InteractionFactory(channel=channel, external_id="p9", member=account, thread=thread, text="I am Joe")
    mia = MemberFactory(channel=channel, external_id="u7", handle="mia")
    InteractionFactory(
        channel=channel, external_id="p10", member=mia, kind="answer", thread=thread, reply_to=asked, text="Use it."
    )
    ConversionFactory(contact=joe, external_id="o1")
    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    return joe.pk


@pytest.fixture
def erased(db, joe):
    """His number, once he was erased."""
    return joe


def send(collection: str, **item: object):
    return upsert(collection=collection, items=[item], now=NOW).results[0]


def codes(outcome) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in outcome.errors]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"source": "shop", "external_id": "c1", "full_name": "Joe"}, "external_id"),
        ({"source": "crm", "external_id": "x", "refs": [{"source": "shop", "external_id": "c1"}]}, "refs"),
        ({"source": "crm", "external_id": "x", "email": "JOE@example.com"}, "email"),
        ({"source": "crm", "external_id": "x", "emails": ["a@example.com", "joe@example.com"]}, "emails"),
    ],
)
def test_contacts_of_erased_people_are_refused(erased, item, field):
    before = Contact.objects.count()

    outcome = send("contacts", **item)

    assert codes(outcome) == [(field, "erased")]
    assert "erased and may not come back" in outcome.errors[0].message
    assert Contact.objects.count() == before


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"external_id": "u5", "handle": "new"}, "external_id"),
        ({"external_id": "u6", "handle": "JOE"}, "handle"),
        ({"external_id": "u7", "contact": {"source": "shop", "external_id": "c1"}}, "contact"),
    ],
)
def test_accounts_of_erased_people_are_refused(erased, item, field):
    assert codes(send("members", channel="forum", **item)) == [(field, "erased")]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"external_id": "p9", "text": "I am Joe"}, "external_id"),
        ({"external_id": "p11", "member": "u5"}, "member"),
        ({"external_id": "p12", "member": "u7", "to": "u5"}, "to"),
        ({"external_id": "p13", "to": {"source": "shop", "external_id": "c1"}}, "to"),
    ],
)
def test_interactions_by_and_to_erased_people_are_refused(erased, item, field):
    before = Interaction.objects.count()

    outcome = send("interactions", channel="forum", kind="comment", occurred_at="2026-06-01T09:00:00Z", **item)

    assert codes(outcome) == [(field, "erased")]
    assert Interaction.objects.count() == before


def test_threads_help_and_a_pseudonym_itself_are_refused(erased):
    assert codes(send("threads", channel="forum", external_id="t1", title="Joe")) == [("external_id", "erased")]
    assert codes(send("threads", channel="forum", external_id="t2", opened_by="u5")) == [("opened_by", "erased")]
    helped = {"contact": {"source": "shop", "external_id": "c1"}, "occurred_at": "2026-06-01T09:00:00Z"}
    outcome = send("help-records", channel="forum", external_id="h1", helper={"member": "u7"}, **helped)
    assert codes(outcome) == [("contact", "erased")]
    known_as = Member.objects.get(contact=erased).external_id
    assert known_as.startswith("erased-")
    assert codes(send("members", channel="forum", external_id=known_as)) == [("external_id", "erased")]


def test_notes_and_follow_ups_about_erased_people_are_refused(erased):
    about = {"contact": {"source": "shop", "external_id": "c1"}, "source": "desk", "external_id": "n1"}
    before = Contact.objects.count()

    note = send("notes", **about, text="Call Joe", written_at="2026-06-01T09:00:00Z")
    plan = send("follow-ups", **about, what="Call Joe", due_on="2026-06-02", recorded_at="2026-06-01T09:00:00Z")

    assert codes(note) == codes(plan) == [("contact", "erased")]
    assert Contact.objects.count() == before


def test_what_others_say_of_their_facts_finds_them(erased):
    before = list(Interaction.objects.order_by("pk").values_list("pk", "reply_to", "thread"))

    again = send(
        "interactions",
        channel="forum",
        external_id="p10",
        member="u7",
        kind="answer",
        occurred_at="2026-03-02T09:00:00Z",
        thread="t1",
        reply_to="p9",
        text="Use it.",
    )

    assert again.status == "unchanged"
    assert list(Interaction.objects.order_by("pk").values_list("pk", "reply_to", "thread")) == before
    assert Thread.objects.count() == 1


def test_later_conversions_are_taken_without_a_contact_and_refunds_find_their_original(erased):
    contact = {"source": "shop", "external_id": "c1"}
    fact = {"source": "shop", "kind": "purchase", "occurred_at": "2026-06-01T09:00:00Z", "amount": "5.00"}

    later = send("conversions", external_id="o2", contact=contact, currency="EUR", **fact)
    again = send("conversions", external_id="o1", contact=contact, currency="EUR", **fact)
    refund = send(
        "conversions",
        source="shop",
        external_id="r1",
        refund_of={"source": "shop", "external_id": "o1"},
        occurred_at="2026-06-01T09:00:00Z",
        amount="5.00",
    )

    assert later.status == "created"
    assert Conversion.objects.get(pk=later.id).contact_id is None
    assert codes(again) == [("external_id", "erased")]
    assert refund.status == "created"
    original = Conversion.objects.get(contact=erased)
    assert Conversion.objects.get(pk=refund.id).refund_of_external_id == original.external_id


def test_rewards_are_taken_without_a_contact(erased):
    outcome = send(
        "costs",
        source="ads",
        external_id="a1",
        category="rewards",
        amount="5.00",
        currency="EUR",
        starts_on="2026-06-01",
        ends_on="2026-06-01",
        contact={"source": "shop", "external_id": "c1"},
    )

    assert outcome.status == "created"


def test_an_address_that_somebody_else_has_is_not_suppressed(db):
    joe, mary = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Mary Bloggs", ref="m1")
    for contact in (joe, mary):
        EmailFactory(contact=contact, raw="home@example.com")

    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")

    assert send("contacts", source="shop", external_id="m1", email="home@example.com").status == "unchanged"
    assert mary.points.count() == 1


def test_a_contact_that_was_erased_cannot_be_changed_by_its_id(erased):
    outcome = collections["contacts"].patch(erased, {"full_name": "Joe"}, now=NOW)

    assert codes(outcome) == [("", "erased")]
    assert Contact.objects.get(pk=erased).full_name == f"Erased person {erased}"


def test_an_older_key_still_finds_what_it_made(erased, settings):
    old = settings.KITH_SUPPRESSION_KEYS[0]
    settings.KITH_SUPPRESSION_KEYS = ["a new key that is long enough to be one", old]

    assert list(erased_names([("contact", "shop", "c1")])) == [("contact", "shop", "c1")]
    settings.KITH_SUPPRESSION_KEYS = ["a new key that is long enough to be one"]
    assert erased_names([("contact", "shop", "c1")]) == {}


def test_hashes_tell_nothing_and_differ_by_space():
    expected = hmac.new(b"k", b"address\x1fjoe@example.com", hashlib.sha256).digest()

    assert digest_of(("address", "joe@example.com"), key="k") == expected
    assert digest_of(("handle", 1, "Joe"), key="k") == digest_of(("handle", 1, "joe"), key="k")
    assert digest_of(("member", 1, "Joe"), key="k") != digest_of(("member", 1, "joe"), key="k")


def test_the_suppression_holds_no_name(erased):
    held = b"".join(bytes(digest) for digest in Suppression.objects.values_list("digest", flat=True))

    assert Suppression.objects.count() >= 7
    assert b"joe" not in held.lower()
