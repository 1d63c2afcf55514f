"""Every filter of every list: it keeps the rows that match, and no other."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from crm.models import Contact, Conversion
from gateway.collections import collections
from gateway.filters import CollectionFilters
from gateway.routes import api_routes, known_scopes
from jobs.models import Job
from tests.api_clients import client_with
from tests.factories.community import ChannelFactory, CommunityFactory
from tests.gateway.samples import SAMPLES, Json, prepare

pytestmark = pytest.mark.django_db

KEYS = sorted(collections.keys())


def contact(n: int) -> Json:
    return {"contact": {"source": "shop", "external_id": f"c{n}"}}


# What the first rows of a collection say beyond their samples: each filter tells at least two of them apart. The first
# is also voided, retracted or archived, and what is said of contact 3 belongs to the person of contact 1.
ROWS: dict[str, list[Json]] = {
    "campaigns": [
        {"status": "running", "is_pilot": True, "parent": "The-Year"},
        {"status": "ended", "parent": "The-Decade"},
    ],
    "channel-sizes": [{}, {"channel": "telephone"}],
    "channels": [{}, {"platform": "telephone", "community": "sales"}],
    "communities": [{}, {"purpose_measure": "mean_rating"}],
    "companies": [{}, {"source": "crm", "name": "Smith Ltd", "domain": "smith.example"}],
    "contacts": [
        {"owner": "ana", "stage": "customer", "do_not_contact": True},
        {
            "source": "crm",
            "full_name": "Kim Smith",
            "email": "kim@example.com",
            "company": {"source": "shop", "external_id": "f2"},
            "owner": "ben",
            "tags": ["new"],
        },
        {},
    ],
    "conversions": [
        {"order_number": "2026-17", "utm_campaign": "Spring", "occurred_at": "2026-03-21T12:00:00Z"},
        {"source": "crm", **contact(2), "kind": "donation", "order_number": "2026-18", "utm_campaign": "Summer"},
        contact(3),
        {"contact": None, "kind": None, "currency": None, "refund_of": {"source": "shop", "external_id": "o3"}},
    ],
    "costs": [
        {"purpose": "support", "ends_on": "2026-04-30", "starts_on": "2026-03-02"},
        {
            "source": "crm",
            "campaign": "summer",
            "channel": "telephone",
            "category": "agency",
            "purpose": "retention",
            "delivery": "agency",
            "ends_on": "2026-04-29",
        },
        {"campaign": None, "channel": None, "community": "help", "category": "staffing", "sharing": "even"},
        {"campaign": None, "channel": None, **contact(1), "category": "rewards"},
        {"campaign": None, "channel": None, **contact(2), "category": "rewards"},
    ],
    "exchange-rates": [{}, {"currency": "SEK"}],
    "follow-ups": [
        {"done_at": "2026-05-30T10:00:00Z", "done_by": "ana"},
        {"source": "crm", **contact(2), "assigned_to": "ben", "due_on": "2026-05-31"},
        contact(3),
    ],
    "help-records": [
        {},
        {
            "channel": "telephone",
            **contact(2),
            "helper": {"member": "u5"},
            "topic": "fees",
            "outcome": "referred",
            "rating": None,
            "occurred_at": "2026-03-03T10:59:59Z",
        },
        {**contact(3), "helper": {"member": "u6"}, "channel": "telephone"},
    ],
    "interactions": [
        {"is_private": True},
        {
            "channel": "telephone",
            "kind": "question",
            "member": "u6",
            "to": "u8",
            "thread": "t2",
            "campaign": "summer",
            "occurred_at": "2026-03-02T08:59:59Z",
        },
        {"channel": "telephone", "member": "u7", "to": {"source": "shop", "external_id": "c1"}},
        {"channel": "telephone", "member": "u7", "to": {"source": "shop", "external_id": "c2"}},
    ],
    "members": [
        {},
        {"channel": "telephone", "handle": "kim", **contact(2), "role": "bot"},
        {"handle": "joe.at.work", **contact(3), "role": "community"},
    ],
    "notes": [
        {"is_pinned": True},
        {"source": "crm", **contact(2), "author": "ben", "written_at": "2026-03-04T08:59:59Z"},
        contact(3),
    ],
    "threads": [
        {"topic": "enrolment"},
        {
            "channel": "telephone",
            "topic": "fees",
            "opened_by": "u6",
            "opened_at": "2026-03-02T08:59:59Z",
            "accepted_answer": None,
        },
    ],
}

# Where a filter asks for something that its row says under another name.
SAID_IN = {
    "is_rated": "rating",
    "is_refund": "refund_of",
    "is_accepted": "accepted_answer",
    "ends_from": "ends_on",
    "starts_until": "starts_on",
    "date_from": "date",
    "date_until": "date",
    "day_from": "day",
    "day_until": "day",
}


def values(record: Json, name: str) -> list[Any]:
    """Return each value by which the filter `name` must find `record`, as the record itself tells."""
    match name:
        case "search":
            return record["full_name"].split()
        case "source" | "external_id" if "refs" in record:
            return [ref[name] for ref in record["refs"]]
        case "email" | "tag":
            return record[f"{name}s"]
        case "company_id" if record["company"]:
            return [record["company"]["id"]]
        case "has_role":
            return [entry["role"] for entry in record["roles"]]
        case "helper_user":
            return [record["helper"]["user"]] if "user" in record["helper"] else []
        case "person_id" if "person_id" not in record:
            whose = {"pk": record["contact_id"]} if "contact_id" in record else {"members": record["member_id"]}
            return list(Contact.objects.filter(**whose).values_list("person_id", flat=True))
    if name.startswith("is_") and name not in record:
        said = record[SAID_IN.get(name, f"{name.removeprefix('is_')}_at")]
        return ["false" if said is None else "true"]
    said = record[name]
    return [] if said in (None, "") else [str(said).lower() if isinstance(said, bool) else said]


def found_by(record: Json, name: str) -> set[int]:
    """
    Return what a value of `record` finds: that record, by what a contact is known by whom it was merged into, and by
    whose a conversion is its refunds.
    """
    if "merged_into" in record and name in ("source", "external_id", "email", "search"):
        return {record["id"], record["person_id"]}
    if "refund_of" in record and name in ("contact_id", "person_id"):
        refunds = Conversion.objects.filter(
            refund_of_source=record["source"], refund_of_external_id=record["external_id"]
        )
        return {record["id"], *refunds.values_list("pk", flat=True)}
    return {record["id"]}


def moment(record: Json, name: str) -> str:
    """Return the time or the day that the filter `name`, a from or an until, compares with."""
    stem = name.rpartition("_")[0]
    named = (SAID_IN.get(name), f"{stem}_at", f"{stem}_on")
    return next(record[field] for field in named if field in record)


@pytest.fixture
def api():
    prepare()
    ChannelFactory(slug="telephone", community=CommunityFactory(slug="sales"))
    get_user_model().objects.create_user("ben")
    return client_with(*known_scopes())


def rows_of(api, key: str) -> list[Json]:
    """Make the rows of a collection, and return them as it lists them."""
    made = []
    for n, changes in enumerate(ROWS[key], start=1):
        item = {name: value for name, value in (SAMPLES[key].item(n) | changes).items() if value is not None}
        answer = api.post(f"/api/v1/{key}/", item)
        assert answer.status_code in (200, 201), answer.json()
        made.append(answer.json()["id"])
    model = collections[key].model
    for column in ("voided_at", "retracted_at", "archived_at"):
        if column in {field.name for field in model._meta.concrete_fields}:
            model.objects.filter(pk=made[0]).update(**{column: timezone.now()})
    if survivor := Contact.objects.filter(refs__external_id="c1").first():
        Contact.objects.filter(refs__external_id="c3").update(merged_into=survivor)
    listed = api.get(f"/api/v1/{key}/", {"include_inactive": "true"}).json()["results"]
    return [record for record in listed if record["id"] in made]


def filters_of(key: str) -> type[CollectionFilters]:
    return next(route.view.resource.filters for route in api_routes() if route.path == f"/api/v1/{key}/")


@pytest.mark.parametrize("key", KEYS)
def test_every_filter_keeps_what_matches_and_nothing_else(api, key):
    rows = rows_of(api, key)
    assert len(rows) == len(ROWS[key])

    for name in filters_of(key).base_filters:
        expected: dict[Any, set[int]] = {}
        for row in rows:
            if name.endswith("_from"):
                asked = moment(row, name)
                expected[asked] = {other["id"] for other in rows if moment(other, name) >= asked}
            elif name.endswith("_until"):
                asked = moment(row, name)
                expected[asked] = {other["id"] for other in rows if moment(other, name) < asked}
            else:
                for value in values(row, name):
                    expected.setdefault(value, set()).update(found_by(row, name))
        assert any(0 < len(found) < len(rows) for found in expected.values()), f"{name} leaves nothing out"

        found = {}
        for value in expected:
            answer = api.get(f"/api/v1/{key}/", {name: value, "include_inactive": "true"})
            found[value] = {record["id"] for record in answer.json()["results"]} & {row["id"] for row in rows}
        assert found == expected, name


@pytest.mark.parametrize(
    ("key", "first", "end", "early", "late"),
    [
        ("interactions", "occurred_from", "occurred_until", "2026-03-02T09:00:00Z", "2026-03-02T11:00:00+01:00"),
        ("follow-ups", "due_from", "due_until", "2026-03-02", "2026-03-03"),
    ],
)
def test_a_span_that_ends_before_it_starts_is_refused(api, key, first, end, early, late):
    refused = api.get(f"/api/v1/{key}/", {first: late, end: early})

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameters")
    (error,) = refused.json()["errors"]
    assert (error["parameter"], error["code"]) == (end, "ends_before_start")
    assert error["message"] == f"'{end}' ({early}) lies before '{first}' ({late})."
    assert api.get(f"/api/v1/{key}/", {first: early, end: early}).json()["results"] == []
    blank = api.get(f"/api/v1/{key}/", {first: " ", end: early})
    assert [(error["parameter"], error["code"]) for error in blank.json()["errors"]] == [(first, "empty")]


def test_a_plus_that_was_not_escaped_is_named(api):
    """In an address a plus is a blank: what arrives reads like no time, and the sender sees that it is one."""
    for parameter in ("updated_since", "occurred_from"):
        answer = api.get(f"/api/v1/interactions/?{parameter}=2026-03-01T09:00:00+01:00")

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["parameter"], error["code"]) == (400, parameter, "not_a_time")
        assert "%2B01:00" in error["message"]
    assert api.get("/api/v1/interactions/?updated_since=2026-03-01T09:00:00%2B01:00").status_code == 200


def test_costs_that_last_from_before_one_day_to_after_another_are_no_such_span(api):
    (cost,) = [row for row in rows_of(api, "costs") if row["ends_on"] == "2026-04-30"]

    found = api.get("/api/v1/costs/", {"ends_from": "2026-04-30", "starts_until": "2026-04-01"})

    assert [row["id"] for row in found.json()["results"]] == []
    every = {"ends_from": "2026-04-30", "starts_until": "2026-04-01", "include_inactive": "true"}
    assert [row["id"] for row in api.get("/api/v1/costs/", every).json()["results"]] == [cost["id"]]


def test_what_nothing_is_called_finds_nothing(api):
    rows_of(api, "interactions")

    unknown = {"channel": "fourm", "campaign": "nowhere", "thread_id": "999999", "person_id": "999999"}
    for name, value in unknown.items():
        answer = api.get("/api/v1/interactions/", {name: value})
        assert (answer.status_code, answer.json()["results"]) == (200, []), name


def test_jobs_are_found_by_kind_and_state(api):
    export = Job.objects.create(kind="export", state=Job.State.QUEUED)
    recompute = Job.objects.create(kind="recompute", state=Job.State.RUNNING, started_at=timezone.now())

    for job in (export, recompute):
        for name in ("kind", "state"):
            answer = api.get("/api/v1/jobs/", {name: getattr(job, name)})
            assert [record["id"] for record in answer.json()["results"]] == [job.pk]
