"""
Random input at every write and read of the API: never a server error, always a documented answer.

Bodies are the samples with some of their values replaced by nonsense of every JSON type, and whole
nonsense; query parameters are those that exist, with values that do not.
"""

import os

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.collection_views import CollectionList
from gateway.routes import api_routes, known_scopes
from tests.api_clients import client_with
from tests.gateway.samples import SAMPLES, prepare

EXAMPLES = int(os.environ.get("KITH_FUZZ_EXAMPLES", "6"))  # per test; a few hundred for a long night

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "\x00",
            "\ufffe\U0001f600",
            "2026-03-01",
            "9999-12-31",
            "0001-01-01",
            "2026-03-01T09:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-03-01T09:00:00",
            "-1",
            "1e400",
            "NaN",
            "Infinity",
            "0.001",
            "12.345",
            "999999999999999",
            "JPY",
            "XXX",
            "eur",
            "x" * 256,
            "x" * 2000,
            "forum",
            "ana",
        ]
    ),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([-1, 0, 1, 2**15, 2**31, 2**63 - 1]),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(["source", "external_id", "user", "member"]), texts), inner, max_size=4
        ),
    ),
    max_leaves=6,
)


@st.composite
def spoiled_items(draw, key):
    item = SAMPLES[key].item(draw(st.integers(1, 3)))
    names = draw(st.lists(st.sampled_from([*item, *SAMPLES[key].change]), max_size=3, unique=True))
    item |= {name: draw(values) for name in names}
    for name in draw(st.lists(st.sampled_from(list(item)), max_size=2, unique=True)):
        del item[name]
    return item | draw(st.dictionaries(texts, values, max_size=1))


@pytest.fixture(scope="module")
def client(kept):
    prepare()
    return client_with(*known_scopes(), requests_per_minute=1_000_000)


@pytest.fixture
def api(db, client):
    return client


def assert_answered(response):
    assert response.status_code < 500, response.content[:500]
    if response.status_code >= 400:
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["code"]
        assert problem["detail"]
        for error in problem.get("errors", []):
            assert error["message"]


quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("key", sorted(SAMPLES))
def test_spoiled_items_are_refused_or_taken(api, key):
    first = api.post(f"/api/v1/{key}/", SAMPLES[key].item(1)).json()["id"]

    @quick
    @given(
        items=st.lists(spoiled_items(key), min_size=1, max_size=3), changes=st.dictionaries(texts, values, max_size=2)
    )
    def check(items, changes):
        batch = api.generic(
            "POST", f"/api/v1/{key}/batch/upsert", body({"items": items}), content_type="application/json"
        )
        assert batch.status_code == 200
        answer = batch.json()
        assert [outcome["index"] for outcome in answer["results"]] == list(range(len(items)))
        for outcome in answer["results"]:
            for error in outcome.get("errors", []):
                assert error["code"]
                assert error["message"]
        assert_answered(api.generic("POST", f"/api/v1/{key}/", body(items[0]), content_type="application/json"))
        spoiled = {name: value for name, value in items[0].items() if name in SAMPLES[key].change} | changes
        assert_answered(api.generic("PATCH", f"/api/v1/{key}/{first}/", body(spoiled), content_type="application/json"))

    check()

    listed = api.get(f"/api/v1/{key}/?limit=1000&include_inactive=true")
    assert listed.status_code == 200
    record = next(r.view.resource.record for r in api_routes() if r.path == f"/api/v1/{key}/")
    for one in listed.json()["results"]:
        record.model_validate_json(orjson.dumps(one), strict=True)


@pytest.mark.parametrize("key", sorted(SAMPLES))
def test_any_query_is_answered(api, key):
    api.post(f"/api/v1/{key}/", SAMPLES[key].item(1))
    view = next(route.view for route in api_routes() if route.path == f"/api/v1/{key}/")
    assert isinstance(view, CollectionList)
    names = view.operations["GET"].known_parameters()

    @quick
    @given(query=st.dictionaries(st.one_of(st.sampled_from(names), texts), st.one_of(texts, st.integers()), max_size=4))
    def check(query):
        response = api.get(f"/api/v1/{key}/", query)
        assert_answered(response)
        assert response.status_code in (200, 400)

    check()


@settings(parent=quick, max_examples=5 * EXAMPLES)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_answered(api, raw):
    for address in ("/api/v1/contacts/", "/api/v1/contacts/batch/upsert"):
        response = api.generic("POST", address, raw, content_type="application/json")
        assert_answered(response)
        assert response.status_code == 400


def body(content) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
