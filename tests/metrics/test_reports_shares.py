"""What people cost: rewards, the staff's minutes with them, and loaded shares."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from metrics.reports import RoiQuery, roi_report
from metrics.reports.people import money_of_people
from metrics.reports.spent import spent_on_few
from tests.factories.community import (
    ChannelFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.metrics.ledger import add_cost_days

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
MONDAY_NOON, TUESDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)


def members(**options):
    return roi_report(RoiQuery(scope="members", now=NOW, **options))


def costs_of(found):
    return {row.key: row.cost for row in found.rows}


def lines_of(found):
    return {key: line.cost for key, line in found.lines.items() if line.cost}


@pytest.fixture
def world(db):
    w = SimpleNamespace()
    w.forum = ChannelFactory(slug="forum")
    w.phone = ChannelFactory(slug="phone", community=w.forum.community)
    w.joe, w.ada, w.eve = (ContactFactory(full_name=name) for name in ("Joe", "Ada", "Eve"))
    return w


def helped(contact, minutes, channel, at=MONDAY_NOON):
    return HelpRecordFactory(
        contact=contact, minutes=minutes, interaction__channel=channel, interaction__occurred_at=at
    )


def staffing(amounts, **scope):
    add_cost_days(CostFactory(category="staffing", sharing="minutes", **scope), amounts)


def test_rewards_are_their_receivers_cost(world):
    add_cost_days(CostFactory(category="rewards", contact=world.joe), {MONDAY: 500})
    add_cost_days(CostFactory(), {MONDAY: 300})

    found = members()

    assert costs_of(found) == {world.joe.pk: Decimal("5.00")}
    assert lines_of(found) == {"not_assigned": Decimal("3.00")}
    assert found.total.cost == Decimal("8.00")


@pytest.mark.parametrize("view", ["customer", "helper"])
def test_reward_of_who_is_staff_on_its_day_is_nobodys(world, view, settings):
    settings.KITH_TIME_ZONE = "Europe/Zurich"
    clerk = MemberFactory(contact=ContactFactory(merged_into=world.eve))
    # 23:30 of Monday in Zurich: at the end of that day she is staff.
    MemberRoleFactory(member=clerk, role="staff", since=datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    add_cost_days(
        CostFactory(category="rewards", contact=world.eve), {MONDAY - timedelta(days=1): 500, MONDAY: 70, TUESDAY: 7}
    )
    add_cost_days(CostFactory(category="rewards", contact=world.joe), {TUESDAY: 300})

    found = members(view=view)
    of_few = spent_on_few(
        {"start": "-infinity", "end": "infinity", "starts_at": "-infinity", "ends_at": "infinity"}
        | {"cost_end": NOW.date(), "zone": "Europe/Zurich"},
        persons=[world.eve.pk, world.joe.pk],
        view=view,
    ).ask()
    tile = money_of_people([world.eve.pk], now=NOW)[world.eve.pk]

    assert costs_of(found) == {world.eve.pk: Decimal("5.00"), world.joe.pk: Decimal("3.00")}
    assert lines_of(found) == {"not_assigned": Decimal("0.77")}
    assert all(check.holds for check in found.sums)
    assert of_few == {world.eve.pk: 500, world.joe.pk: 300}
    assert tile.cost == Decimal("5.00")


def test_staffing_is_shared_by_the_minutes_of_its_day(world):
    # Monday: 10.00 over 30 + 10 minutes. Tuesday: 10.00 over 20 minutes, all of them Joe's.
    staffing({MONDAY: 1000, TUESDAY: 1000})
    helped(world.joe, 30, world.forum)
    helped(world.ada, 10, world.phone)
    helped(world.joe, 20, world.phone, at=TUESDAY_NOON)

    found = members()

    assert costs_of(found) == {world.joe.pk: Decimal("17.50"), world.ada.pk: Decimal("2.50")}
    assert lines_of(found) == {}
    assert all(check.holds for check in found.sums)


def test_pool_is_shared_within_its_scope_alone(world):
    staffing({MONDAY: 1000}, channel=world.phone)
    staffing({MONDAY: 600}, community=world.phone.community)
    helped(world.joe, 30, world.forum)
    helped(world.ada, 10, world.phone)

    # The phone's 10.00 is Ada's; the community's 6.00 is shared 30 : 10.
    assert costs_of(members()) == {world.joe.pk: Decimal("4.50"), world.ada.pk: Decimal("11.50")}


def test_pool_without_a_basis_stays_unallocated(world):
    staffing({MONDAY: 1000, TUESDAY: 700})
    helped(world.joe, 30, world.forum)

    found = members()

    assert costs_of(found) == {world.joe.pk: Decimal("10.00")}
    assert lines_of(found) == {"unallocated": Decimal("7.00")}


def test_shares_are_not_rounded_and_what_rounding_shows_is_a_line(world):
    staffing({MONDAY: 1000})
    for contact in (world.joe, world.ada, world.eve):
        helped(contact, 10, world.forum)

    found = members()

    assert set(costs_of(found).values()) == {Decimal("3.33")}
    assert lines_of(found) == {"rounding": Decimal("0.01")}
    # The ratio stands on the exact share: 10.00 / 3 for one person helped.
    assert round(found.rows[0].social.cost_per_person_helped.value, 8) == Decimal("3.33333333")
    assert all(check.holds for check in found.sums)


def test_half_a_cent_each_rounds_up_and_the_line_takes_it_back(world):
    staffing({MONDAY: 1})
    helped(world.joe, 5, world.forum)
    helped(world.ada, 5, world.forum)

    found = members()

    assert set(costs_of(found).values()) == {Decimal("0.01")}
    assert lines_of(found) == {"rounding": Decimal("-0.01")}


def test_helpers_bear_their_rewards_and_not_the_help_they_got(world):
    staffing({MONDAY: 1000})
    helped(world.joe, 30, world.forum)
    add_cost_days(CostFactory(category="rewards", contact=world.ada), {MONDAY: 500})

    found = members(view="helper")

    assert costs_of(found) == {world.ada.pk: Decimal("5.00")}
    assert lines_of(found) == {"not_assigned": Decimal("10.00")}
    assert costs_of(members(view="helper", cost="loaded"))[world.joe.pk] == Decimal("10.00")


def test_staff_who_are_helped_bear_nothing(world):
    clerk = MemberFactory(contact=world.eve)
    MemberRoleFactory(member=clerk, role="staff")
    staffing({MONDAY: 1000})
    helped(world.joe, 10, world.forum)
    helped(world.eve, 30, world.forum)

    assert costs_of(members()) == {world.joe.pk: Decimal("10.00")}


@pytest.fixture
def touched(world):
    """Monday on the forum: Joe asks, Ada answers, Eve's click belongs to spring. Likes and bots touch nobody."""
    world.spring = CampaignFactory(code="spring")
    joe, ada, eve = (MemberFactory(channel=world.forum, contact=person) for person in (world.joe, world.ada, world.eve))
    bot = MemberFactory(channel=world.forum)
    MemberRoleFactory(member=bot, role="bot")
    thread = ThreadFactory(channel=world.forum, opened_by=joe)

    def happens(kind, member, **fields):
        return InteractionFactory(channel=world.forum, kind=kind, member=member, occurred_at=MONDAY_NOON, **fields)

    question = happens("question", joe, thread=thread)  # Joe
    happens("answer", ada, thread=thread)  # Ada, and Joe who opened the thread
    happens("comment", ada, reply_to=question)  # Ada, and Joe whom it replies to
    happens("click", eve, utm_campaign="SPRING")  # Eve
    happens("like", eve, reply_to=question)
    happens("answer", bot, thread=thread)
    happens("comment", eve, retracted_at=NOW)
    return world


def test_loaded_cost_is_shared_by_touches(touched):
    add_cost_days(CostFactory(sharing="touches"), {MONDAY: 600})

    # Joe 3, Ada 2, Eve 1.
    assert costs_of(members(cost="loaded")) == {
        touched.joe.pk: Decimal("3.00"),
        touched.ada.pk: Decimal("2.00"),
        touched.eve.pk: Decimal("1.00"),
    }
    assert lines_of(members()) == {"not_assigned": Decimal("6.00")}


def test_loaded_cost_is_shared_evenly_among_those_touched(touched):
    add_cost_days(CostFactory(sharing="even"), {MONDAY: 600})

    assert set(costs_of(members(cost="loaded")).values()) == {Decimal("2.00")}


def test_loaded_cost_of_a_campaign_is_its_own_peoples(touched):
    add_cost_days(CostFactory(sharing="touches", campaign=touched.spring), {MONDAY: 600})

    found = members(cost="loaded")

    assert costs_of(found) == {touched.eve.pk: Decimal("6.00")}
    assert found.total.cost == Decimal("6.00")


def test_loaded_cost_leaves_direct_costs_where_they_are_booked(touched):
    add_cost_days(CostFactory(sharing="direct", campaign=touched.spring), {MONDAY: 600})

    found = members(cost="loaded")

    assert costs_of(found) == {}
    assert lines_of(found) == {"not_assigned": Decimal("6.00")}
