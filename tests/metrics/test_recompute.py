"""Full and incremental recompute by examples, with every number worked by hand."""

import datetime as dt
from decimal import Decimal

import pytest

from metrics.models import Credit
from metrics.recompute import recompute_all
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ConversionFactory
from tests.metrics.oracle import expected_tables, stored_tables

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


def amounts(conversion, model):
    return list(
        Credit.objects.filter(conversion=conversion).order_by("position").values_list(f"{model}_minor", flat=True)
    )


def test_linear_splits_100_over_3_touches_the_same_way_every_time():
    member = MemberFactory()
    for days in (3, 2, 1):
        InteractionFactory(member=member, channel=member.channel, occurred_at=NOON - dt.timedelta(days=days))
    order = ConversionFactory(contact=member.contact, amount=Decimal("100.00"), occurred_at=NOON)

    recompute_all(now=NOW)

    assert amounts(order, "linear") == [3333, 3333, 3334]
    assert expected_tables() == stored_tables()
