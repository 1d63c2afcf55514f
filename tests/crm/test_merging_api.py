"""Merging over HTTP: preview, merge, redirect, unmerge; duplicates and what is decided about them."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.merging import merge
from crm.models import DuplicateSuggestion, Merge
from tests.api_clients import client_with
from tests.factories.community import HelpRecordFactory, InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory, FollowUpFactory, NoteFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def api():
    return client_with("contacts:read", "contacts:merge", "credits:read")


@pytest.fixture
def pair():
    survivor, loser = (
        ContactFactory(full_name="Joe Bloggs"),
        ContactFactory(full_name="J. B.", language="da", birth_year=1984),
    )
    ConversionFactory(contact=loser)
    EmailFactory(contact=loser)
    return survivor, loser


def test_preview_merge_redirect_and_unmerge(api, pair):
    survivor, loser = pair

    shown = api.get(f"/api/v1/contacts/{survivor.pk}/merge-preview/?with={loser.pk}").json()
    fields = {field["key"]: (field["survivor"], field["loser"], field["default"]) for field in shown["fields"]}
    assert fields["language"] == ("", "da", "loser")
    assert (fields["birth_year"], fields["country"]) == (("", "1984", "loser"), ("", "", "survivor"))
    parts = {part["key"]: part for part in shown["parts"]}
    assert parts.keys() == {"records", "figures"}  # accounts need members:read
    assert [table["title"] for table in parts["records"]["tables"]] == ["Records"]  # addresses need addresses:read
    rows = [row["values"] for row in parts["figures"]["tables"][0]["rows"]]
    assert ["Revenue", "0.00", "100.00", "100.00", "0.00"] in rows
    assert not Merge.objects.exists()

    done = api.post(
        f"/api/v1/contacts/{survivor.pk}/merge/", {"loser": loser.pk, "fields": {"full_name": "loser"}, "reason": "he"}
    ).json()
    assert (done["survivor"], done["loser"], done["reason"]) == (survivor.pk, loser.pk, "he")
    assert done["taken_over"]["full_name"] == {"before": "Joe Bloggs", "after": "J. B."}
    moved = api.get(f"/api/v1/contacts/{loser.pk}/")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/api/v1/contacts/{survivor.pk}/")

    apart = api.post(f"/api/v1/contacts/{loser.pk}/unmerge/", {"are_different": True})
    assert apart.json() == {
        "survivor": survivor.pk,
        "loser": loser.pk,
        "restored": [
            {"field": "full_name", "value": "J. B.", "becomes": "Joe Bloggs"},
            {"field": "language", "value": "da", "becomes": ""},
            {"field": "birth_year", "value": 1984, "becomes": None},
        ],
        "kept": [],
        "wishes": [],
    }
    assert api.get(f"/api/v1/contacts/{loser.pk}/").status_code == 200
    assert DuplicateSuggestion.objects.get().state == "different"


def test_the_id_of_a_merged_contact_finds_what_is_the_persons():
    survivor, loser = ContactFactory(), ContactFactory()
    member = MemberFactory(contact=survivor)
    rows = [
        ("contacts", survivor),
        ("members", member),
        ("interactions", InteractionFactory(member=member, channel=member.channel)),
        ("help-records", HelpRecordFactory(contact=survivor)),
        ("conversions", ConversionFactory(contact=survivor)),
        ("notes", NoteFactory(contact=survivor)),
        ("follow-ups", FollowUpFactory(contact=survivor)),
    ]
    api = client_with(*(f"{collection}:read" for collection, _ in rows))
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)

    for collection, row in rows:
        found = api.get(f"/api/v1/{collection}/?person_id={loser.pk}").json()["results"]
        assert [record["id"] for record in found] == [row.pk], collection
        assert api.get(f"/api/v1/{collection}/?person_id={loser.pk + 1_000}").json()["results"] == []


def test_refusals_have_codes(api, pair):
    survivor, loser = pair

    def refused(path, body, status, code):
        answer = api.post(f"/api/v1/contacts/{path}/", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    refused(f"{survivor.pk}/merge", {"loser": survivor.pk}, 409, "already_one_person")
    refused(f"{survivor.pk}/merge", {"loser": 999_999}, 404, "no_such_contact")
    refused(f"{survivor.pk}/merge", {"loser": loser.pk, "fields": {"shoe": "loser"}}, 400, "invalid_merge")
    refused(f"{survivor.pk}/merge", {"loser": loser.pk, "fields": {"tags": "mine"}}, 400, "invalid")
    refused(f"{survivor.pk}/unmerge", {}, 409, "not_merged")
    assert api.get(f"/api/v1/contacts/{survivor.pk}/merge-preview/").status_code == 400
    assert not Merge.objects.exists()


def test_duplicates_are_listed_and_decided(api):
    suggestions = [
        DuplicateSuggestion.objects.create(
            first=ContactFactory(), second=ContactFactory(), score=score, reasons=[{"key": "email", "points": score}],
            found_at=NOW,
        )
        for score in (60, 95, 80)
    ]  # fmt: skip

    page = api.get("/api/v1/duplicates/?state=open&limit=2").json()
    assert [record["score"] for record in page["results"]] == [95, 80]
    assert page["results"][0]["reasons"] == [{"key": "email", "points": 95, "sentence": "same e-mail"}]
    assert [record["score"] for record in api.get(page["next"]).json()["results"]] == [60]

    decided = api.post(f"/api/v1/duplicates/{suggestions[1].pk}/not-the-same/").json()
    assert decided["state"] == "different"
    assert len(api.get("/api/v1/duplicates/?state=open").json()["results"]) == 2
    one = suggestions[0]
    assert [r["id"] for r in api.get(f"/api/v1/duplicates/?contact_id={one.second_id}").json()["results"]] == [one.pk]


def test_list_of_duplicates_asks_the_same_number_of_questions_for_any_number(api):
    def questions():
        with CaptureQueriesContext(connection) as queries:
            assert api.get("/api/v1/duplicates/").status_code == 200
        return len(queries)

    def add(number):
        for _ in range(number):
            DuplicateSuggestion.objects.create(first=ContactFactory(), second=ContactFactory(), found_at=NOW)

    add(2)
    questions()  # the first request of a key notes its use
    few = questions()
    add(18)
    assert questions() == few
