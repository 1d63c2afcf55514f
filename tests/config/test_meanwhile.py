"""
Two people, or somebody and a source, at one record: a form writes what was changed in it, and loses nothing of others.

A form is opened, the record is written by another way, and the form is sent as a browser sends it: with what it showed.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Contact, ContactPoint
from tests.admin_forms import errors_of, posted, sent_by
from tests.config.test_admin_pages import PAGES, address
from tests.config.test_mass_assignment import CHANGEABLE, client_of, everything, form_of
from tests.factories.community import ChannelFactory, CommunityFactory, UserFactory
from tests.factories.crm import (
    CampaignFactory,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    EmailFactory,
    FollowUpFactory,
    NoteFactory,
)

pytestmark = pytest.mark.django_db

NOTED = dt.datetime(2026, 4, 1, 9, 30, 15, 123_456, tzinfo=dt.UTC)
AGAIN = "– Save again to put yours instead."


def staff(name: str) -> Client:
    first, last = name.split()
    client = Client()
    client.force_login(User.objects.create_superuser(first.lower(), first_name=first, last_name=last))
    return client


@pytest.fixture
def ana() -> Client:
    return staff("Ana Whelan")


@pytest.fixture
def dan() -> Client:
    return staff("Dan Lind")


def details_of(contact: Contact) -> str:
    return reverse("admin:crm_contact_change", args=[contact.pk]) + "?tab=details"


def said(answer: HttpResponse) -> list[str]:
    return [str(message) for message in answer.wsgi_request._messages]


def test_an_old_form_lifts_no_wish_and_takes_nothing_back_that_came_meanwhile(dan: Client):
    contact = ContactFactory(full_name="Joe Bloggs", stage="lead")
    page = dan.get(details_of(contact))
    company = CompanyFactory(name="Acme")
    Contact.objects.filter(pk=contact.pk).update(
        do_not_contact=True,
        do_not_contact_noted_at=NOTED,
        tags=["vip"],
        stage="customer",
        full_name="Joseph Bloggs",
        company=company,
        custom_fields={"plan": "gold"},
        birth_year=1980,
    )

    answer = dan.post(details_of(contact), posted(page, preferred_name="Joey"))

    assert answer.status_code == 302, errors_of(answer)
    contact.refresh_from_db()
    assert (contact.preferred_name, contact.full_name, contact.stage) == ("Joey", "Joseph Bloggs", "customer")
    assert (contact.do_not_contact, contact.do_not_contact_noted_at) == (True, NOTED)
    assert (contact.tags, contact.company, contact.birth_year) == (["vip"], company, 1980)
    assert contact.custom_fields == {"plan": "gold"}
    assert said(answer)[0] == (
        "Others changed this while you had the page open, and their values were kept: "
        "Full name, Company, Stage, Do not contact, Tags, Birth year, Custom fields."
    )


def test_what_both_changed_is_refused_once_with_who_wrote_what_and_nothing_typed_is_lost(ana: Client, dan: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    page = dan.get(details_of(contact))
    ana.post(details_of(contact), posted(ana.get(details_of(contact)), full_name="Joseph Bloggs", tags="vip"))

    refused = dan.post(details_of(contact), posted(page, full_name="Jo Bloggs", preferred_name="Jo"))

    assert errors_of(refused) == {
        "full_name": [f"Ana Whelan changed this while you had it open. It is now: Joseph Bloggs {AGAIN}"]
    }
    assert Contact.objects.get(pk=contact.pk).full_name == "Joseph Bloggs"
    again = posted(refused)
    assert (again["full_name"], again["preferred_name"], again["tags"]) == ("Jo Bloggs", "Jo", "vip")
    assert dan.post(details_of(contact), again).status_code == 302
    contact.refresh_from_db()
    assert (contact.full_name, contact.preferred_name, contact.tags) == ("Jo Bloggs", "Jo", ["vip"])


def test_what_both_changed_to_the_same_is_not_refused(dan: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    page = dan.get(details_of(contact))
    Contact.objects.filter(pk=contact.pk).update(full_name="Joseph Bloggs")

    assert dan.post(details_of(contact), posted(page, full_name="Joseph Bloggs")).status_code == 302


def test_a_refusal_tells_values_as_the_form_shows_them(dan: Client):
    contact = ContactFactory(tags=["vip"], country="IE", company=CompanyFactory(name="Acme"))
    page = dan.get(details_of(contact))
    Contact.objects.filter(pk=contact.pk).update(
        tags=["vip", "course"],
        country="FR",
        company=CompanyFactory(name="Bolt"),
        custom_fields={"plan": "gold"},
        birth_year=None,
        stage="customer",
    )

    refused = dan.post(
        details_of(contact),
        posted(page, tags="x", country="DE", company="", custom_fields='{"plan": 1}', stage="audience"),
    )

    assert {name: re.sub(r".*open\. | –.*", "", text) for name, (text,) in errors_of(refused).items()} == {
        "tags": "It is now: vip, course",
        "country": "It is now: France",
        "custom_fields": 'It is now: {"plan": "gold"}',
        "stage": "It is now: customer",
        "company": "It is now: Bolt",
    }


def test_rows_on_a_page_keep_what_was_written_meanwhile_too(dan: Client):
    contact = ContactFactory()
    point = EmailFactory(contact=contact, raw="joe@example.com", normalised="joe@example.com")
    other = EmailFactory(contact=contact, raw="old@example.com", normalised="old@example.com")
    consent = ConsentFactory(contact=contact, purpose="newsletter")
    page = dan.get(details_of(contact))
    ContactPoint.objects.filter(pk=point.pk).update(verified_at=NOTED, verified_by="shop")
    ContactPoint.objects.filter(pk=other.pk).update(raw="new@example.com", normalised="new@example.com")
    consent.withdrawn_at = NOTED
    consent.save()

    changes = {"consents-0-source": "form", "points-0-raw": "joe@example.org", "points-1-raw": "mine@example.com"}
    refused = dan.post(details_of(contact), posted(page, **changes))

    assert errors_of(refused) == {
        "points-1-raw": [f"Somebody changed this while you had it open. It is now: new@example.com {AGAIN}"]
    }
    assert dan.post(details_of(contact), posted(refused)).status_code == 302
    point.refresh_from_db()
    other.refresh_from_db()
    consent.refresh_from_db()
    assert (point.raw, point.normalised, point.verified_at) == ("joe@example.org", "joe@example.org", NOTED)
    assert other.normalised == "mine@example.com"
    assert (consent.source, consent.withdrawn_at) == ("form", NOTED)


def test_a_note_that_two_edit_is_refused_once_with_what_the_other_wrote(ana: Client, dan: Client):
    note = NoteFactory(text="Rang.")
    edit = reverse("admin:crm_note_edit", args=[note.pk])
    form = dan.get(edit).context["form"]
    ana.post(edit, sent_by(ana.get(edit).context["form"], text="Rang, and wrote.", is_pinned="on"))

    refused = dan.post(edit, sent_by(form, text="Rang twice."))

    assert refused.context["form"].errors == {
        "text": [f"Ana Whelan changed this while you had it open. It is now: Rang, and wrote. {AGAIN}"]
    }
    again = sent_by(refused.context["form"])
    assert again["text"] == "Rang twice."
    dan.post(edit, again)
    note.refresh_from_db()
    assert (note.text, note.is_pinned) == ("Rang twice.", True)


def test_an_old_form_of_a_follow_up_leaves_who_it_was_given_to(dan: Client):
    task = FollowUpFactory(what="Call", assigned_to=None)
    edit = reverse("admin:crm_followup_edit", args=[task.pk])
    form = dan.get(edit).context["form"]
    mia = UserFactory()
    type(task).objects.update(assigned_to=mia, due_on=dt.date(2026, 5, 1))

    dan.post(edit, sent_by(form, what="Call back"))

    task.refresh_from_db()
    assert (task.what, task.assigned_to, task.due_on) == ("Call back", mia, dt.date(2026, 5, 1))


def test_a_form_that_says_nothing_of_what_it_showed_goes_by_what_stands_there(dan: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    page = dan.get(details_of(contact))
    for text in (None, "{", "\x00", "[", "1e999", '{"a": 1}', "[" * 10_000):
        data = posted(page, preferred_name="Joey")
        kept = {name: value for name, value in data.items() if not name.startswith("initial-")}
        sent = {} if text is None else {name: text for name in data if name.startswith("initial-")}
        answer = dan.post(details_of(contact), kept | sent)
        assert answer.status_code in (200, 302), text
    contact.refresh_from_db()
    assert (contact.full_name, contact.preferred_name) == ("Joe Bloggs", "Joey")


# By which way a record is written while its form is open: column by column, every kind of field that forms have.
def meanwhile() -> dict[str, dict[str, Any]]:
    campaign, channel = CampaignFactory(code="other"), ChannelFactory(slug="other")
    return {
        "auth.user": {"first_name": "Mia", "is_active": False},
        "crm.company": {"name": "Bolt"},
        "crm.note": {"text": "  Rang.\n", "is_pinned": True},
        "crm.followup": {"what": "Call", "due_on": dt.date(2026, 5, 1), "assigned_to": UserFactory()},
        "crm.campaign": {"name": "Spring", "ends_on": dt.date(2027, 5, 1), "parent": campaign, "owner": None},
        "crm.conversion": {"amount": Decimal("12.34"), "occurred_at": NOTED, "order_number": "HL-1"},
        "crm.consent": {"withdrawn_at": NOTED, "source": "form"},
        "community.community": {"name": "Other"},
        "community.channel": {"name": "Other", "community": CommunityFactory()},
        "community.member": {"handle": "joe_2", "followers": 7, "joined_at": NOTED},
        "community.thread": {"title": "Other", "topic": "t", "channel": channel},
        "community.interaction": {"text": " Other\r\n", "is_private": True, "occurred_at": NOTED, "campaign": campaign},
        "community.helprecord": {"topic": "t", "minutes": 7, "rating": 2, "outcome": "solved", "note": "n"},
    }


@pytest.mark.parametrize("label", sorted({*CHANGEABLE} - {"community.cost"}))  # a cost is replaced, never changed
def test_a_form_sent_as_it_was_shown_writes_nothing(label: str):
    client = client_of("")
    record = PAGES[label].make(1)
    page = client.get(form_of(record))
    client.post(form_of(record), posted(page))  # what is searched by follows
    changes = meanwhile().get(label, {})
    if changes:
        type(record)._default_manager.filter(pk=record.pk).update(**changes)
    before = everything()

    answer = client.post(form_of(record), posted(page))

    assert answer.status_code == 302, errors_of(answer)
    assert everything() ^ before == set()


def test_what_a_form_showed_is_in_the_page_once_for_each_field_and_never_a_secret(dan: Client):
    user = UserFactory()
    page = dan.get(address("auth.user", "change", user.pk)).content.decode()

    hidden = re.findall(r'<input type="hidden" name="initial-([a-z_0-9]+)"', page)

    assert len(hidden) == len(set(hidden))
    assert "password" not in hidden
    assert {"username", "first_name", "groups", "user_permissions", "is_active"} <= set(hidden)


def test_groups_of_a_user_that_both_changed_are_told(dan: Client):
    user = UserFactory()
    first, second = Group.objects.create(name="First"), Group.objects.create(name="Second")
    change = address("auth.user", "change", user.pk)
    page = dan.get(change)
    user.groups.add(first)

    kept = dan.post(change, posted(page, first_name="Mia"))
    assert kept.status_code == 302, errors_of(kept)
    assert [*user.groups.all()] == [first]
    refused = dan.post(change, posted(page, groups=[second.pk]))

    assert errors_of(refused)["groups"] == [f"Somebody changed this while you had it open. It is now: First {AGAIN}"]
    assert [*user.groups.all()] == [first]


def test_saving_writes_the_changed_columns_alone(dan: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    page = dan.get(details_of(contact))

    with CaptureQueriesContext(connection) as queries:
        dan.post(details_of(contact), posted(page, preferred_name="Joey"))

    (update,) = [each["sql"] for each in queries if 'UPDATE "crm_contact"' in each["sql"]]
    assert set(re.findall(r'"(\w+)" = ', update.split(" WHERE ")[0])) == {"preferred_name", "updated_at"}
