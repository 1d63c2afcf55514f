"""The page People: there at once, its figures following from an address of their own."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Contact
from metrics.panels.place import KnownPeople
from metrics.recompute import recompute_all
from tests.factories.community import (
    ChannelFactory,
    ChannelSizeFactory,
    InteractionFactory,
    MemberFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}


@pytest.fixture
def client():
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def forum():
    """Joe and three handles alone; Joe asked, looked at a help page, and bought three days later."""
    forum = ChannelFactory(slug="forum", name="Forum")
    ChannelSizeFactory(channel=forum, people=8)
    joe = MemberFactory(channel=forum, contact=ContactFactory(full_name="Joe"))
    MemberFactory.create_batch(3, channel=forum)
    for kind in ("question", "question", "help_view"):
        InteractionFactory(channel=forum, member=joe, kind=kind, occurred_at=NOON)
    ConversionFactory(contact=joe.contact, occurred_at=NOON + dt.timedelta(days=3))
    recompute_all(now=NOON)
    return forum


def test_page_is_there_without_its_figures_and_names_their_address(client, forum):
    page = client.get(reverse("about-people"), MARCH).content.decode()

    assert f"{reverse('about-people-figures')}?start=2026-03-01&amp;end=2026-03-31" in page
    assert "Identified" not in page


def test_figures_of_the_period(client, forum):
    answer = client.get(reverse("about-people-figures"), MARCH)

    shown = {figure.label: (figure.value, figure.note) for figure in answer.context["figures"]}
    assert shown == {
        "Time to convert, days": (3, "median of 1"),
        "90 % converted within, days": (3, ""),
        "Engaged among the best customers": (None, "Fewer than ten customers had revenue"),
        "Self-service score": (1, "1 looked at help pages, 1 raised a question"),
    }
    known, by_country, by_age, _, by_channel, by_community = answer.context["tables"]
    assert [row.values for row in by_country.rows] == [("unknown", 1, 1)]
    assert by_age.title == "Active people by age"
    assert [row.values for row in known.rows] == [("Forum", 8, dt.date(2026, 3, 1), 1, 0.125)]
    labels = ["Channel", "Interactions", "Share", "Question", "Help page view"]
    assert [column.label for column in by_channel.columns] == labels
    assert [[str(round(value, 4)) for value in row.values[1:]] for row in by_channel.rows] == [
        ["3", "1.0000", "0.6667", "0.3333"]
    ]
    assert [row.values[1] for row in by_community.rows] == [3]
    (chart,) = answer.context["charts"]
    assert (chart.labels, [series.values for series in chart.series]) == (["Forum"], [[8], [1]])


def test_small_groups_are_told_apart_to_whoever_may_see_contacts(client, forum):
    Contact.objects.filter(full_name="Joe").update(country="IE", language="pt-BR", birth_year=1990)
    analyst, reader = UserFactory(is_staff=True), UserFactory(is_staff=True)
    for user, codenames in ((analyst, ["view_credit", "view_contact"]), (reader, ["view_credit"])):
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))

    def told(user):
        client.force_login(user)
        tables = {table.title: table for table in client.get(reverse("about-people-figures"), MARCH).context["tables"]}
        return [tables[f"Active people by {what}"].rows[0].values[:2] for what in ("age", "country", "language")]

    assert told(analyst) == [("35–44", 1), ("Ireland", 1), ("Portuguese", 1)]
    charts = {chart.title: chart for chart in client.get(reverse("about-people-figures"), MARCH).context["charts"]}
    assert charts["Active people by age, of those who say"].labels == ["35–44"]
    assert told(reader) == [("other", 1)] * 3


def test_period_without_anything_says_so(client, forum):
    page = client.get(reverse("about-people-figures"), {"start": "2025-03-01", "end": "2025-03-31"}).content.decode()

    assert "No member of the community did anything in this period." in page
    assert "No size of the channel is known by then" in page
    assert "Nobody converted for the first time after a touch" in page


def test_page_asks_few_questions_however_many_channels_there_are(client, forum):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("about-people-figures"), MARCH)
        return len(asked)

    queries()
    before = queries()
    for channel in ChannelFactory.create_batch(5):
        InteractionFactory(channel=channel, occurred_at=NOON)

    assert queries() == before <= 25


def test_channels_page_says_how_many_of_its_people_are_known(forum):
    empty = ChannelFactory()

    panel = KnownPeople().load([forum.pk, empty.pk], now=NOON, may=lambda permission: True)

    def shown(pk):
        return [(figure.value, figure.note) for figure in panel[pk].figures]

    assert shown(forum.pk) == [(0.125, ""), (1, ""), (8, "on 1 Mar 2026")]
    assert shown(empty.pk) == [
        (None, "No size of the channel is known by then"),
        (0, ""),
        (None, "No size is known"),
    ]
