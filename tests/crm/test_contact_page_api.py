"""The page of a contact over the API: the same as staff see, as far as the key's scopes go."""

import datetime as dt
from decimal import Decimal

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.api.contact_page import OverviewRecord, TimelineRecord
from crm.models import Contact
from metrics.recompute import recompute_all
from tests.api_clients import client_with
from tests.factories.community import HelpRecordFactory, InteractionFactory, MemberFactory, UserFactory
from tests.factories.crm import (
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ConversionFactory,
    EmailFactory,
    FollowUpFactory,
    NoteFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
EVERYTHING = (
    "contacts:read",
    "addresses:read",
    "notes:read",
    "follow-ups:read",
    "interactions:read",
    "private-interactions:read",
    "help-records:read",
    "conversions:read",
    "members:read",
    "credits:read",
)


@pytest.fixture(scope="module")
def made(kept: None) -> int:
    contact = ContactFactory(full_name="Joe Bloggs", company=CompanyFactory(name="Bloggs Ltd"), stage="customer")
    EmailFactory(contact=contact, raw="joe@example.com")
    ConsentFactory(contact=contact)
    joe = MemberFactory(handle="joe", contact=contact)
    question = InteractionFactory(
        channel=joe.channel, member=joe, kind="direct_message", text="My number is 17.", is_private=True
    )
    HelpRecordFactory(contact=contact, interaction__channel=joe.channel, interaction__reply_to=question, rating=4)
    ConversionFactory(contact=contact)
    NoteFactory(contact=contact)
    FollowUpFactory(contact=contact)
    recompute_all(now=NOW)
    return contact.pk


@pytest.fixture
def joe(db: None, made: int) -> Contact:
    """Joe, as he was made for all tests."""
    return Contact.objects.get(pk=made)


def overview(contact: Contact, *scopes: str) -> dict:
    response = client_with(*scopes).get(f"/api/v1/contacts/{contact.pk}/overview/")
    assert response.status_code == 200, response.json()
    OverviewRecord.model_validate_json(orjson.dumps(response.json()))
    return response.json()


def timeline(contact: Contact, *scopes: str, **query: object) -> list[dict]:
    response = client_with(*scopes).get(f"/api/v1/contacts/{contact.pk}/timeline/", query)
    assert response.status_code == 200, response.json()
    TimelineRecord.model_validate_json(orjson.dumps(response.json()))
    return response.json()["results"]


def page_of(contact: Contact, query: str = "") -> dict:
    """What the contact's page in the admin is made of, for somebody who may see everything."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client.get(reverse("admin:crm_contact_change", args=[contact.pk]) + query).context


def in_json(value: object, unit: str = "") -> object:
    """A value of the page as JSON has it: instants in UTC with Z, ratios with four decimals."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.4f}" if unit in ("percent", "rating") else str(value)
    return value


def test_overview_says_who_what_and_next(joe: Contact):
    said = overview(joe, *EVERYTHING)

    assert (said["id"], said["name"], said["company"]["name"]) == (joe.pk, "Joe Bloggs", "Bloggs Ltd")
    assert said["emails"] == ["joe@example.com"]
    assert [consent["purpose"] for consent in said["consents"]] == ["newsletter"]
    assert [task["what"] for task in said["follow_ups"]] == ["Call about the spring course"]
    assert [note["text"] for note in said["notes"]] == ["Prefers to be called in the morning."]
    tiles = {tile["key"]: tile for tile in said["tiles"]}
    assert (tiles["revenue"]["value"], tiles["revenue"]["unit"]) == ("100.00", "money")
    assert (tiles["roi"]["value"], tiles["roi"]["note"]) == (None, "No cost was booked")
    assert (tiles["mean_rating"]["value"], tiles["mean_rating"]["note"]) == ("4.0000", "1 rating")
    assert {"buyer", "helper", "accounts", "help"} <= {panel["key"] for panel in said["panels"]}


def test_overview_is_the_same_as_in_the_admin(joe: Contact):
    ben = UserFactory(username="ben")
    ContactFactory(merged_into=joe, do_not_contact=True)
    Contact.objects.filter(pk=joe.pk).update(owner=ben, tags=["vip"])

    said, shown = overview(joe, *EVERYTHING), page_of(joe)

    header = shown["header"]
    assert [(stage["stage"], stage["because"]) for stage in said["stages"]] == [
        ("audience", "first touch"),
        ("customer", "first conversion"),
    ]
    assert [(stage["stage"], stage["at"], stage["because"]) for stage in said["stages"]] == [
        (stage.stage, in_json(stage.at), stage.because) for stage in header.stages
    ]
    assert (said["owner"], said["tags"], said["do_not_contact"]) == ("ben", ["vip"], True)
    assert (header.owner, header.tags, header.do_not_contact) == ("ben", ["vip"], True)
    assert (said["name"], said["record_ids"], said["emails"]) == (header.name, header.records, header.emails)
    assert [(tile["key"], tile["label"], tile["value"], tile["unit"], tile["note"]) for tile in said["tiles"]] == [
        (tile.key, figure.label, in_json(figure.value, figure.unit), figure.unit, figure.note)
        for tile in shown["tiles"]
        for figure in [tile.figure]
    ]
    assert len(said["tiles"]) == 8


def test_timeline_is_the_same_as_in_the_admin(joe: Contact):
    entries, shown = timeline(joe, *EVERYTHING), page_of(joe, "?tab=timeline")["entries"]

    assert [entry["id"] for entry in entries] == [f"{entry.source}:{entry.id}" for entry in shown]
    for entry, other in zip(entries, shown, strict=True):
        for name in entry.keys() - {"id", "record", "figures", "changes", "tables"}:
            assert entry[name] == in_json(getattr(other, name)), name
        assert [(figure["label"], figure["value"]) for figure in entry["figures"]] == [
            (figure.label, in_json(figure.value, figure.unit)) for figure in other.figures
        ]
        assert [(change["field"], change["before"], change["after"]) for change in entry["changes"]] == [
            (change.label, in_json(change.before), in_json(change.after)) for change in other.changes
        ]
        assert [row["values"] for table in entry["tables"] for row in table["rows"]] == [
            [in_json(value) for value in row.values] for table in other.tables for row in table.rows
        ]

    facts = [entry for entry in entries if entry["kind"] not in ("change", "merge")]
    assert [entry["kind"] for entry in facts] == [
        "conversion",
        "note",
        "direct_message",
        "help_received",
        "follow_up",
    ]
    purchase = facts[0]
    assert (purchase["amount"], purchase["currency"]) == ("100.00", "EUR")
    assert purchase["record"] == {"type": "crm.conversion", "id": joe.conversions.get().pk}
    assert purchase["tables"][0]["columns"][3]["label"] == "First touch"


@pytest.mark.parametrize(
    ("scope", "sources"),
    [
        ("interactions:read", {"interactions"}),
        ("help-records:read", {"help"}),
        ("conversions:read", {"conversions"}),
        ("notes:read", {"notes"}),
        ("follow-ups:read", {"follow-ups"}),
        ("addresses:read", set()),
    ],
)
def test_each_part_needs_its_scope(joe: Contact, scope: str, sources: set[str]):
    without = {entry["source"] for entry in timeline(joe, "contacts:read")}
    with_it = {entry["source"] for entry in timeline(joe, "contacts:read", scope)}

    assert without <= {"changes", "consent-changes"}
    assert with_it - without == sources


def test_key_without_further_scopes_learns_the_name_and_little_else(joe: Contact):
    said = overview(joe, "contacts:read")

    assert said["name"] == "Joe Bloggs"
    assert (said["emails"], said["phones"], said["notes"], said["follow_ups"]) == (None, None, None, None)
    assert (said["tiles"], said["panels"]) == ([], [])


def test_private_words_need_their_scope(joe: Contact):
    scopes = [scope for scope in EVERYTHING if scope != "private-interactions:read"]

    (told,) = timeline(joe, *EVERYTHING, kind="direct_message")
    (hidden,) = timeline(joe, *scopes, kind="direct_message")

    assert (told["text"], told["is_hidden"]) == ("My number is 17.", False)
    assert (hidden["text"], hidden["is_hidden"]) == ("Private.", True)
    assert "My number is 17." not in orjson.dumps(overview(joe, *scopes)).decode()


@pytest.mark.parametrize("part", ["overview", "timeline"])
def test_merged_contact_leads_to_the_one_that_goes_on(joe: Contact, part: str):
    other = ContactFactory()
    Contact.objects.filter(pk=other.pk).update(merged_into=joe)

    response = client_with("contacts:read").get(f"/api/v1/contacts/{other.pk}/{part}/")

    assert (response.status_code, response.headers["Location"]) == (308, f"/api/v1/contacts/{joe.pk}/{part}/")
    assert client_with("contacts:read").get(f"/api/v1/contacts/1000000000/{part}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"kind": "colour"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"channel": "no slug!"}, "channel"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_timeline_refuses_nonsense_by_name(joe: Contact, query: dict, parameter: str):
    response = client_with("contacts:read").get(f"/api/v1/contacts/{joe.pk}/timeline/", query)

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


def test_pages_of_the_timeline_give_every_entry_once(joe: Contact):
    client = client_with(*EVERYTHING)
    seen, address = [], f"/api/v1/contacts/{joe.pk}/timeline/?limit=2"
    while address:
        page = client.get(address).json()
        seen += [entry["id"] for entry in page["results"]]
        address = page["next"]

    assert seen == [entry["id"] for entry in timeline(joe, *EVERYTHING)]
    assert len(seen) == len(set(seen)) > 5


def test_overview_and_timeline_ask_as_few_questions_however_much_happened(joe: Contact):
    client = client_with(*EVERYTHING)

    def questions() -> list[int]:
        counts = []
        for part in ("overview", "timeline"):
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/api/v1/contacts/{joe.pk}/{part}/")
            counts.append(len(queries))
        return counts

    questions()  # the key's use is noted once a minute
    few = questions()
    for number in range(20):
        NoteFactory(contact=joe, text=f"Note {number}")
        InteractionFactory(member=joe.members.get(), channel=joe.members.get().channel)

    assert questions() == few
    assert max(few) <= 25
