"""Costs through the batch: spans of days, labour, and replacing instead of editing."""

import datetime as dt
from decimal import Decimal

import pytest
from psycopg.types.range import DateRange

from community import costs
from community.models import Cost
from crm.models import Campaign
from crm.voiding import AlreadyVoided
from gateway.batches import NotFound
from gateway.collections import collections
from gateway.taking_out import NothingToRestore
from metrics.models import StaleMark
from tests.factories.community import ChannelFactory, CommunityFactory, CostFactory
from tests.sending import NOW, codes, send, send_one, statuses

pytestmark = pytest.mark.django_db


def cost(external_id="a1", **fields):
    return {
        "source": "ads",
        "external_id": external_id,
        "category": "advertising",
        "amount": "100.00",
        "currency": "EUR",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
        **fields,
    }


def test_every_field_is_stored_and_the_last_day_is_inclusive():
    ChannelFactory(slug="insta", community=CommunityFactory(slug="help"))

    send_one(
        "costs",
        **cost(
            description="Ads in March",
            purpose="acquisition",
            delivery="agency",
            campaign="spring",
            channel="insta",
            community="help",
            contact={"source": "shop", "external_id": "c1"},
            sharing="touches",
        ),
    )

    stored = Cost.objects.get()
    assert stored.days == DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    assert (stored.amount, stored.currency, stored.category) == (Decimal(100), "EUR", "advertising")
    assert (stored.description, stored.purpose, stored.delivery) == ("Ads in March", "acquisition", "agency")
    assert (stored.campaign.code, stored.channel.slug, stored.community.slug) == ("spring", "insta", "help")
    assert (stored.contact.refs.get().external_id, stored.sharing) == ("c1", "touches")
    assert Campaign.objects.get().status == "unconfirmed"


def test_changed_cost_is_voided_and_replaced():
    old = send_one("costs", **cost(description="Ads")).id

    outcome = send_one("costs", source="ads", external_id="a1", amount="120.00")

    before, after = Cost.objects.order_by("id")
    assert (outcome.status, outcome.id, before.pk) == ("updated", after.pk, old)
    assert (before.amount, before.voided_at, before.void_reason, before.replaced_by) == (
        Decimal(100), NOW, "replaced", after,
    )  # fmt: skip
    assert (after.amount, after.description, after.voided_at, after.days) == (Decimal(120), "Ads", None, before.days)


def test_replaced_cost_may_be_replaced_again():
    for amount in ("1.00", "2.00", "3.00"):
        send_one("costs", **cost(amount=amount))

    assert list(Cost.objects.standing().values_list("amount", flat=True)) == [Decimal(3)]
    assert Cost.objects.count() == 3
    assert send_one("costs", **cost(amount="3.00")).status == "unchanged"


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ({"ends_on": "2026-03-02"}, (dt.date(2026, 3, 1), dt.date(2026, 3, 3))),
        ({"starts_on": "2026-03-31"}, (dt.date(2026, 3, 31), dt.date(2026, 4, 1))),
    ],
)
def test_one_end_of_the_span_may_change(change, days):
    send_one("costs", **cost())

    send_one("costs", source="ads", external_id="a1", **change)

    assert Cost.objects.standing().get().days == DateRange(*days)


def test_amount_of_labour_follows_from_hours_and_rate():
    labour = {"source": "hr", "external_id": "w1", "category": "staffing", "currency": "EUR"}
    labour |= {"starts_on": "2026-03-01", "ends_on": "2026-03-07", "hours": "2.25", "hourly_rate": "10.50"}

    send_one("costs", **labour)
    assert Cost.objects.get().amount == Decimal("23.63")  # 23.625, half up

    send_one("costs", source="hr", external_id="w1", hours="4")
    assert Cost.objects.standing().get().amount == Decimal("42.00")

    send_one("costs", source="hr", external_id="w1", description="same hours")
    assert Cost.objects.standing().get().amount == Decimal("42.00")


def test_an_hour_costs_as_many_decimals_as_a_currency_may_have():
    labour = {"source": "hr", "external_id": "w1", "category": "staffing", "currency": "KWD"}

    send_one("costs", **labour, starts_on="2026-03-01", ends_on="2026-03-07", hours="2.25", hourly_rate="12.345")

    cost = Cost.objects.get()
    assert (cost.hourly_rate, cost.amount) == (Decimal("12.345"), Decimal("27.776"))  # 27.77625
    [too_fine] = send("costs", {**labour, "hourly_rate": "12.3451"}).results
    assert codes(too_fine) == [("hourly_rate", "too_fine")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ends_on": "2026-02-28"}, ("ends_on", "ends_before_start")),
        ({"ends_on": "2037-03-01"}, ("ends_on", "community_cost_days_at_most_ten_years")),
        ({"amount": "100.001"}, ("amount", "amount_too_fine")),
        ({"amount": "-1"}, ("amount", "out_of_range")),
        ({"hours": "0"}, ("hours", "out_of_range")),
        ({"hourly_rate": "10"}, ("hourly_rate", "community_cost_rate_needs_hours")),
        ({"channel": "nowhere"}, ("channel", "unknown_channel")),
        ({"community": "nowhere"}, ("community", "unknown_community")),
        ({"category": "bribes"}, ("category", "unknown_choice")),
        ({"sharing": None}, ("sharing", "null")),
    ],
)
def test_wrong_cost_is_refused(fields, expected):
    result = send("costs", cost("bad", **fields), cost("good"))

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [expected]


@pytest.mark.parametrize("missing", ["category", "amount", "currency", "starts_on", "ends_on"])
def test_new_cost_needs_its_substance(missing):
    item = cost()
    del item[missing]

    assert codes(send("costs", item).results[0]) == [(missing, "required")]


def test_change_that_makes_no_sense_with_what_is_stored_is_refused():
    send_one("costs", **cost())

    [outcome] = send("costs", {"source": "ads", "external_id": "a1", "starts_on": "2026-04-01"}).results

    assert codes(outcome) == [("ends_on", "ends_before_start")]
    assert Cost.objects.get().voided_at is None


def test_voided_cost_stays_as_it_is():
    pk = send_one("costs", **cost()).id
    costs.voiding.one(pk, reason="booked twice", now=NOW)

    assert statuses(send("costs", cost())) == ["unchanged"]
    [other] = send("costs", cost(amount="1.00")).results
    assert codes(other) == [("", "voided")]
    assert "Restore it, or" in other.errors[0].message
    with pytest.raises(AlreadyVoided):
        costs.voiding.one(pk, reason="again", now=NOW)
    with pytest.raises(NotFound):
        costs.voiding.one(pk + 1, reason="x", now=NOW)
    assert Cost.objects.values_list("voided_at", "void_reason").get() == (NOW, "booked twice")


def test_restored_cost_counts_again_and_follows_its_source():
    pk = send_one("costs", **cost()).id
    costs.voiding.one(pk, reason="booked twice", now=NOW)

    costs.restoring.one(pk, reason="booked once", now=NOW)

    assert Cost.objects.values_list("voided_at", "void_reason").get() == (None, "")
    assert send_one("costs", **cost(amount="1.00")).status == "updated"
    with pytest.raises(NothingToRestore):
        costs.restoring.one(Cost.objects.standing().get().pk, reason="again", now=NOW)
    with pytest.raises(NotFound):
        costs.restoring.one(pk + 100, reason="x", now=NOW)


def test_former_id_of_a_cost_names_the_one_that_stands_in_its_place():
    first, second, newest = (send_one("costs", **cost(amount=amount)).id for amount in ("1.00", "2.00", "3.00"))
    collection = collections["costs"]

    for former in (first, second):
        for act in (costs.voiding.one, costs.restoring.one):
            with pytest.raises(costs.AlreadyReplaced, match=f"replaced by {newest}:"):
                act(former, reason="x", now=NOW)
        with pytest.raises(costs.AlreadyReplaced):
            collection.remove(former, now=NOW)
        for amount in ("9.00", "1.00", "2.00"):
            refused = collection.patch(former, {"amount": amount}, now=NOW)
            assert codes(refused) == [("", "replaced")]
            assert f"replaced by {newest}:" in refused.errors[0].message

    assert list(Cost.objects.standing().values_list("pk", "amount")) == [(newest, Decimal(3))]
    costs.voiding.one(newest, reason="all of it", now=NOW)
    with pytest.raises(costs.AlreadyReplaced):
        costs.restoring.one(second, reason="x", now=NOW)
    costs.restoring.one(newest, reason="a mistake", now=NOW)
    assert Cost.objects.standing().get().pk == newest


def test_older_item_of_the_source_is_stale():
    send_one("costs", **cost(source_updated_at="2026-03-02T00:00:00Z"))

    outcome = send_one("costs", **cost(amount="1.00", source_updated_at="2026-03-01T00:00:00Z"))

    assert (outcome.status, outcome.stale) == ("unchanged", True)


def test_what_was_said_again_is_newer_than_what_was_said_between():
    """100 on the 1st and again on the 5th; the 90 of the 3rd arrives late and is not what stands."""
    first = send_one("costs", **cost(source_updated_at="2026-03-01T00:00:00Z"))
    StaleMark.objects.all().delete()

    again = [send_one("costs", **cost(source_updated_at="2026-03-05T00:00:00Z")) for _ in range(2)]
    late = send_one("costs", **cost(amount="90.00", source_updated_at="2026-03-03T00:00:00Z"))

    assert [(one.status, one.id, one.stale) for one in (*again, late)] == [
        ("updated", first.id, False),
        ("unchanged", first.id, False),
        ("unchanged", first.id, True),
    ]
    stored = Cost.objects.get()
    assert (stored.amount, stored.source_updated_at) == (Decimal(100), dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
    assert not StaleMark.objects.exists()  # no figure changes by it


def test_what_is_changed_without_a_time_of_the_source_keeps_the_one_before():
    """Staff mend the amount; what the source had said before it last spoke is no news afterwards either."""
    first = send_one("costs", **cost(source_updated_at="2026-03-05T00:00:00Z"))
    patched = collections["costs"].patch(first.id, {"amount": "80.00"}, now=NOW)

    late = send_one("costs", **cost(amount="90.00", source_updated_at="2026-03-01T00:00:00Z"))

    assert (patched.status, late.status, late.stale) == ("updated", "unchanged", True)
    assert Cost.objects.standing().get().amount == Decimal(80)


def test_patch_of_a_cost_answers_with_its_replacement_also_without_reference():
    pk = CostFactory(source=None, external_id=None).pk

    outcome = collections["costs"].patch(pk, {"amount": "50.00"}, now=NOW)

    assert outcome.status == "updated"
    assert Cost.objects.get(pk=pk).replaced_by_id == outcome.id
    assert Cost.objects.values_list("source", "external_id", "amount").get(pk=outcome.id) == (None, None, Decimal(50))


def test_delete_voids():
    pk = CostFactory().pk

    collections["costs"].remove(pk, now=NOW)

    assert Cost.objects.values_list("voided_at", "void_reason").get() == (NOW, "deleted")
