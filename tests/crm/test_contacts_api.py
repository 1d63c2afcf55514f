"""What is particular to contacts over HTTP: finding them, merged ones, who wrote them."""

import json

import pghistory.models
import pytest

from crm.models import Contact, ContactPoint
from tests.api_clients import client_with
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return client_with("contacts:read", "contacts:write", "addresses:read")


def put(api, external_id, **fields):
    response = api.post("/api/v1/contacts/", {"source": "shop", "external_id": external_id, **fields})
    assert response.status_code in (200, 201), response.json()
    return response.json()


def found(api, **query):
    response = api.get("/api/v1/contacts/", query)
    assert response.status_code == 200, response.json()
    return [record["id"] for record in response.json()["results"]]


@pytest.mark.parametrize(
    "part", ["Bloggs", "bloGGs", "oe Blo", "@example", "JOE@EX", "7946", "+4420", "Ås", "Å".lower() + "s", "A\u030as"]
)
def test_search_finds_any_part_of_a_name_or_address(api, part):
    joe = put(
        api,
        "c1",
        full_name="Joe Bloggs",
        preferred_name="Åse",
        email="joe@example.com",
        phone="+44 20 7946 0000",
    )
    put(api, "c2", full_name="Ana Lee")

    if part.lower() in ("ås", "a\u030as"):
        assert api.get("/api/v1/contacts/", {"search": part}).status_code == 400  # two letters
        part += "e"
    assert found(api, search=part) == [joe["id"]]


@pytest.mark.parametrize("part", ["jo", "j.o", "  a ", "%%%", "___"])
def test_search_needs_three_letters(api, part):
    response = api.get("/api/v1/contacts/", {"search": part})

    assert response.status_code == 400
    assert [(error["parameter"], error["code"]) for error in response.json()["errors"]] == [
        ("search", "search_too_short")
    ]
    assert "three" in response.json()["errors"][0]["message"] or "3" in response.json()["errors"][0]["message"]


def test_search_takes_wildcards_and_quotes_as_they_are(api):
    odd = put(api, "c1", full_name="100%_sure 'or' \\1")
    put(api, "c2", full_name="100 times sure")

    for part in ("100%", "%_sure", "'or'", "\\1", "100%_sure 'or' \\1"):
        if sum(map(str.isalnum, part)) >= 3:
            assert found(api, search=part) == [odd["id"]]
    assert found(api, search="00%_s") == [odd["id"]]


def test_search_finds_the_survivor_by_what_stands_on_a_merged_record(api):
    survivor = put(api, "c1", full_name="Joe Bloggs")
    loser = put(api, "c2", full_name="Joseph Bloggs", email="jb@example.com")
    Contact.objects.filter(pk=loser["id"]).update(merged_into_id=survivor["id"])

    for text in ("Bloggs", "joseph", "jb@example.com"):
        assert found(api, search=text) == [survivor["id"]]
    assert found(api, search="joseph", include_inactive="true") == [survivor["id"], loser["id"]]
    assert found(api, search="joseph", stage="customer") == []
    assert found(client_with("contacts:read"), search="jb@example.com") == []


def test_search_is_planned_for_its_own_text(api, django_assert_num_queries):
    """The part stands in the statement itself; a parameter of a prepared statement would be planned for any text."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        found(api, search="bloggs")

    statement = next(query["sql"] for query in captured if "search_text" in query["sql"])
    assert "'%blo%'" in statement
    assert connection.connection.prepare_threshold is None


def test_wishes_of_a_list_are_read_by_their_own_index():
    """The planner may read all of them at once: among a million contacts that must not be the table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT person_id FROM crm_contact WHERE do_not_contact")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "crm_contact_wishes" in plan


def test_contact_is_found_by_reference_and_by_email(api):
    joe = put(api, "c1", email="Joe@Example.com", refs=[{"source": "crm", "external_id": "7"}])
    put(api, "c7", email="ana@example.com")

    assert found(api, source="shop", external_id="c1") == [joe["id"]]
    assert found(api, source="crm") == [joe["id"]]
    assert found(api, source="shop", external_id="7") == []  # of two references, but not of one
    assert found(api, email="joe@example.COM") == [joe["id"]]
    assert found(api, email="not an address") == []


def test_contact_is_found_by_tag_stage_and_company(api):
    joe = put(api, "c1", tags=["vip", "uk"], stage="customer", company={"source": "shop", "external_id": "f1"})
    put(api, "c2", tags=["ukulele"])

    assert found(api, tag="uk") == [joe["id"]]
    assert found(api, stage="customer") == [joe["id"]]
    assert found(api, company_id=joe["company"]["id"]) == [joe["id"]]
    assert joe["company"] == {"id": joe["company"]["id"], "name": "f1", "source": "shop", "external_id": "f1"}


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_merged_contact_leads_to_the_survivor(api, method):
    root, middle, loser = ContactFactory(), ContactFactory(), ContactFactory()
    Contact.objects.filter(pk=middle.pk).update(merged_into=root)
    Contact.objects.filter(pk=loser.pk).update(merged_into=middle)

    response = getattr(api, method)(f"/api/v1/contacts/{loser.pk}/", {"full_name": "X"} if method == "patch" else None)

    assert response.status_code == 308
    assert response.headers["Location"] == f"/api/v1/contacts/{root.pk}/"
    assert Contact.objects.filter(full_name="X").count() == 0


@pytest.mark.parametrize(
    "query", [{"source": "crm", "external_id": "7"}, {"source": "crm"}, {"email": "JOSEPH@example.com"}]
)
def test_what_a_merged_contact_is_known_by_leads_to_the_survivor(api, query):
    joe = put(api, "c1", refs=[{"source": "crm", "external_id": "6"}] if "source" not in query else [])
    joseph = put(api, "c2", email="joseph@example.com", refs=[{"source": "crm", "external_id": "7"}])
    put(api, "c3", email="ana@example.com")
    assert found(api, **query) == [joseph["id"]]

    Contact.objects.filter(pk=joseph["id"]).update(merged_into=joe["id"])

    assert found(api, **query) == [joe["id"]]
    assert found(api, **query, include_inactive="true") == [joe["id"], joseph["id"]]


def test_merged_contact_appears_under_updated_since(api):
    survivor, loser = ContactFactory(), ContactFactory()
    Contact.objects.filter(pk=loser.pk).update(merged_into=survivor)

    assert loser.pk not in found(api)
    records = api.get("/api/v1/contacts/", {"updated_since": "2020-01-01T00:00:00Z"}).json()["results"]

    merged = next(record for record in records if record["id"] == loser.pk)
    assert (merged["merged_into"], merged["person_id"]) == (survivor.pk, survivor.pk)


def test_consents_are_given_as_they_were_sent(api):
    sent = [
        {
            "purpose": "news",
            "channel": "email",
            "granted_at": "2026-01-01T00:00:00Z",
            "withdrawn_at": None,
            "source": "form",
        },
        {
            "purpose": "news",
            "channel": "",
            "granted_at": "2026-01-02T00:00:00.5Z",
            "withdrawn_at": None,
            "source": "form",
        },
    ]

    record = put(api, "c1", consents=sent)

    assert record["consents"] == [sent[0], {**sent[1], "granted_at": "2026-01-02T00:00:00.5Z"}]


def test_contact_without_anything_has_empty_fields(api):
    contact = ContactFactory(full_name="")

    record = api.get(f"/api/v1/contacts/{contact.pk}/").json()

    assert (record["emails"], record["phones"], record["refs"], record["company"]) == ([], [], [], None)


def test_points_come_in_the_order_of_arrival(api):
    contact = ContactFactory()
    for address in ("b@example.com", "a@example.com"):
        ContactPoint.objects.create(contact=contact, kind="email", raw=address, normalised=address)

    assert api.get(f"/api/v1/contacts/{contact.pk}/").json()["emails"] == ["b@example.com", "a@example.com"]


def test_history_says_which_key_wrote_and_through_what(api):
    record = put(api, "c1", full_name="Joe")
    api.patch(f"/api/v1/contacts/{record['id']}/", {"full_name": "Joe Bloggs"})

    events = pghistory.models.Events.objects.tracks(Contact(pk=record["id"])).order_by("pgh_id")

    assert [event.pgh_label for event in events] == ["insert", "update"]
    for event in events:
        assert event.pgh_context["through"] == "api"
        assert event.pgh_context["key"].startswith("test client (")
        assert event.pgh_context["user"] is None


def test_batch_with_history_names_the_key_too(api):
    items = [{"source": "shop", "external_id": f"c{n}", "full_name": "Joe"} for n in range(3)]
    api.post("/api/v1/contacts/batch/upsert", {"items": items})

    contexts = {event.pgh_context["through"] for event in pghistory.models.Events.objects.tracks(Contact.objects.all())}

    assert contexts == {"api"}


def test_wish_not_to_be_contacted_is_the_persons_on_whichever_record_it_was_said(api):
    joe, ada = ContactFactory(full_name="Joe"), ContactFactory(full_name="Ada")
    ContactFactory(merged_into=joe, do_not_contact=True)

    assert api.get(f"/api/v1/contacts/{joe.pk}/").json()["do_not_contact"] is True
    listed = {
        said: [row["id"] for row in api.get("/api/v1/contacts/", {"do_not_contact": said}).json()["results"]]
        for said in ("true", "false")
    }
    assert listed == {"true": [joe.pk], "false": [ada.pk]}


def test_delete_of_a_contact_in_use_is_refused(api):
    from tests.factories.crm import ConversionFactory

    conversion = ConversionFactory(contact=ContactFactory())

    response = api.delete(f"/api/v1/contacts/{conversion.contact_id}/")

    assert (response.status_code, response.json()["code"]) == (409, "in_use")
    assert response.json()["detail"] == (
        "Other records need this contact. Merge it into the record that goes on, or erase the person."
    )


@pytest.mark.parametrize("number", ["9223372036854775807", "-9223372036854775807", "1e18", "0.1", "-2.5e-300"])
def test_a_number_among_custom_fields_is_sent_out_as_it_came_in(api, number):
    joe = put(api, "c1", custom_fields={"number": json.loads(number)})

    assert joe["custom_fields"] == {"number": json.loads(number)}
    assert api.get("/api/v1/contacts/").json()["results"][0]["custom_fields"] == {"number": json.loads(number)}


@pytest.mark.parametrize("number", ["9223372036854775808", "-1e19", "100000000000000000000", "1e300"])
def test_a_number_that_no_answer_could_hold_is_refused_and_spoils_no_list(api, number):
    body = f'{{"source": "shop", "external_id": "c1", "custom_fields": {{"number": {number}}}}}'
    refused = api.post("/api/v1/contacts/", body, content_type="application/json")

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [
        ("custom_fields", "out_of_range")
    ]
    assert api.get("/api/v1/contacts/").json()["results"] == []
