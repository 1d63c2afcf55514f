"""ROI by campaign, channel, community, person and month, on a small world worked by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from psycopg.types.range import DateRange

from metrics.reports import RoiQuery, roi_report
from tests.factories.community import (
    ChannelFactory,
    CommunityFactory,
    CostFactory,
    MemberFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.metrics.ledger import add_cost_days, add_credit, add_result, roll_up

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def D(text):  # noqa: N802 - reads as a literal
    return Decimal(text)


def report(scope, **options):
    return roi_report(RoiQuery(scope=scope, now=NOW, **options))


def by_code(found):
    return {row.code: row for row in found.rows}


def by_key(found):
    return {row.key: row for row in found.rows}


def amounts(first, last, linear, position, decay):
    return {
        "first_touch": first,
        "last_touch": last,
        "linear": linear,
        "position_based": position,
        "time_decay": decay,
    }


@pytest.fixture
def world(db):
    """
    One purchase of 100.00 with four touches, a part of it refunded, and beside it a guest order, a
    staff purchase and a purchase that nothing touched.

    The four touches of Joe's purchase: a click of spring, an answer by Ada on the forum (help), an
    answer by Ada again (help, in spring), and a word of staff on the phone (help).
    """
    w = SimpleNamespace()
    w.school = CommunityFactory(slug="school", purpose="Every question gets an answer", target=D("2"))
    w.fans = CommunityFactory(slug="fans")
    w.forum = ChannelFactory(slug="forum", community=w.school)
    w.phone = ChannelFactory(slug="phone", community=w.school)
    w.insta = ChannelFactory(slug="insta", community=w.fans)
    w.spring = CampaignFactory(code="spring", name="Spring course")
    w.pilot = CampaignFactory(code="pilot")
    w.joe = ContactFactory(full_name="Joe Bloggs")
    w.ada = ContactFactory(full_name="Ada")
    w.joe_account = MemberFactory(channel=w.forum, handle="joe", contact=w.joe)
    w.ada_account = MemberFactory(channel=w.forum, handle="ada", contact=w.ada)

    bought = add_result(date(2026, 3, 20), 10000, person=w.joe, touches=4, is_help_touched=True)
    add_credit(
        bought,
        1,
        amounts(10000, 0, 2500, 4000, 625),
        campaign=w.spring,
        channel=w.insta,
        actor_kind="self",
        decay_weight=1,
        decay_total=16,
    )
    add_credit(
        bought,
        2,
        amounts(0, 0, 2500, 1000, 1250),
        channel=w.forum,
        actor_member=w.ada_account,
        is_help=True,
        decay_weight=2,
        decay_total=16,
    )
    add_credit(
        bought,
        3,
        amounts(0, 0, 2500, 1000, 3125),
        channel=w.forum,
        actor_member=w.ada_account,
        is_help=True,
        campaign=w.spring,
        decay_weight=5,
        decay_total=16,
    )
    add_credit(
        bought,
        4,
        amounts(0, 10000, 2500, 4000, 5000),
        channel=w.phone,
        actor_kind="staff",
        is_help=True,
        decay_weight=8,
        decay_total=16,
    )
    # 20.00 given back in April: every row of the ledger is reversed by a fifth.
    back = add_result(date(2026, 4, 2), -2000, person=w.joe, touches=4, is_help_touched=True, is_refund=True)
    add_credit(back, 1, amounts(-2000, 0, -500, -800, -125), campaign=w.spring, channel=w.insta, actor_kind="self")
    add_credit(back, 2, amounts(0, 0, -500, -200, -250), channel=w.forum, actor_member=w.ada_account, is_help=True)
    add_credit(
        back,
        3,
        amounts(0, 0, -500, -200, -625),
        channel=w.forum,
        actor_member=w.ada_account,
        is_help=True,
        campaign=w.spring,
    )
    add_credit(back, 4, amounts(0, -2000, -500, -800, -1000), channel=w.phone, actor_kind="staff", is_help=True)
    # A guest came by the pilot's link, staff bought a mug, and somebody bought out of the blue.
    guest = add_result(date(2026, 3, 21), 3000, touches=1)
    add_credit(guest, 1, 3000, campaign=w.pilot, actor_kind="unknown")
    add_result(date(2026, 3, 22), 700, line="staff_purchases", person=ContactFactory())
    w.stranger = ContactFactory()
    add_result(date(2026, 3, 23), 1300, line="unattributed", person=w.stranger)
    roll_up()
    return w


@pytest.fixture
def costs(world):
    """50.00 for spring in March, 10.00 for the forum, 5.00 for the school, 3.00 for nothing in particular."""
    for scope, minor in (
        ({"campaign": world.spring}, 5000),
        ({"channel": world.forum}, 1000),
        ({"community": world.school}, 500),
        ({}, 300),
    ):
        add_cost_days(CostFactory(**scope), {date(2026, 3, 5): minor})


def test_campaigns_show_what_each_was_credited(world, costs):
    found = report("campaigns", model="all")
    spring, pilot = by_code(found)["spring"], by_code(found)["pilot"]

    # Touches 1 and 3, less a fifth that was refunded.
    assert {key: model.revenue_credited for key, model in spring.models.items()} == {
        "first_touch": D("80.00"),
        "last_touch": D("0.00"),
        "linear": D("40.00"),
        "position_based": D("40.00"),
        "time_decay": D("30.00"),
    }
    assert {key: model.conversions_credited for key, model in spring.models.items()} == {
        "first_touch": D("1.000000"),
        "last_touch": D("0.000000"),
        "linear": D("0.500000"),
        "position_based": D("0.500000"),  # 0.4 + 0.1
        "time_decay": D("0.375000"),  # 1/16 + 5/16
    }
    assert (spring.conversions_touched, spring.conversions_fully_refunded) == (1, 0)
    assert spring.assisted_revenue == D("80.00")  # touch 3 was help: the whole purchase, net of the refund
    assert spring.cost == D("50.00")
    assert spring.models["linear"].roi.value == D("-0.2")
    assert spring.models["first_touch"].roi.value == D("0.6")
    assert spring.models["last_touch"].roi.value == D("-1")
    assert spring.models["linear"].roas.value == D("0.8")
    assert spring.models["linear"].cost_per_conversion.value == D("100")
    assert pilot.revenue_credited == D("30.00")
    assert (pilot.roi.value, pilot.roi.reason) == (None, "no_cost")
    assert pilot.assisted_revenue == D("0.00")


def test_campaign_lines_and_total(world, costs):
    found = report("campaigns", model="all")

    assert {key: line.revenue["time_decay"] for key, line in found.lines.items()} == {
        "no_campaign": D("50.00"),  # 10.00 + 40.00: touches 2 and 4 less a fifth
        "unattributed": D("13.00"),
        "staff_purchases": D("7.00"),
        "not_assigned": D("0.00"),
    }
    assert found.lines["not_assigned"].cost == D("18.00")
    assert found.total.revenue == D("130.00")
    assert found.total.revenue_credited == D("110.00")
    assert found.total.cost == D("68.00")
    assert found.total.conversions_touched == 2
    assert found.total.conversions_credited == D("2")
    assert found.total.assisted_revenue == D("80.00")
    assert found.total.roi.numerator == D("42.00")
    assert [check.holds for check in found.sums] == [True] * 6


def test_period_is_half_open_and_refunds_count_on_their_own_day(world, costs):
    march = by_code(report("campaigns", start=MARCH, end=APRIL))["spring"]
    april = by_code(report("campaigns", start=APRIL, end=MAY))["spring"]
    until_the_day = by_code(report("campaigns", start=MARCH, end=date(2026, 3, 20)))["spring"]

    assert (march.revenue_credited, march.cost, march.roi.value) == (D("50.00"), D("50.00"), D("0"))
    assert (april.revenue_credited, april.cost, april.roi.reason) == (D("-10.00"), D("0.00"), "no_cost")
    assert (april.conversions_touched, april.conversions_credited) == (0, D("0"))
    assert until_the_day.revenue_credited == D("0.00")


def test_channels_and_communities_add_up_to_the_same_cents(world, costs):
    channels, communities = report("channels"), report("communities")

    assert {row.code: (row.revenue_credited, row.cost) for row in channels.rows} == {
        "forum": (D("40.00"), D("10.00")),
        "phone": (D("20.00"), D("0.00")),
        "insta": (D("20.00"), D("0.00")),
    }
    assert {row.code: (row.revenue_credited, row.cost) for row in communities.rows} == {
        "school": (D("60.00"), D("15.00")),  # the forum's cost counts in its community
        "fans": (D("20.00"), D("0.00")),
    }
    assert by_code(communities)["school"].roi.value == D("3")
    # One purchase touched on two channels of the school is one conversion there.
    assert by_code(channels)["forum"].conversions_touched == 1
    assert by_code(communities)["school"].conversions_touched == 1
    assert by_code(communities)["school"].conversions_credited == D("0.750000")
    assert channels.lines["no_channel"].revenue["linear"] == D("30.00")
    assert channels.lines["not_assigned"].cost == D("58.00")
    assert communities.lines["not_assigned"].cost == D("53.00")
    assert all(check.holds for check in (*channels.sums, *communities.sums))


def test_channel_that_moves_takes_its_past_along(world, costs):
    world.forum.community = world.fans
    world.forum.save()

    found = by_code(report("communities"))

    assert (found["fans"].revenue_credited, found["fans"].cost) == (D("60.00"), D("10.00"))
    assert (found["school"].revenue_credited, found["school"].cost) == (D("20.00"), D("5.00"))


def test_members_as_customers(world, costs):
    found = report("members")
    joe = by_key(found)[world.joe.pk]

    assert (joe.name, joe.revenue, joe.revenue_credited) == ("Joe Bloggs", D("80.00"), D("80.00"))
    assert [account.handle for account in joe.accounts] == ["joe"]
    assert by_key(found)[world.stranger.pk].revenue == D("13.00")
    assert set(by_key(found)) == {world.joe.pk, world.stranger.pk}  # staff and the guest have no row
    assert found.lines["no_person"].revenue["linear"] == D("30.00")
    assert found.lines["staff_purchases"].revenue["linear"] == D("7.00")
    assert all(check.holds for check in found.sums)


@pytest.mark.django_db
def test_money_given_back_to_who_became_staff_is_their_own_whatever_they_buy_that_day():
    """100.00 bought before they were staff; 20.00 of it comes back on the day on which they buy a mug as staff."""
    stan = ContactFactory(full_name="Stan")
    bought = add_result(date(2026, 2, 5), 10000, person=stan, touches=1)
    add_credit(bought, 1, 10000, actor_kind="self")
    back = add_result(date(2026, 3, 10), -2000, person=stan, touches=1, is_refund=True)
    add_credit(back, 1, -2000, actor_kind="self")
    add_result(date(2026, 3, 10), 5000, line="staff_purchases", person=stan)
    roll_up()

    found = report("members", start=date(2026, 3, 1), end=date(2026, 4, 1))

    assert by_key(found)[stan.pk].revenue == D("-20.00")
    assert found.lines["staff_purchases"].revenue["linear"] == D("50.00")
    assert [(check.what, check.holds) for check in found.sums if not check.holds] == []


def test_members_as_helpers(world, costs):
    found = report("members", view="helper", model="all")
    ada = by_key(found)[world.ada.pk]

    assert set(by_key(found)) == {world.ada.pk}
    assert ada.models["linear"].revenue_credited == D("40.00")
    assert ada.models["time_decay"].revenue_credited == D("35.00")
    assert ada.models["linear"].conversions_credited == D("0.500000")
    assert ada.conversions_touched == 1
    assert ada.assisted_revenue == D("80.00")
    assert {key: line.revenue["linear"] for key, line in found.lines.items() if line.revenue["linear"]} == {
        "self": D("20.00"),
        "staff": D("20.00"),
        "unknown": D("30.00"),
        "unattributed": D("13.00"),
        "staff_purchases": D("7.00"),
    }
    assert all(check.holds for check in found.sums)


def test_helper_follows_relinked_account_and_merged_contact(world):
    grace = ContactFactory(full_name="Grace")
    world.ada.merged_into = grace
    world.ada.save()

    assert by_key(report("members", view="helper"))[grace.pk].revenue_credited == D("40.00")


def test_months_of_the_summary(world, costs):
    found = report("summary")

    assert [(row.code, row.revenue, row.revenue_credited, row.cost) for row in found.rows] == [
        ("2026-03", D("150.00"), D("130.00"), D("68.00")),
        ("2026-04", D("-20.00"), D("-20.00"), D("0.00")),
    ]
    assert all(check.holds for check in found.sums)


def test_cost_days_to_come_are_not_yet_cost(world):
    cost = CostFactory(campaign=world.spring, days=DateRange(date(2026, 6, 29), date(2026, 7, 3)))
    add_cost_days(cost, {date(2026, 6, 29): 100, date(2026, 6, 30): 100, date(2026, 7, 1): 100, date(2026, 7, 2): 100})

    found = report("campaigns")

    assert by_code(found)["spring"].cost == D("2.00")
    assert found.total.cost == D("2.00")


def test_campaign_without_figures_has_a_row_and_an_archived_one_has_none(world):
    CampaignFactory(code="quiet")
    CampaignFactory(code="old", status="archived")

    codes = by_code(report("campaigns"))

    assert codes["quiet"].revenue_credited == D("0.00")
    assert codes["quiet"].roi.reason == "no_cost"
    assert "old" not in codes


def test_no_facts_at_all_give_zero_amounts_and_undefined_ratios(db):
    for scope in ("campaigns", "channels", "communities", "members", "summary"):
        found = report(scope, model="all")

        assert found.rows == []
        assert (found.total.revenue, found.total.cost) == (D("0.00"), D("0.00"))
        assert found.total.roi.reason == "no_cost"
        assert found.total.social.mean_rating.reason == "no_ratings"
        assert found.total.social.cost_per_person_helped.reason == "nobody_helped"
        assert all(check.holds for check in found.sums)


def test_fully_refunded_conversions_are_a_count_of_their_own(world):
    gone = add_result(date(2026, 5, 3), 900, person=world.joe, touches=1, is_fully_refunded=True)
    add_credit(gone, 1, 900, campaign=world.pilot, actor_kind="self")

    pilot = by_code(report("campaigns"))["pilot"]

    assert (pilot.conversions_touched, pilot.conversions_fully_refunded) == (2, 1)


@pytest.mark.parametrize(
    ("ordering", "codes"),
    [
        ("-revenue_credited", ["spring", "pilot", "quiet"]),
        ("revenue_credited", ["quiet", "pilot", "spring"]),
        ("-cost", ["spring", "pilot", "quiet"]),
        ("roi", ["spring", "pilot", "quiet"]),  # the undefined come last, either way
        ("-roi", ["spring", "pilot", "quiet"]),
        ("-assisted_revenue", ["spring", "pilot", "quiet"]),
        ("name", ["pilot", "quiet", "spring"]),
    ],
)
def test_ordering(world, costs, ordering, codes):
    world.pilot.name, world.spring.name = "A pilot", "Spring course"
    world.pilot.save()
    CampaignFactory(code="quiet", name="Quiet")

    assert [row.code for row in report("campaigns", ordering=ordering).rows] == codes


def test_rows_left_out_stand_in_a_line(world, costs):
    page = report("campaigns", limit=1)
    rest = report("campaigns", limit=1, offset=1)
    chosen = report("campaigns", ids=[world.pilot.pk])

    assert [row.code for row in page.rows] == ["spring"]
    assert page.row_count == 2
    assert page.lines["other_rows"].revenue["linear"] == D("30.00")
    assert rest.lines["other_rows"].cost == D("50.00")
    assert [row.code for row in chosen.rows] == ["pilot"]
    assert all(check.holds for found in (page, rest, chosen) for check in found.sums)


def test_nameless_person_is_called_by_an_account(world):
    for person in (world.joe, world.stranger):
        person.full_name = ""
        person.save(update_fields=["full_name"])

    rows = by_key(report("members"))

    assert rows[world.joe.pk].name == "joe"
    assert rows[world.stranger.pk].name == f"Contact {world.stranger.pk}"
