"""Social ROI: who counts as helped, what counts as answered, which ratings are in the mean."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from community.models import Colleague
from metrics.reports import RoiQuery, roi_report
from tests.factories.community import (
    ChannelFactory,
    CommunityFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.metrics.ledger import add_cost_days

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def report(scope, **options):
    return roi_report(RoiQuery(scope=scope, now=NOW, **options))


def social(scope, **options):
    """The social figures of every row, by code or person."""
    return {row.code or row.key: row.social for row in report(scope, **options).rows}


def counts(figures):
    return figures.people_helped, figures.questions_answered


@pytest.fixture
def world(db):
    w = SimpleNamespace()
    w.school = CommunityFactory(slug="school")
    w.forum = ChannelFactory(slug="forum", community=w.school)
    w.joe, w.ada, w.eve = (ContactFactory(full_name=name) for name in ("Joe", "Ada", "Eve"))
    w.joe_account = MemberFactory(channel=w.forum, contact=w.joe)
    w.ada_account = MemberFactory(channel=w.forum, contact=w.ada)
    return w


def help_by_member(member, contact, **fields):
    """Help by an account, on an answer of its own."""
    at = fields.pop("at", datetime(2026, 3, 2, 9, tzinfo=UTC))
    interaction = fields.pop("interaction", {})
    return HelpRecordFactory(
        contact=contact,
        helper_user=None,
        helper_member=member,
        interaction=InteractionFactory(
            channel=member.channel, kind="answer", member=member, to_contact=contact, occurred_at=at, **interaction
        ),
        **fields,
    )


def answered_thread(world, *, by, opened_by=None, mark="accepted_answer", **answer):
    thread = ThreadFactory(channel=world.forum, opened_by=opened_by or world.joe_account)
    answer = InteractionFactory(channel=world.forum, kind="answer", member=by, thread=thread, **answer)
    setattr(thread, mark, answer)
    thread.save()
    return thread


def test_people_helped_are_distinct_persons_helped_by_somebody_else(world):
    help_by_member(world.ada_account, world.joe)
    HelpRecordFactory(contact=world.joe, interaction__channel=world.forum)  # the same person again, by staff
    HelpRecordFactory(contact=world.eve, interaction__channel=world.forum, outcome="helped")
    help_by_member(world.joe_account, world.joe)  # to himself
    HelpRecordFactory(interaction__channel=world.forum, outcome="not_solved")
    HelpRecordFactory(interaction__channel=world.forum, outcome="referred")
    HelpRecordFactory(interaction__channel=world.forum, outcome="unknown")
    HelpRecordFactory(interaction__channel=world.forum, withdrawn_at=NOW)
    HelpRecordFactory(interaction__channel=world.forum, interaction__retracted_at=NOW)

    assert social("communities")["school"].people_helped == 2
    assert social("channels")["forum"].people_helped == 2
    assert report("summary").total.social.people_helped == 2


def test_help_to_oneself_is_seen_through_merges_and_accounts(world):
    second_account = MemberFactory(channel=world.forum, contact__merged_into=world.joe)
    help_by_member(second_account, world.joe)
    help_by_member(second_account, world.ada)

    assert social("communities")["school"].people_helped == 1
    assert social("members", view="helper")[world.joe.pk].people_helped == 1


def test_help_by_ones_own_login_is_help_to_oneself(world):
    login = UserFactory()
    second_record = ContactFactory(merged_into=world.joe)
    Colleague.objects.create(user=login, contact=second_record)
    HelpRecordFactory(contact=world.joe, helper_user=login, interaction__channel=world.forum, rating=5)
    HelpRecordFactory(contact=world.ada, helper_user=login, interaction__channel=world.forum, rating=3)
    answered_thread(world, by=None, user=login, mark="confirmed_answer")
    answered_thread(world, by=None, user=login, opened_by=world.ada_account, mark="confirmed_answer")

    found = social("communities")["school"]

    assert counts(found) == (1, 1)
    assert (found.mean_rating.value, found.mean_rating.n) == (Decimal(3), 1)


def test_two_contacts_merged_are_one_person_helped(world):
    help_by_member(world.ada_account, world.joe)
    help_by_member(world.ada_account, world.eve)
    world.eve.merged_into = world.joe
    world.eve.save()

    assert social("communities")["school"].people_helped == 1


def test_bots_help_nobody_and_staff_have_no_row(world):
    bot = MemberFactory(channel=world.forum)
    MemberRoleFactory(member=bot, role="bot")
    help_by_member(bot, world.joe)
    answered_thread(world, by=bot)
    moderator = MemberFactory(channel=world.forum)
    MemberRoleFactory(member=moderator, role="staff", since=datetime(2026, 3, 1, tzinfo=UTC))
    help_by_member(moderator, world.eve)
    help_by_member(moderator, world.ada, at=datetime(2026, 2, 1, tzinfo=UTC))  # before he joined the staff

    assert counts(social("communities")["school"]) == (2, 0)
    assert {person: row.people_helped for person, row in social("members", view="helper").items()} == {
        moderator.contact_id: 1
    }


def test_questions_answered_are_threads_with_another_persons_accepted_or_confirmed_answer(world):
    both = answered_thread(world, by=world.ada_account)
    both.confirmed_answer = both.accepted_answer
    both.save()
    answered_thread(world, by=world.ada_account, mark="confirmed_answer")
    answered_thread(world, by=None, user=UserFactory(), mark="confirmed_answer")  # by staff
    answered_thread(world, by=None)  # the author's account is gone
    answered_thread(world, by=world.joe_account)  # his own answer
    answered_thread(world, by=world.ada_account, retracted_at=NOW)
    answered_thread(world, by=world.ada_account, deleted_at=NOW)  # deleted, but it happened
    ThreadFactory(channel=world.forum, opened_by=world.joe_account)

    assert social("communities")["school"].questions_answered == 5
    assert social("members")[world.joe.pk].questions_answered == 5
    assert social("members", view="helper")[world.ada.pk].questions_answered == 3


def test_mean_rating_leaves_the_unrated_out(world):
    for rating in (5, 4, 4, None):
        HelpRecordFactory(interaction__channel=world.forum, rating=rating)
    HelpRecordFactory(interaction__channel=world.forum, rating=2, outcome="not_solved")
    help_by_member(world.joe_account, world.joe, rating=1)  # to himself: counts nowhere

    mean = social("channels")["forum"].mean_rating

    assert (mean.value, mean.n) == (Decimal("3.75"), 4)  # (5 + 4 + 4 + 2) / 4


def test_cost_per_person_helped(world):
    for _ in range(4):
        HelpRecordFactory(interaction__channel=world.forum)
    add_cost_days(CostFactory(community=world.school), {date(2026, 3, 1): 5000})

    assert social("communities")["school"].cost_per_person_helped.value == Decimal("12.5")
    assert social("channels")["forum"].cost_per_person_helped.value == Decimal(0)


@pytest.mark.parametrize(
    ("measure", "target", "measured", "attained"),
    [
        ("people_helped", "4", "2", "0.5"),
        ("questions_answered", "1", "1", "1"),
        ("mean_rating", "4", "4.5", "1.125"),
        ("cost_per_person_helped", "20", "25", "1.25"),
    ],
)
def test_purpose_is_measured_against_its_target(world, measure, target, measured, attained):
    world.school.purpose_measure, world.school.target = measure, Decimal(target)
    world.school.save()
    HelpRecordFactory(interaction__channel=world.forum, rating=5)
    HelpRecordFactory(interaction__channel=world.forum, rating=4)
    answered_thread(world, by=world.ada_account)
    add_cost_days(CostFactory(channel=world.forum), {date(2026, 3, 1): 5000})

    [row] = report("communities").rows

    assert row.purpose.measure == measure
    assert row.purpose.measured.value == Decimal(measured)
    assert row.purpose.attainment.value == Decimal(attained)


def test_help_counts_for_the_campaign_that_its_utm_code_names(world):
    spring, autumn = CampaignFactory(code="Spring"), CampaignFactory(code="autumn")
    HelpRecordFactory(interaction__utm_campaign="sPRING")
    HelpRecordFactory(interaction__utm_campaign="spring", interaction__campaign=autumn)  # the explicit one wins
    HelpRecordFactory(interaction__utm_campaign="nobody-knows")

    assert {code: row.people_helped for code, row in social("campaigns").items()} == {"Spring": 1, "autumn": 1}
    assert report("campaigns").total.social.people_helped == 3
    assert spring.code == "Spring"


def test_period_of_social_figures_is_cut_in_the_organisations_zone(world, settings):
    settings.KITH_TIME_ZONE = "Europe/Copenhagen"
    for at in (
        datetime(2026, 10, 24, 21, 59, 59, 999999, tzinfo=UTC),  # the last instant of 24 October
        datetime(2026, 10, 24, 22, 0, tzinfo=UTC),  # the first of 25 October, a day of 25 hours
        datetime(2026, 10, 25, 22, 59, 59, 999999, tzinfo=UTC),  # its last
        datetime(2026, 10, 25, 23, 0, tzinfo=UTC),  # the first of 26 October
    ):
        HelpRecordFactory(interaction__channel=world.forum, interaction__occurred_at=at)

    day = report("channels", start=date(2026, 10, 25), end=date(2026, 10, 26))

    assert day.total.social.people_helped == 2


def test_members_as_customers_show_the_help_they_got(world):
    help_by_member(world.ada_account, world.joe, rating=5)
    HelpRecordFactory(contact=world.joe, rating=4)

    joe = social("members")[world.joe.pk]

    assert joe.people_helped == 1
    assert joe.mean_rating.value == Decimal("4.5")
    assert world.ada.pk not in social("members")
