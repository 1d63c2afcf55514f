"""Contacts through the batch: references, addresses, consents, search text, history."""

import datetime as dt

import pytest

from crm.models import Company, Consent, Contact, ContactPoint, ContactRef
from gateway.batches import InUse
from gateway.collections import collections
from tests.api_clients import client_with
from tests.factories.community import UserFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory
from tests.sending import NOW, codes, row_versions, send, send_one, statuses

pytestmark = pytest.mark.django_db


def contact(external_id="c1", **fields):
    return {"source": "shop", "external_id": external_id, **fields}


def addresses(kind="email"):
    return list(ContactPoint.objects.filter(kind=kind).order_by("id").values_list("raw", "normalised"))


def test_every_field_is_stored():
    UserFactory(username="ana")

    send_one(
        "contacts",
        **contact(
            full_name="Joe Bloggs",
            preferred_name="Joe",
            email="Joe@Example.com",
            phone="+44 20 7946 0000",
            company={"source": "shop", "external_id": "f1"},
            owner="ana",
            stage="customer",
            tags=["vip", "café"],
            custom_fields={"shoe size": 42, "nested": [{"a": None}]},
            motivation="wants to teach",
            language="da",
            time_zone="Europe/Copenhagen",
            country="DK",
            birth_year=1984,
            do_not_contact=True,
        ),
    )

    stored = Contact.objects.get()
    assert (stored.full_name, stored.preferred_name, stored.stage) == ("Joe Bloggs", "Joe", "customer")
    assert (stored.owner.username, stored.company.external_id) == ("ana", "f1")
    assert (stored.tags, stored.custom_fields) == (["vip", "café"], {"shoe size": 42, "nested": [{"a": None}]})
    assert (stored.motivation, stored.language) == ("wants to teach", "da")
    assert (stored.time_zone, stored.do_not_contact) == ("Europe/Copenhagen", True)
    assert (stored.country, stored.birth_year) == ("DK", 1984)
    assert stored.person_id == stored.pk
    assert addresses() == [("Joe@Example.com", "joe@example.com")]
    assert addresses("phone") == [("+44 20 7946 0000", "+442079460000")]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("country", "ie", "unknown_country"),
        ("country", "XX", "unknown_country"),
        ("country", "IRL", "too_long"),
        ("birth_year", 1899, "out_of_range"),
        ("birth_year", 2101, "out_of_range"),
        ("birth_year", "1984", "not_whole"),
    ],
)
def test_what_people_say_of_themselves_is_a_country_and_a_year(field, value, code):
    [outcome] = send("contacts", contact(**{field: value})).results

    assert codes(outcome) == [(field, code)]
    assert not Contact.objects.exists()


def test_what_people_say_of_themselves_can_be_taken_back():
    send_one("contacts", **contact(country="DK", birth_year=1984))
    send_one("contacts", **contact(country=None, birth_year=None))

    assert Contact.objects.values_list("country", "birth_year").get() == ("", None)


def test_null_clears_and_lists_replace():
    send_one(
        "contacts",
        **contact(
            full_name="Joe",
            tags=["a", "b"],
            custom_fields={"a": 1, "b": 2},
            email="joe@example.com",
            phone="+4520123456",
        ),
    )

    send_one("contacts", **contact(tags=["c"], custom_fields={"c": 3}, email=None))
    stored = Contact.objects.get()
    assert (stored.full_name, stored.tags, stored.custom_fields) == ("Joe", ["c"], {"c": 3})
    assert (addresses(), addresses("phone")) == ([], [("+4520123456", "+4520123456")])

    send_one("contacts", **contact(full_name=None, tags=None, custom_fields=None, phones=None))
    stored.refresh_from_db()
    assert (stored.full_name, stored.tags, stored.custom_fields, stored.search_text) == ("", [], {}, "")
    assert addresses("phone") == []


def test_company_that_is_not_known_yet_is_called_by_its_external_id_until_it_arrives():
    send_one("contacts", **contact(company={"source": "shop", "external_id": "f1"}))
    assert Company.objects.get().name == "f1"

    send_one("companies", source="shop", external_id="f1", name="Bloggs Ltd")
    assert Contact.objects.get().company.name == "Bloggs Ltd"


def test_unknown_owner_is_refused_and_leaves_nothing_behind():
    [outcome] = send("contacts", contact(owner="nobody")).results

    assert codes(outcome) == [("owner", "unknown_user")]
    assert not ContactRef.objects.exists()


# --- addresses ---


def verifications():
    points = ContactPoint.objects.order_by("raw")
    return [(raw, by, at and at.isoformat()) for raw, by, at in points.values_list("raw", "verified_by", "verified_at")]


def test_a_source_says_what_it_has_verified_and_takes_back_its_own_word_alone():
    said_at = {"source_updated_at": "2026-03-01T09:00:00Z"}
    at = "2026-03-01T09:00:00+00:00"
    item = contact(email="joe@example.com", email_verified=True, phone="+4520123456", phone_verified=False, **said_at)
    assert send_one("contacts", **item).status == "created"
    assert verifications() == [("+4520123456", "", None), ("joe@example.com", "shop", at)]
    before = row_versions()
    assert send_one("contacts", **item).status == "unchanged"
    assert send_one("contacts", **contact(email="joe@example.com")).status == "unchanged"
    assert send_one("contacts", **contact(emails=["joe@example.com"])).status == "unchanged"
    assert row_versions() == before

    assert send_one("contacts", **contact(phone="+4520123456", phone_verified=True, **said_at)).status == "updated"
    assert send_one("contacts", **contact(email="new@example.com", email_verified=True, **said_at)).status == "updated"
    assert verifications() == [("+4520123456", "shop", at), ("new@example.com", "shop", at)]

    ContactPoint.objects.filter(kind="email").update(verified_by="ana")
    assert send_one("contacts", **contact(email="new@example.com", email_verified=False)).status == "unchanged"
    assert send_one("contacts", **contact(phone="+4520123456", phone_verified=False)).status == "updated"
    assert verifications() == [("+4520123456", "", None), ("new@example.com", "ana", at)]


def test_what_is_verified_is_said_of_one_address():
    [alone] = send("contacts", contact(email_verified=True)).results
    [of_none] = send("contacts", contact(phone=None, phone_verified=True)).results
    assert (codes(alone), codes(of_none)) == (
        [("email_verified", "without_address")],
        [("phone_verified", "without_address")],
    )

    assert send_one("contacts", **contact(email_verified=False, emails=["first@example.com"])).status == "created"
    send("contacts", contact(email="old@example.com", email_verified=True), contact(email="joe@example.com"))
    assert verifications() == [("joe@example.com", "", None)]


def test_records_tell_which_addresses_are_verified():
    send_one("contacts", **contact(email="joe@example.com", email_verified=True, phone="+4520123456"))
    send_one("contacts", **contact(emails=["joe@example.com", "joe@home.example"]))

    def read(*scopes):
        [record] = client_with("contacts:read", *scopes).get("/api/v1/contacts/").json()["results"]
        return record["emails"], record["verified_emails"], record["verified_phones"]

    assert read("addresses:read") == (["joe@example.com", "joe@home.example"], ["joe@example.com"], [])
    assert read() == (None, None, None)


def test_single_address_takes_the_place_of_the_oldest_and_others_stay():
    send_one("contacts", **contact(emails=["first@example.com", "second@example.com"]))

    assert send_one("contacts", **contact(email="new@example.com")).status == "updated"
    assert [raw for raw, _ in addresses()] == ["second@example.com", "new@example.com"]

    assert send_one("contacts", **contact(email="second@example.com")).status == "unchanged"
    assert len(addresses()) == 2


def test_list_of_addresses_is_the_whole_list():
    send_one("contacts", **contact(emails=["a@example.com", "b@example.com", "A@example.com"]))
    assert [raw for raw, _ in addresses()] == ["a@example.com", "b@example.com"]

    send_one("contacts", **contact(emails=["b@example.com", "c@example.com"]))
    assert [raw for raw, _ in addresses()] == ["b@example.com", "c@example.com"]


def test_new_spelling_of_an_address_keeps_its_verification():
    send_one("contacts", **contact(email="joe@example.com"))
    ContactPoint.objects.update(verified_at=NOW, verified_by="mail")

    assert send_one("contacts", **contact(email="Joe@Example.COM")).status == "updated"
    assert ContactPoint.objects.values_list("raw", "verified_by").get() == ("Joe@Example.COM", "mail")


def test_changed_address_bumps_the_contact_and_its_search_text():
    send_one("contacts", **contact(full_name="Joe Bloggs", email="joe@example.com"))
    Contact.objects.update(updated_at=NOW)

    send_one("contacts", **contact(email="joseph@example.com"))

    stored = Contact.objects.get()
    assert stored.updated_at > NOW
    assert stored.search_text == "joe bloggs\njoseph@example.com"


def test_search_text_is_the_same_whether_it_was_written_at_once_or_in_steps():
    fields = {
        "full_name": "Ærø STRÖM",
        "preferred_name": "A\u030a",
        "email": "Joe@Example.com",
        "phone": "+45 20 12 34 56",
    }
    send_one("contacts", **contact("at once", **fields))
    for name, value in fields.items():
        send_one("contacts", **contact("in steps", **{name: value}))

    at_once, in_steps = Contact.objects.order_by("id").values_list("search_text", flat=True)
    assert at_once == in_steps == "aero strom\na\njoe@example.com\n+45 20 12 34 56\n+4520123456"


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        ("email", "joe", "invalid_email"),
        ("email", "joe@example.com\n", "invalid_email"),
        ("email", "", "invalid_email"),
        ("phone", "12", "invalid_phone"),
        ("phone", "call me", "invalid_phone"),
        ("emails", ["joe@example.com", "x"], "invalid_email"),
    ],
)
def test_wrong_address_is_refused(field, given, code):
    [outcome] = send("contacts", contact(**{field: given})).results

    assert [error.code for error in outcome.errors] == [code]
    assert outcome.errors[0].field.startswith(field)


def test_one_kind_of_address_is_said_in_one_way():
    [outcome] = send("contacts", contact(email="a@example.com", emails=[])).results

    assert codes(outcome) == [("email", "two_ways")]


# --- references ---


def test_several_references_lead_to_one_contact():
    send_one("contacts", **contact(full_name="Joe", refs=[{"source": "crm", "external_id": "9"}]))
    result = send_one("contacts", source="crm", external_id="9", full_name="Joseph")

    assert result.status == "updated"
    assert Contact.objects.get().full_name == "Joseph"
    assert sorted(ContactRef.objects.values_list("source", "external_id")) == [("crm", "9"), ("shop", "c1")]


def test_reference_is_added_and_never_taken_away():
    send_one("contacts", **contact(refs=[{"source": "crm", "external_id": "9"}]))

    assert send_one("contacts", **contact(refs=[])).status == "unchanged"
    assert ContactRef.objects.count() == 2


def test_items_of_one_batch_under_different_references_reach_the_same_contact():
    result = send(
        "contacts",
        {"source": "crm", "external_id": "9", "motivation": "teaching"},
        contact(full_name="Joe", refs=[{"source": "crm", "external_id": "9"}]),
    )
    again = send("contacts", {"source": "crm", "external_id": "9", "language": "da"}, contact(full_name="Joseph"))

    assert statuses(result) == ["updated", "created"]
    assert statuses(again) == ["updated", "updated"]
    assert Contact.objects.values_list("full_name", "motivation", "language").get() == ("Joseph", "teaching", "da")


def test_reference_of_another_contact_is_refused():
    send("contacts", contact("c1"), contact("c2"))

    result = send(
        "contacts", contact("c1", refs=[{"source": "shop", "external_id": "c2"}]), contact("c2", full_name="Ann")
    )

    assert statuses(result) == ["failed", "updated"]
    assert codes(result.results[0]) == [("refs", "ref_taken")]


def test_upsert_reaches_the_record_that_the_reference_leads_to_even_when_it_was_merged():
    survivor = ContactFactory(ref="c2")
    send_one("contacts", **contact("c1", full_name="Joe"))
    Contact.objects.filter(refs__external_id="c1").update(merged_into=survivor)

    send_one("contacts", **contact("c1", full_name="Joseph"))

    assert Contact.objects.get(refs__external_id="c1").full_name == "Joseph"
    assert Contact.objects.get(refs__external_id="c1").person_id == survivor.pk


# --- consents ---

GRANTED = {"purpose": "newsletter", "granted_at": "2026-01-01T00:00:00Z", "source": "form"}


def test_consents_are_added_and_withdrawn_but_never_removed():
    send_one("contacts", **contact(consents=[GRANTED]))
    send_one("contacts", **contact(consents=[GRANTED | {"purpose": "research"}]))
    assert send_one("contacts", **contact(consents=[])).status == "unchanged"
    assert (
        send_one("contacts", **contact(consents=[GRANTED | {"withdrawn_at": "2026-02-01T00:00:00Z"}])).status
        == "updated"
    )

    assert sorted(Consent.objects.values_list("purpose", "withdrawn_at")) == [
        ("newsletter", dt.datetime(2026, 2, 1, tzinfo=dt.UTC)),
        ("research", None),
    ]


def test_withdrawal_meets_its_consent_however_both_are_written():
    send_one("contacts", **contact(consents=[GRANTED | {"channel": "email"}, GRANTED]))

    again = [GRANTED | {"purpose": " Newsletter", "channel": "E-Mail"}]
    assert send_one("contacts", **contact(consents=again)).status == "unchanged"
    withdrawn = [GRANTED | {"purpose": "NEWSLETTER", "withdrawn_at": "2026-02-01T00:00:00Z"}]
    send_one("contacts", **contact(consents=withdrawn))

    stored = Consent.objects.order_by("channel").values_list("purpose", "channel", "withdrawn_at")
    assert [(purpose, channel, at is None) for purpose, channel, at in stored] == [
        ("newsletter", "", False),
        ("newsletter", "email", True),
    ]
    assert not Consent.objects.standing(now=NOW).exists()  # what was taken back for any channel is for this one too


def test_consent_withdrawn_before_it_was_granted_is_refused():
    item = contact(consents=[GRANTED | {"withdrawn_at": "2025-12-31T00:00:00Z"}])

    result = send("contacts", item, contact("c2"))

    assert statuses(result) == ["failed", "created"]
    assert codes(result.results[0]) == [("consents", "crm_consent_withdrawn_after_granted")]


# --- staleness, history, deletion ---


def test_stale_item_leaves_addresses_alone():
    send_one("contacts", **contact(email="new@example.com", source_updated_at="2026-03-02T09:00:00Z"))

    outcome = send_one("contacts", **contact(email="old@example.com", source_updated_at="2026-03-01T09:00:00Z"))

    assert (outcome.status, outcome.stale) == ("unchanged", True)
    assert addresses() == [("new@example.com", "new@example.com")]


def test_history_records_what_changed():
    pk = send_one("contacts", **contact(full_name="Joe", stage="customer")).id
    send_one("contacts", **contact(full_name="Joseph"))
    send_one("contacts", **contact(full_name="Joseph"))

    history = Contact.pgh_event_model.objects.filter(pgh_obj_id=pk).order_by("pgh_id")
    assert list(history.values_list("pgh_label", "full_name", "stage")) == [
        ("insert", "Joe", "customer"),
        ("update", "Joseph", "customer"),
    ]


def test_stage_is_what_was_said_whatever_the_contact_buys():
    pk = send_one("contacts", **contact(stage="lead")).id
    ConversionFactory(contact_id=pk)
    send_one("contacts", **contact(full_name="Joe"))

    assert Contact.objects.get().stage == "lead"


def test_delete_refuses_a_contact_in_use_and_takes_the_parts_of_others_along():
    free, used = EmailFactory().contact, ConversionFactory(contact=ContactFactory()).contact

    collections["contacts"].remove(free.pk, now=NOW)
    with pytest.raises(InUse) as refusal:
        collections["contacts"].remove(used.pk, now=NOW)

    assert (refusal.value.code, refusal.value.status) == ("in_use", 409)
    assert list(Contact.objects.values_list("pk", flat=True)) == [used.pk]
    assert not ContactPoint.objects.exists()
