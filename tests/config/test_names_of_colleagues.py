"""Colleagues are called by their names wherever a page shows one, not by their logins."""

import datetime as dt

import pytest

from community.help_offers import answers_to_mark
from community.panels import Help
from crm.duplicates.panel import SamePerson
from crm.merging.merge import merge
from crm.merging.preview import side_by_side
from tests.factories.community import HelpRecordFactory, InteractionFactory, UserFactory
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def anybody(permission: str) -> bool:
    return True


@pytest.fixture
def mia():
    return UserFactory(username="mk17", first_name="Mia", last_name="Kovač")


def merged_by(user):
    survivor, loser = ContactFactory(), ContactFactory()
    merge(survivor_id=survivor.pk, loser_id=loser.pk, by_user_id=user.pk, now=NOW)
    return survivor


def values_of(panel, pk):
    content = panel.load([pk], now=NOW, may=anybody)[pk]
    return [value for table in content.tables for row in table.rows for value in row.values]


def test_help_received_says_who_helped(mia):
    record = HelpRecordFactory(helper_user=mia)

    assert "Mia Kovač" in values_of(Help(), record.contact_id)


def test_records_of_a_person_say_who_joined_them(mia):
    assert "Mia Kovač" in values_of(SamePerson(), merged_by(mia).pk)


def test_answers_to_mark_as_help_say_who_answered(mia):
    joe = ContactFactory()
    InteractionFactory(member=None, user=mia, to_contact=joe, kind="direct_message")

    assert [offer.by for offer in answers_to_mark(joe.pk, may=anybody)] == ["Mia Kovač"]


def test_two_records_side_by_side_say_whose_they_are(mia):
    pair = side_by_side(ContactFactory(owner=mia).pk, ContactFactory().pk)

    assert "Mia Kovač" in str(pair.fields)
    assert "mk17" not in str(pair.fields)


@pytest.mark.parametrize("page", ["community/interaction", "crm/merge"])
def test_lists_say_who_did_it(mia, admin_client, page):
    merged_by(mia)
    InteractionFactory(member=None, user=mia)

    shown = admin_client.get(f"/admin/{page}/").content.decode()

    assert "Mia Kovač" in shown
    assert "mk17" not in shown
