"""Figures about people of a small company, worked by hand."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.models import Interaction
from crm.contact_page import contact_header, contact_tiles_of, next_steps, records_of
from crm.merging import merge
from crm.models import Contact
from crm.periods import PeriodEndsBeforeStart
from metrics.recompute import recompute_all
from metrics.reports.about_people import PeopleQuery, channel_people, people_report
from metrics.reports.demographics import told
from metrics.reports.query import InvalidQuery
from tests.factories.community import (
    ChannelFactory,
    ChannelSizeFactory,
    CommunityFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory

pytestmark = pytest.mark.django_db

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
NOW = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)


def at(day, month=3, hour=9):
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


def report(**asked):
    return people_report(PeopleQuery(**{"now": NOW, **asked}))


def did(member, kind, day=10, **fields):
    return InteractionFactory(channel=member.channel, member=member, kind=kind, occurred_at=at(day), **fields)


def someone(name, *, channel, **fields):
    return MemberFactory(channel=channel, contact=ContactFactory(full_name=name), **fields)


@pytest.fixture
def forum():
    return ChannelFactory(slug="forum", name="Forum", community=CommunityFactory(slug="students", name="Students"))


# Identified coverage


def test_identified_are_persons_of_the_community_of_whom_more_is_known_than_an_account(forum):
    joe = someone("Joe", channel=forum)
    MemberFactory(channel=forum, contact=joe.contact)  # a second account of one person
    merged = MemberFactory(channel=forum, contact=ContactFactory())
    merge(survivor_id=joe.contact_id, loser_id=merged.contact_id, by_user_id=UserFactory().pk, now=NOW)
    someone("Ada", channel=forum)
    MemberFactory(channel=forum, handle="a_handle_alone")
    for role in ("staff", "bot"):
        MemberRoleFactory(member=someone(role, channel=forum), role=role)
    someone("Eve", channel=forum, joined_at=at(1, month=4))  # not there yet in March
    erased = someone("Zoe", channel=forum)
    Contact.objects.filter(pk=erased.contact_id).update(
        full_name=f"Erased person {erased.contact_id}", search_text=f"erased person {erased.contact_id}",
        erased_at=NOW, do_not_contact=True,
    )  # fmt: skip
    someone("Joe", channel=ChannelFactory(name="Mail"))
    ChannelSizeFactory(channel=forum, day=dt.date(2026, 3, 31), people=8)

    known, mail = report(start=MARCH, end=APRIL).known

    assert (known.name, known.size, known.identified) == ("Forum", 8, 2)
    assert known.identified_coverage.value == Decimal("0.25")
    assert (mail.identified, mail.size, mail.identified_coverage.reason) == (1, None, "no_channel_size")
    assert report().known[0].identified == 3  # by June Eve had joined


def test_the_role_at_the_end_of_the_period_says_who_is_a_member_of_the_community(forum):
    dan = someone("Dan", channel=forum)
    MemberRoleFactory(member=dan, role="staff", since=at(15))

    assert report(end=dt.date(2026, 3, 10)).known[0].identified == 1
    assert report(end=APRIL).known[0].identified == 0


def test_the_latest_size_at_or_before_the_last_day_counts(forum):
    for day, people in ((1, 10), (31, 20)):
        ChannelSizeFactory(channel=forum, day=dt.date(2026, 3, day), people=people)
    ChannelSizeFactory(day=dt.date(2026, 3, 20), people=99)

    def size(**asked):
        (channel,) = (one for one in report(**asked).known if one.key == forum.pk)
        return channel.size, channel.size_day

    assert size(end=MARCH) == (None, None)  # the first of March is not in it
    assert size(end=dt.date(2026, 3, 31)) == (10, dt.date(2026, 3, 1))
    assert size(end=APRIL) == size() == (20, dt.date(2026, 3, 31))
    ChannelSizeFactory(channel=forum, day=dt.date(2026, 7, 1), people=30)  # a slip: that day has not come
    assert size(end=dt.date(2026, 12, 31)) == (20, dt.date(2026, 3, 31))


def test_coverage_of_one_channel_is_that_of_the_report(forum):
    someone("Joe", channel=forum)
    ChannelSizeFactory(channel=forum, people=4)
    other = ChannelFactory(name="Mail")

    assert channel_people([forum.pk], now=NOW) == {forum.pk: report().known[0]}
    assert set(channel_people([forum.pk, other.pk], now=NOW)) == {forum.pk, other.pk}


def test_a_channel_without_anybody_has_no_coverage(forum):
    ChannelSizeFactory(channel=forum, people=0)

    coverage = report().known[0].identified_coverage

    assert (coverage.value, coverage.reason) == (None, "no_channel_size")


# Shares by kind of content


def test_kinds_are_counted_for_members_of_the_community_alone(forum):
    joe, ana, bot = (someone(name, channel=forum) for name in ("Joe", "Ana", "Bot"))
    MemberRoleFactory(member=ana, role="staff", since=at(15))
    MemberRoleFactory(member=bot, role="bot")
    for kind in ("question", "comment", "comment", "like"):
        did(joe, kind)
    did(ana, "answer", 14)  # before she was hired
    did(ana, "answer", 16)
    did(bot, "answer")
    did(joe, "comment", retracted_at=NOW)
    did(joe, "comment", deleted_at=NOW)  # it happened
    InteractionFactory(channel=forum, member=None, kind="comment", occurred_at=at(10))  # a deleted account
    InteractionFactory(
        channel=forum, member=None, kind="broadcast", occurred_at=at(10), direction=Interaction.Direction.OUTBOUND
    )
    InteractionFactory(channel=forum, member=None, user=UserFactory(), kind="help", occurred_at=at(10))
    did(joe, "like", 28, external_id="late").save()
    Interaction.objects.filter(external_id="late").update(occurred_at=at(1, month=4))
    mail = ChannelFactory(name="Mail", community=forum.community)
    did(someone("Eve", channel=mail), "question")
    quiet = ChannelFactory(name="Quiet")

    found = report(start=MARCH, end=APRIL)

    shares = {place.name: {one.kind: (one.interactions, one.share.value) for one in place.kinds}
              for place in [*found.channels, *found.communities]}  # fmt: skip
    # 1 question, 4 comments (one of them deleted, one by somebody unknown), 1 like, 1 answer: 7.
    assert shares["Forum"] == {
        "comment": (4, Decimal(4) / 7),
        "answer": (1, Decimal(1) / 7),
        "like": (1, Decimal(1) / 7),
        "question": (1, Decimal(1) / 7),
    }
    assert list(shares["Forum"])[0] == "comment"
    assert shares["Mail"] == {"question": (1, Decimal(1))}
    assert shares["Students"]["question"] == (2, Decimal("0.25"))
    assert shares["Quiet"] == {}
    assert {place.name: place.interactions for place in found.communities}["Students"] == 8
    of_all = {place.name: place.share.value for place in found.channels}
    assert of_all == {"Forum": Decimal("0.875"), "Mail": Decimal("0.125"), "Quiet": Decimal(0)}
    assert {place.name: place.share.value for place in found.communities}["Students"] == 1
    quiet.archived_at = NOW
    quiet.save()
    assert "Quiet" not in {place.name for place in report().channels}


def test_the_day_is_cut_in_the_organisations_zone(forum, settings):
    settings.KITH_TIME_ZONE = "Asia/Kolkata"  # midnight there is 18:30 the day before
    joe = someone("Joe", channel=forum)
    for hour, minute in ((18, 29), (18, 30)):
        InteractionFactory(channel=forum, member=joe, occurred_at=dt.datetime(2026, 2, 28, hour, minute, tzinfo=dt.UTC))

    assert report(start=MARCH).channels[0].interactions == 1
    assert report(end=MARCH).channels[0].interactions == 1


# Self-service


def test_self_service_counts_persons_who_read_and_persons_who_asked(forum):
    joe, ada, eve, staff = (someone(name, channel=forum) for name in ("Joe", "Ada", "Eve", "Ana"))
    second = MemberFactory(channel=ChannelFactory(), contact=joe.contact)
    MemberRoleFactory(member=staff)
    for member in (joe, second, ada, eve, staff):
        did(member, "help_view")
        did(member, "help_view")
    InteractionFactory(channel=forum, member=None, kind="help_view", occurred_at=at(10))  # nobody we can tell apart
    for member in (joe, second):
        did(member, "question")
    for member in (ada, eve):
        did(member, "view")

    activity = report(start=MARCH, end=APRIL).activity

    assert (activity.readers, activity.askers) == (3, 1)
    assert activity.self_service_score.value == 3
    assert report(start=APRIL).activity.self_service_score.reason == "nobody_raised"


# Engaged and most profitable


def customer(number, amount, *, channel, times=0, **fields):
    """Return somebody who bought for `amount` and commented so many times."""
    member = someone(f"Customer {number}", channel=channel)
    ConversionFactory(
        contact=member.contact, external_id=f"o{number}", amount=Decimal(amount), occurred_at=at(20), **fields
    )
    for _ in range(times):
        did(member, "comment")
    return member


def test_engaged_among_the_tenth_with_most_revenue(forum):
    best = [customer(number, "900.00", channel=forum, times=times) for number, times in enumerate((3, 2, 4))]
    for number in range(3, 21):
        customer(number, "50.00", channel=forum, times=5)
    for kind in ("view", "help_view", "follow", "like"):
        did(best[1], kind)  # of these only the like is engagement: the third
    did(best[2], "comment", retracted_at=NOW)
    # Voided, without value, and not of this period: not among the customers.
    customer(30, "5000.00", channel=forum, voided_at=NOW, void_reason="test")
    customer(31, "0.00", channel=forum)
    ConversionFactory(contact=ContactFactory(), amount=Decimal("5000.00"), occurred_at=at(2, month=4))
    ConversionFactory(contact=None, amount=Decimal("5000.00"), occurred_at=at(20))
    boss = customer(32, "5000.00", channel=forum, times=9)
    MemberRoleFactory(member=boss)  # a purchase of staff
    recompute_all(now=NOW)

    found = report(start=MARCH, end=APRIL)

    # 21 customers: a tenth, rounded down, is 2. The third brought as much as the second, so it is in as well.
    assert (found.activity.customers, found.activity.top, found.activity.engaged) == (21, 3, 3)
    assert (found.activity.engaged_in_top_tenth.value, found.engaged_from) == (1, 3)


def test_top_tenth_is_cut_after_so_many_where_nobody_brought_the_same(forum):
    for number in range(20):
        customer(number, f"{100 + number}.00", channel=forum, times={17: 3, 18: 3, 19: 2}.get(number, 0))
    # Half of the purchases of this one were staff's: 119.50 in all, but 60.00 as a customer.
    left = customer(20, "60.00", channel=forum)
    MemberRoleFactory(member=left, since=at(21))
    ConversionFactory(contact=left.contact, external_id="o21", amount=Decimal("59.50"), occurred_at=at(22))
    recompute_all(now=NOW)

    activity = report(start=MARCH, end=APRIL).activity

    assert (activity.customers, activity.top, activity.engaged) == (21, 2, 1)  # 119.00, who did two things, and 118.00


def test_engaged_takes_as_many_interactions_as_the_setting_says(forum, settings):
    settings.METRICS_ENGAGED_INTERACTIONS = 4
    for number in range(10):
        customer(number, "50.00", channel=forum, times=3 + number % 2)
    recompute_all(now=NOW)

    found = report(start=MARCH, end=APRIL)

    assert (found.activity.top, found.activity.engaged, found.engaged_from) == (10, 5, 4)  # all brought the same
    assert found.activity.engaged_in_top_tenth.value == Decimal("0.5")


def test_nine_customers_have_no_tenth(forum):
    for number in range(9):
        customer(number, "50.00", channel=forum, times=3)
    recompute_all(now=NOW)

    ratio = report(start=MARCH, end=APRIL).activity.engaged_in_top_tenth

    assert (ratio.value, ratio.reason, ratio.n) == (None, "few_customers", 9)


# Demographics


def says(channel, country="", birth_year=None, language="", **fields):
    contact = ContactFactory(full_name="Somebody", country=country, birth_year=birth_year, language=language)
    member = MemberFactory(channel=channel, contact=contact, **fields)
    did(member, "view")
    return member


def groups(found, what, *, with_small=True):
    return [(group.key, group.people) for group in found.groups(what, with_small=with_small)]


def test_people_are_told_apart_by_what_they_say_of_themselves(forum):
    for country, birth_year, language in (
        ("IE", 2009, "en-GB"), ("IE", 2008, "en"), ("DK", 2001, "DA"),
        ("", 1961, ""), ("IE", 1960, "en"), ("", None, ""),
    ):  # fmt: skip
        says(forum, country, birth_year, language)
    twice = says(forum, "PL", 1990, "pl")
    again = says(ChannelFactory(), "", 1940, "sv")
    merge(survivor_id=twice.contact_id, loser_id=again.contact_id, by_user_id=UserFactory().pk, now=NOW)
    MemberRoleFactory(member=says(forum, "FR"))
    InteractionFactory(channel=forum, member=None, occurred_at=at(10))
    someone("Quiet", channel=forum)

    found = report(start=MARCH, end=APRIL)

    # In 2026 they become 17, 18, 25, 65, 66 and 36: the survivor's year counts.
    assert found.activity.persons == 7
    assert groups(found, "country") == [("IE", 3), ("DK", 1), ("PL", 1), ("unknown", 2)]
    assert groups(found, "age_group") == [
        ("under_18", 1), ("18_24", 1), ("25_34", 1), ("35_44", 1), ("65_and_over", 2), ("unknown", 1),
    ]  # fmt: skip
    assert groups(found, "language") == [("en", 3), ("da", 1), ("pl", 1), ("unknown", 2)]
    assert groups(report(end=MARCH), "country") == []
    everybody = report(end=APRIL, people="all")
    assert everybody.activity.persons == 8  # the quiet one as well, and still nobody of the staff
    assert groups(everybody, "country") == [("IE", 3), ("DK", 1), ("PL", 1), ("unknown", 3)]
    later = report(end=dt.date(2027, 2, 1), now=at(1) + dt.timedelta(days=366))
    assert groups(later, "age_group")[0] == ("18_24", 2)  # in 2027 the youngest become 18 and 19


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"IE": 9, "DK": 5, "unknown": 1}, [("IE", 9), ("DK", 5), ("unknown", 1)]),
        ({"IE": 9, "DK": 4, "PL": 2, "DE": 1}, [("IE", 9), ("other", 7)]),
        ({"IE": 9, "DE": 7, "DK": 4}, [("IE", 9), ("other", 11)]),  # 4 alone would be told
        ({"IE": 9, "DK": 4, "PL": 1, "unknown": 3}, [("IE", 9), ("other", 5), ("unknown", 3)]),
        ({"IE": 3, "unknown": 40}, [("other", 3), ("unknown", 40)]),
        ({}, []),
    ],
)
def test_small_groups_stand_together_so_that_none_of_them_follows_from_the_sum(counts, shown):
    assert [(group.key, group.people) for group in told("country", counts, with_small=False)] == shown
    assert {(group.key, group.people) for group in told("country", counts, with_small=True)} == set(counts.items())


def test_people_of_another_sort_are_refused():
    with pytest.raises(InvalidQuery):
        PeopleQuery(now=NOW, people="everyone")


# Time to convert


def converted(day, *days_before, month=3, channel, name=""):
    """Return somebody who bought on that day, and asked so many days before it, below zero after it."""
    member = someone(name or "Somebody", channel=channel)
    bought = at(day, month)
    ConversionFactory(contact=member.contact, occurred_at=bought)
    for days in days_before:
        InteractionFactory(channel=channel, member=member, occurred_at=bought - dt.timedelta(days=days))
    return member


def test_time_to_convert_is_from_the_first_touch_to_the_first_conversion(forum):
    for days in ((0,), (4, 10), (1.9,), (100,), (-1,), ()):
        converted(10, *days, channel=forum)
    twice = converted(20, 7, channel=forum)
    ConversionFactory(contact=twice.contact, occurred_at=at(25))
    before = converted(10, 2, month=2, channel=forum)  # first in February, again in March
    ConversionFactory(contact=before.contact, occurred_at=at(11))
    mistake = converted(14, 13, channel=forum)  # 13 days; an order in February was void
    ConversionFactory(
        contact=mistake.contact, occurred_at=at(10, month=2), voided_at=NOW, void_reason="test", external_id="void"
    )
    voided = converted(11, channel=forum)
    voided.contact.conversions.update(voided_at=NOW, void_reason="test")
    merged = converted(12, 20, channel=forum)
    earlier = converted(1, 3, month=2, channel=forum)  # the same person in another record: first in February
    merge(survivor_id=merged.contact_id, loser_id=earlier.contact_id, by_user_id=UserFactory().pk, now=NOW)
    staff = converted(10, 5, channel=forum)
    MemberRoleFactory(member=staff)
    viewer = converted(10, channel=forum)
    did(viewer, "view", 1)  # no touch
    did(converted(15, 2, channel=forum), "lead", 1)  # earns no credit, but they came by it: 14 days

    took = report(start=MARCH, end=APRIL).time_to_convert

    # Whole days 0, 10, 1, 100, 7, 13 and 14. Without a touch before: the one a day after, the one without, the viewer.
    assert (took.n, took.without_touch, took.median) == (7, 3, 10)
    assert took.p90 == pytest.approx(14 + 0.4 * 86)  # 0, 1, 7, 10, 13, 14, 100: at 0.9 × 6 = 5.4
    assert report(start=dt.date(2026, 5, 1)).time_to_convert.reason == "nobody_converted"


def test_time_to_convert_of_one_is_what_stands_on_their_page(forum):
    joe = converted(20, 3.2, channel=forum, name="Joe")
    ada = someone("Ada", channel=forum)
    # What addressed Joe is a touch of Joe's: this one is the first.
    asked = InteractionFactory(channel=forum, member=joe, kind="post", occurred_at=at(1))
    InteractionFactory(channel=forum, member=ada, kind="comment", reply_to=asked, occurred_at=at(2, hour=8))

    records = records_of(joe.contact_id)
    tiles = contact_tiles_of(joe.contact_id, next_steps(records, may=anybody, now=NOW), may=anybody, now=NOW)

    assert contact_header(records, may=anybody, tiles=tiles).days_to_convert == 18
    assert report(start=MARCH, end=APRIL).time_to_convert.median == 18


def test_time_to_convert_begins_neither_with_a_bot_nor_with_what_was_said_to_somebody_else(forum):
    joe = converted(20, 3.2, channel=forum, name="Joe")
    ada, robot = someone("Ada", channel=forum), someone("Robot", channel=forum)
    MemberRoleFactory(member=robot, role="bot", since=at(1))
    did(robot, "direct_message", 2, to_member=joe)
    asked = did(joe, "post", 1)
    thread = ThreadFactory(channel=forum, opened_by=joe)
    did(ada, "comment", 3, reply_to=asked, to_member=robot)
    did(ada, "answer", 4, thread=thread, to_contact=robot.contact)
    did(ada, "answer", 5, thread=thread, reply_to=did(robot, "comment", 5))
    only_welcomed = converted(20, channel=forum)
    did(robot, "direct_message", 2, to_member=only_welcomed)

    took = report(start=MARCH, end=APRIL).time_to_convert

    assert (took.n, took.without_touch, took.median) == (1, 1, 3)
    did(robot, "direct_message", 1, to_member=only_welcomed, external_id="early")
    Interaction.objects.filter(external_id="early").update(occurred_at=at(28, month=2))  # before it was a bot: 20 days
    took = report(start=MARCH, end=APRIL).time_to_convert
    assert (took.n, took.without_touch, took.median) == (2, 0, 11.5)


def anybody(permission):
    return True


# The report as a whole


def test_people_are_counted_in_a_fixed_number_of_queries(forum):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            report(start=MARCH, end=APRIL)
        return len(asked)

    before = queries()
    for number in range(5):
        customer(number, "50.00", channel=ChannelFactory(), times=2)

    assert queries() == before <= 4


def test_a_period_that_ends_before_it_starts_and_a_naive_now_are_refused():
    with pytest.raises(PeriodEndsBeforeStart):
        report(start=APRIL, end=MARCH)
    with pytest.raises(ValueError, match="aware"):
        PeopleQuery(now=dt.datetime(2026, 3, 1))  # noqa: DTZ001


def test_nothing_is_no_figure(db):
    found = report()

    assert (found.known, found.channels, found.communities) == ([], [], [])
    assert (found.time_to_convert.n, found.time_to_convert.median, found.activity.customers) == (0, None, 0)
