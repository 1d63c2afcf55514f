"""The database itself refuses what must never be, whoever writes: one row per constraint of community."""

import datetime as dt
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from psycopg.types.range import DateRange

from community.models import BusinessHours, Handling, Holiday, OpeningTime
from tests.factories.community import (
    ChannelFactory,
    ChannelSizeFactory,
    CommunityFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

FIRST = dt.date(2026, 3, 1)
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


def _twice(factory, **fields):
    factory(**fields)
    factory(**fields)


def _twice_on_a_channel(factory):
    _twice(factory, channel=ChannelFactory(), external_id="same")


def _one_helper():
    record = HelpRecordFactory()
    record.helper_member = MemberFactory()
    record.save()


def _hours(**fields):
    return BusinessHours.objects.create(**{"name": "Office", "is_default": False, **fields})


def _opening(**fields):
    given = {"hours": _hours(), "weekday": 0, "opens": dt.time(9), "closes": dt.time(17), **fields}
    return OpeningTime.objects.create(**given)


def _holiday_twice():
    hours = _hours()
    for _ in range(2):
        Holiday.objects.create(hours=hours, day=FIRST)


def _two_defaults():
    BusinessHours.objects.all().delete()
    for name in ("Office", "Shop"):
        _hours(name=name, is_default=True)


def _handling(**fields):
    return Handling.objects.create(interaction=InteractionFactory(), **fields)


REFUSED = {
    "community_businesshours_one_default": _two_defaults,
    "community_openingtime_weekday_known": lambda: _opening(weekday=7),
    "community_openingtime_closes_later": lambda: _opening(closes=dt.time(9)),
    "community_holiday_once": _holiday_twice,
    "community_handling_snooze_paired": lambda: _handling(snoozed_at=NOON),
    "community_handling_dismissal_has_a_reason": lambda: _handling(dismissed_at=NOON),
    "community_channel_target_of_a_minute": lambda: ChannelFactory(reply_target_minutes=0),
    "community_community_measure_known": lambda: CommunityFactory(purpose_measure="fun"),
    "community_community_target_not_negative": lambda: CommunityFactory(target=-1),
    "community_cost_amount_below_limit": lambda: CostFactory(amount=Decimal("549755813.888"), currency="KWD"),
    "community_cost_amount_not_negative": lambda: CostFactory(amount=-1),
    "community_cost_amount_whole_minor_units": lambda: CostFactory(amount=Decimal("0.001")),
    "community_cost_category_known": lambda: CostFactory(category="bribes"),
    "community_channelsize_once_a_day": lambda: _twice(ChannelSizeFactory, channel=ChannelFactory()),
    "community_cost_currency_iso_4217": lambda: CostFactory(currency="eu"),
    "community_cost_days_at_most_ten_years": lambda: CostFactory(
        days=DateRange(FIRST, FIRST + dt.timedelta(days=3661))
    ),
    "community_cost_days_bounded": lambda: CostFactory(days=DateRange(FIRST, FIRST)),
    "community_cost_delivery_known": lambda: CostFactory(delivery="robot"),
    "community_cost_hours_positive": lambda: CostFactory(hours=0),
    "community_cost_purpose_known": lambda: CostFactory(purpose="fun"),
    "community_cost_rate_needs_hours": lambda: CostFactory(hourly_rate=1),
    "community_cost_ref_paired": lambda: CostFactory(source=None),
    "community_cost_sharing_known": lambda: CostFactory(sharing="dice"),
    "community_cost_unique_ref": lambda: _twice(CostFactory, external_id="a1"),
    "community_cost_void_paired": lambda: CostFactory(void_reason="test"),
    "community_helprecord_one_helper": _one_helper,
    "community_helprecord_outcome_known": lambda: HelpRecordFactory(outcome="great"),
    "community_helprecord_rating_1_to_5": lambda: HelpRecordFactory(rating=6),
    "community_interaction_deleted_without_text": lambda: InteractionFactory(
        text="x", deleted_at=dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
    ),
    "community_interaction_direction_known": lambda: InteractionFactory(direction="sideways"),
    "community_interaction_external_id_not_empty": lambda: InteractionFactory(external_id=""),
    "community_interaction_kind_with_time": lambda: InteractionFactory(kind=None),
    "community_interaction_one_actor": lambda: InteractionFactory(user=UserFactory()),
    "community_interaction_one_addressee": lambda: InteractionFactory(
        to_member=MemberFactory(), to_contact=ContactFactory()
    ),
    "community_interaction_retract_paired": lambda: InteractionFactory(retract_reason="spam"),
    "community_interaction_unique_ref": lambda: _twice_on_a_channel(InteractionFactory),
    "community_member_external_id_not_empty": lambda: MemberFactory(external_id=""),
    "community_member_unique_ref": lambda: _twice_on_a_channel(MemberFactory),
    "community_memberrole_once_per_instant": lambda: _twice(MemberRoleFactory, member=MemberFactory(), since=None),
    "community_memberrole_role_known": lambda: MemberRoleFactory(role="king"),
    "community_thread_external_id_not_empty": lambda: ThreadFactory(external_id=""),
    "community_thread_unique_ref": lambda: _twice_on_a_channel(ThreadFactory),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_database_refuses(name):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        REFUSED[name]()

    assert refusal.value.__cause__.diag.constraint_name == name


def test_every_constraint_of_community_is_tried():
    models = apps.get_app_config("community").get_models()

    assert set(REFUSED) == {constraint.name for model in models for constraint in model._meta.constraints}


def test_help_stands_on_one_interaction_only():
    with pytest.raises(IntegrityError), transaction.atomic():
        HelpRecordFactory(interaction=HelpRecordFactory().interaction)


@pytest.mark.parametrize("factory", [CommunityFactory, ChannelFactory])
def test_slugs_are_taken_once(factory):
    with pytest.raises(IntegrityError), transaction.atomic():
        _twice(factory, slug="same")
