"""Conversions, refunds and campaigns through the batch."""

import datetime as dt
from decimal import Decimal

import pytest

from crm.models import Campaign, Contact, ContactRef, Conversion
from crm.voiding import AlreadyVoided, voiding
from gateway.batches import InUse, NotFound
from gateway.collections import collections
from metrics.models import StaleMark
from metrics.recompute import recompute_all
from tests.factories.community import CostFactory, UserFactory
from tests.factories.crm import CampaignFactory
from tests.sending import NOW, codes, send, send_one, statuses

pytestmark = pytest.mark.django_db

NOON = "2026-03-20T12:00:00Z"
C1 = {"source": "shop", "external_id": "c1"}


def order(external_id="o1", **fields):
    return {"source": "shop", "external_id": external_id, "kind": "purchase", "occurred_at": NOON, **fields}


def refund(external_id="r1", **fields):
    original = {"source": "shop", "external_id": "o1"}
    return {"source": "shop", "external_id": external_id, "refund_of": original, "occurred_at": NOON, **fields}


def test_every_field_is_stored():
    send_one(
        "conversions",
        **order(
            contact=C1, amount="40.00", currency="EUR", order_number="A-1", utm_campaign="spring", utm_source="ads"
        ),
    )

    stored = Conversion.objects.get()
    assert (stored.amount, stored.currency, stored.kind_id) == (Decimal("40.00"), "EUR", "purchase")
    assert stored.occurred_at == dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
    assert (stored.order_number, stored.utm_campaign, stored.utm_source) == ("A-1", "spring", "ads")
    assert list(stored.contact.refs.values_list("source", "external_id")) == [("shop", "c1")]


def test_contact_named_by_a_conversion_is_the_contact_that_arrives_later():
    send_one("conversions", **order(contact=C1))
    created = send_one("contacts", **C1, full_name="Joe")

    assert created.status == "updated"
    assert Conversion.objects.get().contact_id == created.id
    assert Contact.objects.get().stage == "lead"


def test_guest_order_and_conversion_without_value():
    send("conversions", order("o1", contact=None, amount="1", currency="EUR"), order("o2", kind="sign_up"))

    assert list(Conversion.objects.order_by("external_id").values_list("contact", "amount", "currency")) == [
        (None, Decimal(1), "EUR"),
        (None, Decimal(0), None),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "purchas"}, ("kind", "unknown_kind")),
        ({"amount": "1.005", "currency": "EUR"}, ("amount", "amount_too_fine")),
        ({"amount": "1.5", "currency": "JPY"}, ("amount", "amount_too_fine")),
        ({"amount": "5497558138.88", "currency": "EUR"}, ("amount", "amount_too_large")),
        ({"amount": "-1", "currency": "EUR"}, ("amount", "out_of_range")),
        ({"amount": 1.5, "currency": "EUR"}, ("amount", "binary_fraction")),
        ({"amount": "1", "currency": "eur"}, ("currency", "unknown_currency")),
        ({"amount": "1"}, ("currency", "required")),
        ({"margin": "1.005", "currency": "EUR"}, ("margin", "amount_too_fine")),
        ({"amount": "9", "margin": "9.01", "currency": "EUR"}, ("amount", "crm_conversion_margin_within_amount")),
        ({"occurred_at": "2026-03-20T12:00:00"}, ("occurred_at", "naive_time")),
        ({"occurred_on": "2026-03-20"}, ("occurred_on", "two_times")),
        ({"refund_of": {"source": "shop", "external_id": "o0"}}, ("kind", "refund")),
        ({"kind": None}, ("kind", "required")),
    ],
)
def test_wrong_conversion_is_refused(fields, expected):
    result = send("conversions", order("bad", **fields), order("good"))

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [expected]


@pytest.mark.parametrize(
    ("currency", "amount"), [("EUR", "5497558138.87"), ("JPY", "549755813887"), ("KWD", "549755813.887")]
)
def test_largest_amount_of_each_kind_of_currency(currency, amount):
    send_one("conversions", **order(amount=amount, currency=currency))

    assert Conversion.objects.get().amount == Decimal(amount)


def test_margin_is_kept_as_given_and_moves_no_figure():
    sold = order(amount="40.00", currency="EUR")
    send_one("conversions", **sold, margin="12.50")
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))

    assert statuses(send("conversions", {**sold, "margin": "12.50"})) == ["unchanged"]
    send_one("conversions", source="shop", external_id="o1", margin="-3.20")

    assert Conversion.objects.get().margin == Decimal("-3.20")
    assert not StaleMark.objects.exists()
    send_one("conversions", source="shop", external_id="o1", margin=None)
    assert Conversion.objects.get().margin is None


def test_changed_amount_is_checked_against_the_stored_currency():
    send_one("conversions", **order(amount="40.00", currency="EUR"))

    [outcome] = send("conversions", {"source": "shop", "external_id": "o1", "amount": "40.001"}).results

    assert codes(outcome) == [("amount", "crm_conversion_amount_whole_minor_units")]
    assert Conversion.objects.get().amount == Decimal("40.00")


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2026-01-15", dt.datetime(2026, 1, 15, 23, 59, 59, 999999, tzinfo=dt.UTC)),
        ("2026-03-29", dt.datetime(2026, 3, 29, 22, 59, 59, 999999, tzinfo=dt.UTC)),  # London springs forward
        ("2026-10-25", dt.datetime(2026, 10, 25, 23, 59, 59, 999999, tzinfo=dt.UTC)),  # and falls back
    ],
)
def test_conversion_of_which_only_the_day_is_known_stands_at_its_last_microsecond(day, instant):
    send_one("conversions", source="shop", external_id="o1", kind="purchase", occurred_on=day)

    assert Conversion.objects.get().occurred_at == instant


def test_refund_may_come_before_its_original():
    result = send("conversions", refund(amount="10.00"), order(amount="40.00", currency="EUR", contact=C1))

    assert statuses(result) == ["created", "created"]
    stored = Conversion.objects.get(external_id="r1")
    assert (stored.refund_of_source, stored.refund_of_external_id) == ("shop", "o1")
    assert (stored.contact_id, stored.kind_id, stored.currency, stored.amount) == (None, None, None, Decimal(10))


def test_refund_needs_an_amount_and_takes_nothing_that_its_original_has():
    result = send("conversions", refund("r1"), refund("r2", amount="1", contact=C1))

    assert [codes(outcome) for outcome in result.results] == [[("amount", "required")], [("contact", "refund")]]


def test_refund_in_fils_may_name_its_currency():
    send_one("conversions", **refund(amount="1.005", currency="KWD"))

    assert Conversion.objects.get().amount == Decimal("1.005")


def test_refund_finer_than_the_currency_of_its_original_is_refused_in_the_same_batch_and_later():
    yen = order(amount="1000", currency="JPY")
    half, whole = refund("r1", amount="10.50"), refund("r2", amount="10", margin="2")

    together = send("conversions", half, yen, whole)
    later = send("conversions", half, refund("r3", amount="10", margin="0.5"))

    assert statuses(together) == ["failed", "created", "created"]
    assert codes(together.results[0]) == [("amount", "amount_too_fine")]
    assert [codes(outcome) for outcome in later.results] == [
        [("amount", "amount_too_fine")],
        [("margin", "amount_too_fine")],
    ]


def test_part_of_a_refund_is_held_to_its_original_too():
    send("conversions", order(amount="1000", currency="JPY"), order("o2", amount="1.50", currency="EUR"))
    yen = send_one("conversions", **refund("r1", amount="10")).id
    cents = refund("r2", amount="0.50") | {"refund_of": {"source": "shop", "external_id": "o2"}}
    send_one("conversions", **cents)
    part = {"source": "shop", "external_id": "r1", "amount": "10.50"}
    moved = {"source": "shop", "external_id": "r2", "refund_of": {"source": "shop", "external_id": "o1"}}

    assert codes(send("conversions", part).results[0]) == [("amount", "amount_too_fine")]
    assert codes(send("conversions", moved).results[0]) == [("amount", "amount_too_fine")]
    assert codes(collections["conversions"].patch(yen, {"amount": "10.50"}, now=NOW)) == [("amount", "amount_too_fine")]
    assert codes(collections["conversions"].patch(yen, {"currency": "EUR"}, now=NOW)) == [("currency", "refund")]
    assert send_one("conversions", **part | {"amount": "11"}).status == "updated"
    assert send_one("conversions", source="shop", external_id="o2", amount="1.25").status == "updated"


def test_refund_of_three_decimals_takes_the_currency_from_its_original():
    dinars = order(amount="10.000", currency="KWD")
    back = refund("r1", amount="1.234")

    early = send("conversions", back).results[0]
    together = send("conversions", dinars, back, refund("r2", amount="1"))

    assert codes(early) == [("currency", "required")]
    assert statuses(together) == ["created"] * 3
    assert statuses(send("conversions", back)) == ["unchanged"]
    stored = Conversion.objects.exclude(refund_of_source=None).order_by("external_id")
    assert list(stored.values_list("amount", "currency")) == [(Decimal("1.234"), "KWD"), (Decimal(1), None)]


def test_original_that_comes_after_a_finer_refund_is_taken_and_the_refund_refused_when_it_comes_again():
    first = refund(amount="10.50")
    send_one("conversions", **first)

    assert send_one("conversions", **order(amount="1000", currency="JPY")).status == "created"

    assert codes(send("conversions", first).results[0]) == [("amount", "amount_too_fine")]
    assert send_one("conversions", **first | {"amount": "11"}).status == "updated"


def test_refund_in_another_currency_than_its_original_is_refused():
    send_one("conversions", **order(amount="40.00", currency="EUR"))

    result = send("conversions", refund("r1", amount="1", currency="USD"), refund("r2", amount="1", currency="EUR"))

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [("currency", "refund")]


def test_failed_conversion_creates_no_contact():
    send("conversions", order(kind="nonsense", contact=C1))

    assert not ContactRef.objects.exists()


# --- voiding ---


def test_voided_conversion_stays_as_it_is():
    pk = send_one("conversions", **order(amount="40.00", currency="EUR")).id
    voiding.one(pk, reason="test order", now=NOW)

    same, other = (send("conversions", order(amount=amount, currency="EUR")) for amount in ("40.00", "41.00"))

    assert statuses(same) == ["unchanged"]
    assert codes(other.results[0]) == [("", "voided")]
    assert "Restore it, or" in other.results[0].errors[0].message
    assert Conversion.objects.values_list("amount", "voided_at", "void_reason").get() == (
        Decimal(40),
        NOW,
        "test order",
    )


def test_delete_voids_and_a_second_time_refuses():
    pk = send_one("conversions", **order()).id

    collections["conversions"].remove(pk, now=NOW)
    with pytest.raises(AlreadyVoided):
        collections["conversions"].remove(pk, now=NOW)
    with pytest.raises(NotFound):
        voiding.one(pk + 1, reason="x", now=NOW)

    assert Conversion.objects.get().voided_at == NOW


# --- campaigns ---


def test_campaign_is_known_by_its_code_without_regard_to_case():
    first = send_one("campaigns", code="Spring", name="Spring course", budget="500.00", currency="EUR")
    second = send_one("campaigns", code="SPRING", objective="Fill the course")

    assert (second.status, second.id) == ("updated", first.id)
    assert Campaign.objects.values_list("code", "name", "objective").get() == (
        "Spring", "Spring course", "Fill the course",
    )  # fmt: skip


def test_parent_is_created_unconfirmed_and_confirmed_when_it_arrives():
    send_one("campaigns", code="spring", parent="Year")
    assert Campaign.objects.get(code="Year").status == "unconfirmed"

    send_one("campaigns", code="year", name="The year")
    assert Campaign.objects.get(code="Year").status == "planned"
    assert Campaign.objects.get(code="spring").parent.name == "The year"


def test_campaigns_that_stand_below_each_other_are_refused_beside_the_parent():
    send("campaigns", {"code": "year"}, {"code": "spring", "parent": "year"}, {"code": "may", "parent": "spring"})

    alone = send("campaigns", {"code": "YEAR", "parent": "may", "name": "The year"})
    at_once = send(
        "campaigns", {"code": "a", "parent": "b"}, {"code": "b", "parent": "a"}, {"code": "c", "parent": "b"}
    )

    assert codes(alone.results[0]) == [("parent", "crm_campaign_not_its_own_parent")]
    assert alone.results[0].errors[0].message == "A campaign cannot be its own parent, nor stand below itself."
    assert Campaign.objects.get(code="year").name == ""
    refused = [codes(outcome) for outcome in at_once.results]
    assert sorted(refused) == [[], [], [("parent", "crm_campaign_not_its_own_parent")]]
    assert Campaign.objects.get(code="c").parent.code == "b"


def test_campaign_names_owner_and_days():
    UserFactory(username="ana")
    result = send(
        "campaigns",
        {"code": "a", "owner": "ana", "starts_on": "2026-03-01", "ends_on": "2026-03-31", "is_pilot": True},
        {"code": "b", "owner": "bob"},
        {"code": "c", "starts_on": "2026-03-02", "ends_on": "2026-03-01"},
        {"code": "d", "parent": "D"},
    )

    assert [codes(outcome) for outcome in result.results] == [
        [],
        [("owner", "unknown_user")],
        [("ends_on", "ends_before_start")],
        [("parent", "crm_campaign_not_its_own_parent")],
    ]
    stored = Campaign.objects.get(code="a")
    assert (stored.owner.username, stored.starts_on, stored.ends_on, stored.is_pilot) == (
        "ana", dt.date(2026, 3, 1), dt.date(2026, 3, 31), True,
    )  # fmt: skip


def test_delete_refuses_a_campaign_in_use():
    used = CostFactory(campaign=CampaignFactory()).campaign

    with pytest.raises(InUse):
        collections["campaigns"].remove(used.pk, now=NOW)
    collections["campaigns"].remove(CampaignFactory().pk, now=NOW)

    assert Campaign.objects.get() == used
