"""What every collection promises over HTTP, through the whole stack."""

import itertools
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.collection_views import CollectionList
from gateway.collections import collections
from gateway.resources import Resource
from gateway.routes import api_routes, known_scopes
from tests.api_clients import client_with
from tests.gateway.samples import SAMPLES, prepare

pytestmark = pytest.mark.django_db


def resources() -> dict[str, Resource]:
    return {
        route.view.resource.key: route.view.resource for route in api_routes() if isinstance(route.view, CollectionList)
    }


KEYS = sorted(collections.keys())


@pytest.fixture(scope="module")
def client(kept):
    prepare()
    return client_with(*known_scopes())


@pytest.fixture
def api(db, client):
    return client


def create(api, key, n=1):
    response = api.post(f"/api/v1/{key}/", SAMPLES[key].item(n))
    assert response.status_code == 201, response.json()
    return response.json()


def assert_shape(key, record):
    """Hold a record to its documented shape, strictly: no field more, none less, no other type."""
    resources()[key].record.model_validate_json(orjson.dumps(record), strict=True)


def test_every_collection_has_a_sample():
    assert sorted(SAMPLES) == KEYS
    assert sorted(resources()) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_create_answers_201_and_again_200_with_the_same_row(api, key):
    created = api.post(f"/api/v1/{key}/", SAMPLES[key].item(1))
    again = api.post(f"/api/v1/{key}/", SAMPLES[key].item(1))

    assert (created.status_code, again.status_code) == (201, 200)
    assert created.json() == again.json()
    assert created.headers["Location"] == f"/api/v1/{key}/{created.json()['id']}/"
    assert_shape(key, created.json())


@pytest.mark.parametrize("key", KEYS)
def test_created_record_holds_what_was_sent(api, key):
    record = create(api, key)

    sent = {name: value for name, value in SAMPLES[key].item(1).items() if name in record}
    sent.pop("company", None)  # read back with its name and id
    if "occurred_at" in sent:
        sent["occurred_at"] = sent["occurred_at"].replace("10:00:00+01:00", "09:00:00Z")
    assert len(sent) >= 2
    assert {name: record[name] for name in sent} == sent


@pytest.mark.parametrize("key", KEYS)
def test_detail_and_list_give_the_same_record(api, key):
    record = create(api, key)

    assert api.get(f"/api/v1/{key}/{record['id']}/").json() == record
    listed = api.get(f"/api/v1/{key}/", {"include_inactive": "true"}).json()
    assert record in listed["results"]
    assert listed["next"] is None
    for other in listed["results"]:
        assert_shape(key, other)


@pytest.mark.parametrize("key", KEYS)
def test_patch_changes_what_it_names(api, key):
    record = create(api, key)

    response = api.patch(f"/api/v1/{key}/{record['id']}/", SAMPLES[key].change)

    assert response.status_code == 200, response.json()
    changed = response.json()
    assert {name: changed[name] for name in SAMPLES[key].changed} == dict(SAMPLES[key].changed)
    assert_shape(key, changed)


@pytest.mark.parametrize("key", KEYS)
def test_patch_refuses_what_is_not_a_field(api, key):
    record = create(api, key)

    response = api.patch(f"/api/v1/{key}/{record['id']}/", {"colour": "red"})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["colour"]


@pytest.mark.parametrize("key", KEYS)
def test_delete_takes_it_out_of_the_list(api, key):
    record = create(api, key)

    response = api.delete(f"/api/v1/{key}/{record['id']}/")

    assert response.status_code == 204, response.json()
    assert response.content == b""
    assert record["id"] not in [other["id"] for other in api.get(f"/api/v1/{key}/").json()["results"]]


@pytest.mark.parametrize("key", KEYS)
def test_unknown_id_is_404(api, key):
    for method, pk in itertools.product(("get", "patch", "delete"), (10**9, 10**19, 0)):
        response = getattr(api, method)(f"/api/v1/{key}/{pk}/", {} if method == "patch" else None)

        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (method, pk)


@pytest.mark.parametrize("key", KEYS)
def test_batch_has_an_outcome_for_each_item(api, key):
    items = [SAMPLES[key].item(1), {"nonsense": True}, SAMPLES[key].item(2), 17]

    response = api.post(f"/api/v1/{key}/batch/upsert", {"items": items})

    assert response.status_code == 200, response.json()
    answer = response.json()
    assert [answer[name] for name in ("created", "updated", "unchanged", "failed")] == [2, 0, 0, 2]
    assert [(row["index"], row["status"]) for row in answer["results"]] == [
        (0, "created"),
        (1, "failed"),
        (2, "created"),
        (3, "failed"),
    ]
    for row in answer["results"]:
        assert set(row) == ({"index", "status", "errors"} if row["status"] == "failed" else {"index", "status", "id"})
    assert {"field", "code", "message"} == set(answer["results"][1]["errors"][0])

    again = api.post(f"/api/v1/{key}/batch/upsert", {"items": items}).json()
    assert [again[name] for name in ("created", "updated", "unchanged", "failed")] == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"items": [{}] * 1001}, "too_many_items", "items"),
        ({"items": {}}, "not_a_list", "items"),
        ({}, "not_a_list", "items"),
        ({"items": [], "mode": "fast"}, "unknown_field", "mode"),
        ([], "not_an_object", ""),
    ],
)
def test_batch_of_another_shape_is_refused(api, body, code, field):
    response = api.post("/api/v1/contacts/batch/upsert", body)

    assert response.status_code == 400
    assert [(error["code"], error["field"]) for error in response.json()["errors"]] == [(code, field)]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"source":', "application/json", 400, "malformed_json"),
        (b'{"full_name": "\xff"}', "application/json", 400, "malformed_json"),
        (b'{"full_name": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b'{"full_name": NaN}', "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b'{"custom_fields": ' + b"[" * 33 + b"]" * 33 + b"}", "application/json", 400, "malformed_json"),
        (b"[" * 100_000 + b"]" * 100_000, "application/json", 400, "malformed_json"),
        (b"source=shop", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "", 415, "unsupported_media_type"),
        (b"x" * (5 * 1024 * 1024 + 1), "application/json", 413, "payload_too_large"),
        (b'"just text"', "application/json", 400, "invalid"),
    ],
)
def test_body_that_is_not_a_json_object_is_refused(api, body, content_type, status, code):
    for address in ("/api/v1/contacts/", "/api/v1/contacts/batch/upsert"):
        response = api.generic("POST", address, body, content_type=content_type)

        assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("key", KEYS)
def test_list_takes_as_many_queries_for_20_rows_as_for_2(api, key):
    def queries_of_list(rows):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = api.get(f"/api/v1/{key}/", {"limit": rows})
        assert len(response.json()["results"]) == rows
        return len(captured)

    api.post(f"/api/v1/{key}/batch/upsert", {"items": [SAMPLES[key].item(n) for n in range(1, 22)]})
    api.get(f"/api/v1/{key}/")  # the key's use is noted once a minute

    two, twenty = queries_of_list(2), queries_of_list(20)

    assert two == twenty
    assert twenty <= 5


@pytest.mark.parametrize("key", KEYS)
def test_batch_takes_as_many_queries_for_20_items_as_for_2(api, key):
    def queries_of_batch(numbers):
        with CaptureQueriesContext(connection) as captured:
            answer = api.post(f"/api/v1/{key}/batch/upsert", {"items": [SAMPLES[key].item(n) for n in numbers]}).json()
        assert answer["created"] == len(numbers)
        return len(captured)

    queries_of_batch([1])  # what several items name is there from now on
    assert queries_of_batch(range(2, 4)) == queries_of_batch(range(4, 24))


@pytest.mark.parametrize("key", KEYS)
def test_pages_give_every_row_once_in_either_direction(api, key):
    api.post(f"/api/v1/{key}/batch/upsert", {"items": [SAMPLES[key].item(n) for n in range(1, 8)]})
    everything = [record["id"] for record in api.get(f"/api/v1/{key}/").json()["results"]]

    for ordering in resources()[key].orderings:
        for sign in ("", "-"):
            seen, address = [], f"/api/v1/{key}/?limit=3&ordering={sign}{ordering}"
            while address:
                page = api.get(address).json()
                seen += [record["id"] for record in page["results"]]
                address = page["next"]
            assert sorted(seen) == everything
            if ordering == "id":
                assert seen == (everything[::-1] if sign else everything)


def test_rows_written_meanwhile_move_nothing(api):
    api.post("/api/v1/companies/batch/upsert", {"items": [SAMPLES["companies"].item(n) for n in range(1, 7)]})
    first = api.get("/api/v1/companies/?limit=3").json()

    api.delete(f"/api/v1/companies/{first['results'][0]['id']}/")
    new = create(api, "companies", 9)
    second = api.get(first["next"]).json()

    assert [record["external_id"] for record in first["results"]] == ["f1", "f2", "f3"]
    assert [record["external_id"] for record in second["results"]] == ["f4", "f5", "f6"]
    assert [record["id"] for record in api.get(second["next"]).json()["results"]] == [new["id"]]


def test_ordering_by_a_text_goes_by_id_where_it_ties(api):
    for n, name in enumerate(["Beta", "alpha", "Beta", "Gamma", "Beta"], start=1):
        api.post("/api/v1/companies/", {"source": "shop", "external_id": f"f{n}", "name": name})

    seen, address = [], "/api/v1/companies/?limit=2&ordering=-name"
    while address:
        page = api.get(address).json()
        seen += [record["external_id"] for record in page["results"]]
        address = page["next"]

    assert [entry for entry in seen if entry in ("f1", "f3", "f5")] == ["f5", "f3", "f1"]
    assert sorted(seen) == ["f1", "f2", "f3", "f4", "f5"]


def test_count_is_given_on_request(api):
    create(api, "companies", 1)
    create(api, "companies", 2)

    assert "count" not in api.get("/api/v1/companies/").json()
    answer = api.get("/api/v1/companies/?count=true&external_id=f2").json()
    assert answer["count"] == {"value": 1, "is_exact": True}


def test_count_of_many_rows_is_an_estimate(api, monkeypatch):
    monkeypatch.setattr("gateway.paging.COUNTED_EXACTLY_UP_TO", 1)
    create(api, "companies", 1)
    create(api, "companies", 2)

    count = api.get("/api/v1/companies/?count=true").json()["count"]

    assert count["is_exact"] is False
    assert count["value"] >= 2


@pytest.mark.parametrize("key", KEYS)
def test_updated_since_gives_what_was_written_from_then_on(api, key):
    old, new = create(api, key, 1), create(api, key, 2)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    collections[key].model.objects.update(updated_at=long_ago)
    collections[key].model.objects.filter(pk=new["id"]).update(updated_at=long_ago + timedelta(microseconds=1))

    def ids_since(instant):
        answer = api.get(f"/api/v1/{key}/", {"updated_since": instant})
        return [record["id"] for record in answer.json()["results"]]

    assert ids_since("2020-01-01T00:00:00.000001Z") == [new["id"]]
    assert set(ids_since("2020-01-01T00:00:00Z")) >= {old["id"], new["id"]}

    changed = api.patch(f"/api/v1/{key}/{old['id']}/", SAMPLES[key].change).json()
    assert ids_since("2020-01-01T00:00:00.000001Z")[0] == new["id"]  # ordered by the time of writing
    assert changed["id"] in ids_since("2020-01-01T00:00:00.000002Z")


@pytest.mark.parametrize("key", KEYS)
def test_every_filter_is_described_and_refuses_nonsense(api, key):
    for parameter in resources()[key].filters.parameters():
        assert parameter.description, parameter.name
        nonsense = {"boolean": "perhaps", "integer": "9" * 30}.get(parameter.schema["type"], "\0")
        response = api.get(f"/api/v1/{key}/", {parameter.name: nonsense})
        assert response.status_code == 400, parameter.name
        assert [error["parameter"] for error in response.json()["errors"]] == [parameter.name]


@pytest.mark.parametrize("key", KEYS)
def test_no_field_of_the_database_can_be_set_but_those_of_the_item(api, key):
    """Mass assignment: every column that is no field of an item is refused by name, and nothing is written."""
    record = create(api, key)
    collection = collections[key]
    columns = {field.attname for field in collection.model._meta.concrete_fields}
    columns |= {field.name for field in collection.model._meta.concrete_fields} | {"scopes", "is_staff", "pk"}
    foreign = sorted(columns - set(collection.item.model_fields))
    assert {"id", "created_at", "updated_at"} <= set(foreign)

    patched = api.patch(f"/api/v1/{key}/{record['id']}/", dict.fromkeys(foreign, 1))
    assert patched.status_code == 400
    assert sorted(error["field"] for error in patched.json()["errors"]) == foreign
    items = [{**SAMPLES[key].item(1), name: 1} for name in foreign]
    outcomes = api.post(f"/api/v1/{key}/batch/upsert", {"items": items}).json()["results"]
    assert [[error["field"] for error in outcome["errors"]] for outcome in outcomes] == [[name] for name in foreign]
    assert api.post(f"/api/v1/{key}/", items[0]).status_code == 400

    assert api.get(f"/api/v1/{key}/{record['id']}/").json() == record


@pytest.mark.parametrize("key", KEYS)
def test_the_key_cannot_be_patched(api, key):
    record = create(api, key)
    fields = [name for name, value in SAMPLES[key].item(1).items() if name in collections[key].key_fields]
    assert fields

    for name in fields:
        response = api.patch(f"/api/v1/{key}/{record['id']}/", {name: SAMPLES[key].item(2)[name]})
        assert response.status_code == 400, name


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_cursor_with_a_moment_that_no_calendar_has_is_refused(api, moment):
    forged = b64encode(orjson.dumps(["crm.contact", "updated_at", moment, 1])).decode()

    refused = api.get("/api/v1/contacts/", {"ordering": "updated_at", "cursor": forged})

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "invalid_cursor")


def test_cursor_of_another_list_is_refused(api):
    for number in (1, 2):
        create(api, "contacts", number)
    cursor = parse_qs(urlsplit(api.get("/api/v1/contacts/?limit=1").json()["next"]).query)["cursor"][0]

    refused = api.get("/api/v1/members/", {"limit": 1, "cursor": cursor})

    assert api.get("/api/v1/contacts/", {"limit": 1, "cursor": cursor}).status_code == 200
    assert refused.status_code == 400
    assert [(error["parameter"], error["code"]) for error in refused.json()["errors"]] == [("cursor", "invalid_cursor")]


@pytest.mark.parametrize(("key", "act"), [("conversions", "void"), ("costs", "void"), ("interactions", "retract")])
def test_act_takes_it_out_and_keeps_it(api, key, act):
    record = create(api, key)

    response = api.post(f"/api/v1/{key}/{record['id']}/{act}/", {"reason": "sent twice"})

    assert response.status_code == 200, response.json()
    done = response.json()
    assert done[f"{act}_reason"] == "sent twice"
    assert done["voided_at" if act == "void" else "retracted_at"].endswith("Z")
    assert api.get(f"/api/v1/{key}/").json()["results"] == [
        other for other in api.get(f"/api/v1/{key}/").json()["results"] if other["id"] != record["id"]
    ]
    since = api.get(f"/api/v1/{key}/", {"updated_since": record["updated_at"]}).json()["results"]
    assert done in since
    restore = f"/api/v1/{key}/{record['id']}/restore/"
    assert api.post(f"/api/v1/{key}/{record['id']}/{act}/", {"why": "x"}).status_code == 400
    assert api.post(f"/api/v1/{key}/{record['id']}/{act}/", {"reason": "x" * 256}).status_code == 400
    assert api.post(f"/api/v1/{key}/1000000/{act}/", {}).status_code == 404

    restored = api.post(restore, {"reason": "sent once"})
    assert (restored.status_code, restored.json()[f"{act}_reason"]) == (200, "")
    assert {**restored.json(), "updated_at": ""} == {**record, "updated_at": ""}
    assert restored.json()["updated_at"] > done["updated_at"]
    assert restored.json() in api.get(f"/api/v1/{key}/").json()["results"]
    again = api.post(restore, {})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_restore")
    assert api.post(f"/api/v1/{key}/1000000/restore/", {}).status_code == 404
