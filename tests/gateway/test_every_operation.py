"""
Every operation of openapi.yaml, called with parameters, ids and bodies that are sometimes right and sometimes not.

Whatever is sent: no server error, no status that the document does not name, and every success has the shape that the
document promises. `KITH_FUZZ_EXAMPLES` says how many calls of each operation.
"""

import json
import os
import re
from functools import cache

import orjson
import pydantic
import pytest
import yaml
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.routes import api_routes, known_scopes
from tests.api_clients import client_with
from tests.factories.crm import ContactFactory
from tests.gateway.samples import SAMPLES, prepare

EXAMPLES = int(os.environ.get("KITH_FUZZ_EXAMPLES", "6"))
TEXT = (django_settings.BASE_DIR / "openapi.yaml").read_text(encoding="utf-8")
# Found by how they stand there: to parse the document takes half a second, which is left to whoever runs these tests.
OPERATIONS = [
    (method.upper(), path)
    for path, described in re.findall(r"^  (/\S+):\n((?:    .*\n|\n)+)", TEXT, re.MULTILINE)
    for method in re.findall(r"^    (\w+):", described, re.MULTILINE)
]


@cache
def document():
    return yaml.load(TEXT, Loader=yaml.CSafeLoader)


junk = st.one_of(
    st.text(max_size=20),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["", "\x00", "null", "NaN", "2026-02-30", "0001-01-01", "9999-12-31", "٣", "a,b", "%00", "1e9"]),
)


def fitting(schema):
    """Values that a parameter's JSON schema allows, as a query says them."""
    if "anyOf" in schema:
        return st.one_of([fitting(one) for one in schema["anyOf"] if one.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]).map(str)
    match schema.get("type"), schema.get("format"):
        case "boolean", _:
            return st.sampled_from(["true", "false"])
        case "integer", _:
            return st.integers(schema.get("minimum", 1), min(schema.get("maximum", 50), 50)).map(str)
        case "string", "date":
            return st.dates().map(str)
        case "string", "date-time":
            return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    return st.sampled_from(["forum", "help", "spring", "shop", "1", "joe"])


def queries(described):
    """Some of the described parameters, most of them with values that fit."""
    parameters = {one["name"]: one["schema"] for one in described.get("parameters", ()) if one["in"] == "query"}
    if not parameters:
        return st.just({})
    named = st.sampled_from(sorted(parameters)).flatmap(
        lambda name: st.tuples(st.just(name), st.one_of(*[fitting(parameters[name])] * 3, junk))
    )
    return st.lists(named, max_size=3).map(dict)


def bodies(method, path):
    if method not in ("POST", "PATCH"):
        return st.just(b"")
    key = path.split("/")[3]
    said = [b"{}", b"[]", b"nonsense", b'{"reason": "a test"}', b'{"reason": 7}', b'{"chunk_persons": 1}']
    if key in SAMPLES:
        items = [SAMPLES[key].item(number) for number in (1, 2)]
        said += [orjson.dumps(content) for content in ({"items": items}, {"items": items * 2}, SAMPLES[key].change)]
        said += [orjson.dumps(item) for item in items]
    return st.one_of(st.sampled_from(said), st.binary(max_size=30))


@pytest.fixture(scope="module")
def filled(kept):
    """A client that may do everything, and the ids of two records of each collection."""
    prepare()
    client = client_with(*known_scopes(), requests_per_minute=1_000_000)
    known = {
        key: [client.post(f"/api/v1/{key}/", sample.item(n)).json()["id"] for n in (1, 2)]
        for key, sample in SAMPLES.items()
    }
    return client, known


@pytest.fixture
def api(db, filled):
    return filled[0]


@pytest.fixture
def known(filled):
    return filled[1]


adapter = cache(pydantic.TypeAdapter)


def test_every_operation_of_the_document_is_called():
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}

    assert sorted(OPERATIONS) == sorted(described)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_as_the_document_says(api, known, method, path):
    described = document()["paths"][path][method.lower()]
    documented = {status for status in described["responses"] if status.isdecimal()}
    view = next(route.view for route in api_routes() if route.path.replace("<int:pk>", "{id}") == path)
    promised = view.operations[method].answers
    there = known.get(path.split("/")[3], [1])
    ids = st.sampled_from([*there, *there, 2**31, 2**63 - 1, 2**64, 0])
    seen = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(pk=ids, query=queries(described), body=bodies(method, path))
    def check(pk, query, body):
        answer = api.generic(
            method,
            path.replace("{id}", str(pk)),
            body,
            content_type="application/json",
            query_params=query,
        )
        status = answer.status_code
        seen.add(status)
        assert status < 500, answer.content[:500]
        if status >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert json.loads(answer.content)["status"] == status
            return
        assert str(status) in documented
        if promised.get(status) is not None:
            adapter(promised[status]).validate_json(answer.content, strict=True)

    check()
    if method == "GET" and "{id}" not in path:
        assert 200 in seen, "nothing but refusals: the test has shown nothing"


QUERY_PARAMETERS = [
    (method, path, one["name"])
    for method, path in OPERATIONS
    for one in document()["paths"][path][method.lower()].get("parameters", ())
    if one["in"] == "query"
]


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_no_parameter_takes_a_character_that_cannot_be_stored(api, text):
    assert len(QUERY_PARAMETERS) > 100
    known = str(ContactFactory().pk)
    others = {}
    for method, path, name in QUERY_PARAMETERS:
        answer = api.generic(method, path.replace("{id}", known), query_params={name: text})
        if answer.status_code != 400:
            others[method, path, name] = answer.status_code

    assert others == {}


def well_formed(parameter):
    """A value that the document allows for `parameter`."""
    schema = parameter["schema"]
    schema = next((one for one in schema.get("anyOf", ()) if one["type"] != "null"), schema)
    fitting = {"boolean": "true", "integer": "1", "date": "2026-03-01", "date-time": "2026-03-01T09:00:00Z"}
    return str(schema.get("enum", [fitting.get(schema.get("format", schema["type"]), "abc")])[0])


def refused_queries():
    """Each operation with each query that it refuses, the parameter that the refusal names, and its code."""
    for method, path in OPERATIONS:
        yield method, path, "colour=red", "colour", "unknown_parameter"
        for one in document()["paths"][path][method.lower()].get("parameters", ()):
            if one["in"] == "query":
                name, value = one["name"], well_formed(one)
                yield method, path, f"{name}={value}&{name}={value}", name, "repeated_parameter"
                yield method, path, f"{name}=", name, "empty"


def test_a_parameter_that_is_unknown_or_given_twice_or_without_a_value_is_refused_by_name(api):
    known = str(ContactFactory().pk)
    others, asked = {}, 0
    for method, path, query, name, code in refused_queries():
        asked += 1
        address = f"{path.replace('{id}', known)}?{query}"
        answer = api.generic(method, address, b"{}", content_type="application/json")
        refused = answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
        errors = [(error.get("parameter"), error["code"]) for error in answer.json()["errors"]] if refused else None
        if errors != [(name, code)]:
            others[method, address] = answer.status_code, errors

    assert others == {}
    assert asked == len(OPERATIONS) + 2 * len(QUERY_PARAMETERS)


def test_a_body_that_says_something_is_refused_where_nothing_can_be_said(api):
    known = str(ContactFactory().pk)
    taking_none = [
        path
        for path, methods in document()["paths"].items()
        if "requestBody" not in methods.get("post", {"requestBody": 1})
    ]

    answers = [api.post(path.replace("{id}", known), {"color": "red"}) for path in taking_none]

    assert [[error["field"] for error in answer.json()["errors"]] for answer in answers] == [["color"]] * 4
    assert {answer.status_code for answer in answers} == {400}
