"""Which person a user is: said on the user's page, by whoever may change users."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from community.models import Colleague
from crm.personal_data.erasing import erase_person
from gateway.history import history_of
from tests.admin_clients import with_role
from tests.admin_forms import added, errors_of, posted
from tests.factories.community import UserFactory
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@pytest.fixture
def administrator() -> Client:
    return with_role("Administrator", username="olga")


def say(client: Client, user: User, contact: int):
    address = reverse("admin:auth_user_change", args=[user.pk])
    page = client.get(address)
    return client.post(address, {**posted(page), **added(page, "colleague", 0, contact=contact)})


def test_an_administrator_says_which_person_a_user_is(administrator: Client):
    bo, contact = UserFactory(username="bo", is_staff=True), ContactFactory(full_name="Bo Lund")

    assert say(administrator, bo, contact.pk).status_code == 302

    link = Colleague.objects.get()
    assert (link.user, link.contact) == (bo, contact)
    (entry,) = history_of(link)
    assert (entry.kind, entry.who) == ("created", "olga")
    assert "Bo Lund" in administrator.get(reverse("admin:auth_user_change", args=[bo.pk])).content.decode()
    assert "colleague" not in administrator.get(reverse("admin:auth_user_add")).content.decode()


def test_no_user_is_somebody_who_was_erased(administrator: Client):
    bo, contact = UserFactory(is_staff=True), ContactFactory()
    erase_person(contact_id=contact.pk, reason="asked", now=NOW, through="admin")

    refused = say(administrator, bo, contact.pk)

    assert set(errors_of(refused)) == {"colleague-0-contact"}
    assert not Colleague.objects.exists()


def test_an_erasure_takes_the_link_along():
    contact = ContactFactory()
    link = Colleague.objects.create(user=UserFactory(), contact=contact)

    erase_person(contact_id=contact.pk, reason="asked", now=NOW, through="admin")

    assert not Colleague.objects.exists()
    assert history_of(link) == []
