"""What moves people is shown while they agree to it."""

import html
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from crm.contact_page import contact_header, records_of
from crm.models import Contact, ContactPoint, Merge
from gateway.history import entries_of, events_of
from tests.admin_clients import logged_in
from tests.api_clients import client_with
from tests.factories.crm import ConsentFactory, ContactFactory

pytestmark = pytest.mark.django_db

TOLD = "Wants to run the payroll himself."
GRANTED, WITHDRAWN = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def joe() -> Contact:
    return ContactFactory(full_name="Joe Bloggs", motivation=TOLD)


def shown(contact: Contact) -> set[str | None]:
    """Return what the page and the API say; one of them where they agree."""
    api = client_with("contacts:read")
    header = contact_header(records_of(contact.pk), may=lambda permission: False)
    return {
        header.motivation,
        api.get(f"/api/v1/contacts/{contact.pk}/").json()["motivation"],
        *(row["motivation"] for row in api.get("/api/v1/contacts/", {"person_id": contact.pk}).json()["results"]),
        api.get(f"/api/v1/contacts/{contact.pk}/overview/").json()["motivation"],
    }


def test_without_a_consent_it_is_kept_from_everybody(joe):
    ConsentFactory(contact=joe, purpose="newsletter")
    ConsentFactory(contact=ContactFactory(), purpose="profiling")

    assert shown(joe) == {None}


def test_it_is_shown_while_the_person_agrees_on_whichever_record(joe):
    consent = ConsentFactory(contact=ContactFactory(merged_into=joe), purpose="profiling", granted_at=GRANTED)
    assert shown(joe) == {TOLD}

    consent.withdrawn_at = WITHDRAWN
    consent.save()

    assert shown(joe) == {None}
    assert Contact.objects.get(pk=joe.pk).motivation == TOLD  # and comes back with the next consent


def test_where_nothing_is_known_nothing_is_hidden():
    assert shown(ContactFactory(full_name="Ada")) == {""}


def test_the_purpose_is_the_companys_own_word(joe, settings):
    settings.KITH_MOTIVATION_CONSENT = "Getting to know you"
    ConsentFactory(contact=joe, purpose="getting to know you")

    assert contact_header(records_of(joe.pk), may=lambda permission: False).motivation == TOLD


def test_the_form_neither_shows_nor_takes_it_without_a_consent(joe, admin_client):
    address = f"/admin/crm/contact/{joe.pk}/change/?tab=details"
    assert "motivation" not in admin_client.get(address).content.decode()
    assert "motivation" not in admin_client.get("/admin/crm/contact/add/").content.decode()

    ConsentFactory(contact=joe, purpose="profiling")

    assert TOLD in admin_client.get(address).content.decode()


def test_the_page_says_that_there_is_something_to_ask_for(joe, admin_client):
    said = "shown once they agree to “profiling”"
    assert said in admin_client.get(f"/admin/crm/contact/{joe.pk}/change/").content.decode()

    ConsentFactory(contact=joe, purpose="profiling")

    page = admin_client.get(f"/admin/crm/contact/{joe.pk}/change/").content.decode()
    assert (said in page, TOLD in page) == (False, True)


def test_the_consent_is_offered_where_wishes_are_noted(joe, admin_client):
    page = admin_client.get(f"/admin/crm/contact/{joe.pk}/wishes/").content.decode()

    assert '<option value="profiling">' in page


def everything_said(contact: Contact, other: Contact) -> str:
    """Return all that pages and the API say of what changed, of joining with `other`, and of taking that apart."""
    admin = logged_in(User.objects.create_superuser(f"chief-{contact.pk}"))
    api = client_with("contacts:read", "contacts:merge")
    admin_page, api_page = f"/admin/crm/contact/{contact.pk}", f"/api/v1/contacts/{contact.pk}"
    said = [
        admin.get(f"{admin_page}/change/"),
        admin.get(f"{admin_page}/history/"),
        admin.get(f"{admin_page}/merge/?with={other.pk}"),
        api.get(f"{api_page}/timeline/"),
        api.get(f"{api_page}/merge-preview/", {"with": other.pk}),
        api.post(f"{api_page}/merge/", {"loser": other.pk, "fields": {"motivation": "loser"}}),
    ]
    merge = Merge.objects.get(survivor=contact)
    Merge.objects.filter(pk=merge.pk).update(reason="the same person")
    said += [
        admin.get(f"/admin/crm/merge/{merge.pk}/change/"),
        admin.get(f"/admin/crm/merge/{merge.pk}/history/"),
        admin.get(f"/admin/crm/contact/{other.pk}/unmerge/"),
        api.post(f"/api/v1/contacts/{other.pk}/unmerge/", {}),
    ]
    assert {answer.status_code for answer in said} == {200}
    return "".join(html.unescape(answer.content.decode()) for answer in said)


def test_what_changed_and_what_a_merge_does_say_that_it_is_known_and_not_what(joe):
    Contact.objects.filter(pk=joe.pk).update(motivation="Wants to leave his job.")
    other = ContactFactory(full_name="J. Bloggs", motivation="Wants a certificate.")

    said = everything_said(joe, other)

    assert "Wants" not in said
    assert said.count("changed, not shown") == 5  # twice in the history and in the timeline, once in that of the merge
    assert said.count("on record, not shown") >= 6


def test_they_say_it_to_everybody_where_the_person_agrees(joe):
    Contact.objects.filter(pk=joe.pk).update(motivation="Wants to leave his job.")
    other = ContactFactory(full_name="J. Bloggs", motivation="Wants a certificate.")
    for contact in (joe, other):
        ConsentFactory(contact=contact, purpose="profiling")

    said = everything_said(joe, other)

    assert said.count(TOLD) >= 3
    assert said.count("Wants a certificate.") >= 6
    assert "not shown" not in said


def test_it_stays_kept_when_the_contact_is_gone(joe):
    events = list(events_of(Contact).filter(pgh_obj=joe.pk))
    ContactPoint.objects.filter(contact=joe).delete()
    Contact.objects.filter(pk=joe.pk).delete()

    entries = entries_of([(event, None) for event in events])

    told = [(change.before, change.after) for change in entries[0].changes if change.label == "motivation"]
    assert told == [(None, "changed, not shown")]
