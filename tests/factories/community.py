"""Channels, accounts and what happened there, with no more filled in than the database demands."""

import datetime as dt
from decimal import Decimal

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory
from psycopg.types.range import DateRange

from community.models import Channel, ChannelSize, Community, Cost, HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Contact
from tests.factories.crm import ContactFactory


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"user-{n}")


class CommunityFactory(DjangoModelFactory):
    class Meta:
        model = Community

    slug = factory.Sequence(lambda n: f"community-{n}")
    name = factory.Sequence(lambda n: f"Community {n}")


class ChannelFactory(DjangoModelFactory):
    class Meta:
        model = Channel

    slug = factory.Sequence(lambda n: f"channel-{n}")
    name = factory.Sequence(lambda n: f"Channel {n}")
    platform = "discourse"
    community = factory.SubFactory(CommunityFactory)


class ChannelSizeFactory(DjangoModelFactory):
    class Meta:
        model = ChannelSize

    channel = factory.SubFactory(ChannelFactory)
    day = dt.date(2026, 3, 1)
    people = 5_200


class MemberFactory(DjangoModelFactory):
    """An account with a contact of its own at stage audience."""

    class Meta:
        model = Member

    channel = factory.SubFactory(ChannelFactory)
    external_id = factory.Sequence(lambda n: f"member-{n}")
    contact = factory.SubFactory(ContactFactory, full_name="", stage=Contact.Stage.AUDIENCE)


class MemberRoleFactory(DjangoModelFactory):
    class Meta:
        model = MemberRole

    member = factory.SubFactory(MemberFactory)
    role = MemberRole.Role.STAFF


class ThreadFactory(DjangoModelFactory):
    class Meta:
        model = Thread

    channel = factory.SubFactory(ChannelFactory)
    external_id = factory.Sequence(lambda n: f"thread-{n}")


class InteractionFactory(DjangoModelFactory):
    """A question at nine on 2026-03-02 by a member of the same channel."""

    class Meta:
        model = Interaction

    channel = factory.SubFactory(ChannelFactory)
    external_id = factory.Sequence(lambda n: f"interaction-{n}")
    kind = "question"
    occurred_at = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    member = factory.SubFactory(MemberFactory, channel=factory.SelfAttribute("..channel"))


class HelpRecordFactory(DjangoModelFactory):
    """Help by a staff user, on an interaction of its own that is addressed to the contact."""

    class Meta:
        model = HelpRecord

    contact = factory.SubFactory(ContactFactory)
    helper_user = factory.SubFactory(UserFactory)
    interaction = factory.SubFactory(
        InteractionFactory,
        kind="help",
        member=None,
        user=factory.SelfAttribute("..helper_user"),
        to_contact=factory.SelfAttribute("..contact"),
        direction=Interaction.Direction.OUTBOUND,
    )
    outcome = HelpRecord.Outcome.SOLVED


class CostFactory(DjangoModelFactory):
    """Advertising for 100.00 EUR over March 2026, booked on nothing unless a scope is given."""

    class Meta:
        model = Cost

    source = "ads"
    external_id = factory.Sequence(lambda n: f"cost-{n}")
    category = Cost.Category.ADVERTISING
    amount = Decimal("100.00")
    currency = "EUR"
    days = DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
