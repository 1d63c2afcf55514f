"""Every naughty string and every e-mail address of the data set through the contacts API: kept exactly, or refused."""

import csv
import json
import random

import pytest

from tests.api_clients import client_with

pytestmark = pytest.mark.django_db

AGREES = {
    "purpose": "profiling",
    "channel": "",
    "granted_at": "2026-01-01T00:00:00Z",
    "withdrawn_at": None,
    "source": "form",
}


@pytest.fixture
def api():
    return client_with("contacts:read", "contacts:write", "addresses:read")


def upsert(api, items):
    response = api.post("/api/v1/contacts/batch/upsert", {"items": items})
    assert response.status_code == 200, response.content[:500]
    return response.json()["results"]


def stored(api):
    records = api.get("/api/v1/contacts/?limit=1000").json()["results"]
    return {record["refs"][0]["external_id"]: record for record in records}


def test_naughty_strings_are_kept_exactly(api, data_folder):
    strings = json.loads((data_folder / "hard_inputs" / "blns.json").read_text())
    assert len(strings) == 515
    items = [
        {
            "source": "blns",
            "external_id": f"n{n}",
            "full_name": text,
            "preferred_name": text[:100],
            "motivation": text,
            "consents": [AGREES],
            "tags": [text[:50] or "-"],
            "custom_fields": {text: [text]},
        }
        for n, text in enumerate(strings)
    ]

    outcomes = upsert(api, items)
    records = stored(api)

    for item, outcome in zip(items, outcomes, strict=True):
        if outcome["status"] == "failed":
            assert all(error["message"] for error in outcome["errors"])
            assert "\0" in item["full_name"] or len(item["full_name"]) > 255, item
        else:
            record = records[item["external_id"]]
            assert {name: record[name] for name in item if name in record} == {
                name: value for name, value in item.items() if name in record
            }
    assert [outcome["status"] for outcome in outcomes].count("created") >= 514


def test_naughty_strings_as_keys_parameters_and_single_posts(api, data_folder):
    strings = json.loads((data_folder / "hard_inputs" / "blns.json").read_text())
    outcomes = upsert(api, [{"source": "blns", "external_id": text} for text in dict.fromkeys(strings)])

    for text, outcome in zip(dict.fromkeys(strings), outcomes, strict=True):
        if outcome["status"] == "failed":
            assert text == "" or "\0" in text or len(text) > 255
    for text in random.sample(strings, 40):  # others in each run
        kept = api.get("/api/v1/contacts/", {"source": "blns", "external_id": text})
        assert kept.status_code in (200, 400)
        if text and kept.status_code == 200 and len(text) <= 255:
            assert [record["refs"][0]["external_id"] for record in kept.json()["results"]] == [text]
        assert api.get("/api/v1/contacts/", {"search": text}).status_code in (200, 400)
        assert api.post("/api/v1/contacts/", {"source": text, "external_id": text}).status_code in (200, 201, 400)
        assert api.post("/api/v1/contacts/", {text: text}).status_code == 400


def test_email_addresses_are_kept_exactly_or_refused(api, data_folder):
    with (data_folder / "hard_inputs" / "email_addresses.csv").open(newline="", encoding="utf-8") as file:
        addresses = list(csv.DictReader(file))
    assert len(addresses) == 164
    items = [
        {"source": "mail", "external_id": entry["test_id"], "full_name": "Joe", "email": entry["address"]}
        for entry in addresses
    ]

    outcomes = upsert(api, items)
    records = stored(api)

    taken = {"ISEMAIL_VALID_CATEGORY": 0, "ISEMAIL_ERR": 0}
    for entry, outcome in zip(addresses, outcomes, strict=True):
        if outcome["status"] == "created":
            taken[entry["category"]] = taken.get(entry["category"], 0) + 1
            assert records[entry["test_id"]]["emails"] == [entry["address"]]
        else:
            assert outcome["errors"][0]["field"] == "email"
            assert outcome["errors"][0]["message"]
    assert taken["ISEMAIL_VALID_CATEGORY"] == 14
    assert taken["ISEMAIL_ERR"] == 0


def test_email_addresses_one_by_one_never_break_anything(api, data_folder):
    with (data_folder / "hard_inputs" / "email_addresses.csv").open(newline="", encoding="utf-8") as file:
        addresses = [entry["address"] for entry in csv.DictReader(file)]

    for n, address in enumerate(addresses[::3]):
        item = {"source": "mail", "external_id": str(n), "email": address}
        assert api.post("/api/v1/contacts/", item).status_code in (201, 400), address
        assert api.get("/api/v1/contacts/", {"email": address}).status_code in (200, 400), address
