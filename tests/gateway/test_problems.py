"""Everything that can go wrong is answered with the same shape, through the whole stack."""

import pytest

from gateway.middleware import QUERY_LIMIT
from gateway.payload import BODY_LIMIT
from jobs.models import Job
from tests.api_clients import client_of, client_with

pytestmark = pytest.mark.django_db


def assert_problem(response, status, code):
    body = response.json()
    assert response.status_code == status, body
    assert response.headers["Content-Type"] == "application/problem+json"
    assert set(body) >= {"type", "title", "status", "detail", "code"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:kith:problem:{code}")
    assert body["title"]
    assert body["detail"]
    return body


def test_unknown_address_is_a_problem_document():
    assert_problem(client_with().get("/api/v1/nothing/"), 404, "not_found")
    assert_problem(client_of().get("/api/v1/nothing/here"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/contacts/", "/api/docs/nothing"])
def test_address_beside_the_api_says_where_it_stands(path):
    body = assert_problem(client_with().get(path), 404, "not_found")

    assert body["detail"] == "The API stands below /api/v1/."


@pytest.mark.parametrize("pk", ["1", str(2**31), str(2**63), "9" * 40])
def test_unknown_record_is_a_problem_document(pk):
    assert_problem(client_with("jobs:read").get(f"/api/v1/jobs/{pk}/"), 404, "not_found")


def test_no_key_is_challenged():
    response = client_of().get("/api/v1/jobs/")

    assert_problem(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="kith"'


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused_with_those_that_work(method):
    response = getattr(client_with("jobs:read"), method)("/api/v1/jobs/")

    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


def test_only_json_is_given():
    assert_problem(client_with("jobs:read").get("/api/v1/jobs/", HTTP_ACCEPT="text/csv"), 406, "not_acceptable")


def test_large_body_is_refused_before_it_is_read():
    class Unread:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    response = client_of().generic(
        "POST", "/api/v1/jobs/", CONTENT_LENGTH=str(BODY_LIMIT + 1), **{"wsgi.input": Unread()}
    )

    assert_problem(response, 413, "payload_too_large")


def test_without_https_nothing_is_redirected_where_https_is_asked_for(settings):
    """A redirected POST comes back as a GET, which answers 200 and writes nothing."""
    settings.SECURE_SSL_REDIRECT, settings.SECURE_REDIRECT_EXEMPT = True, [r"^api/"]

    assert_problem(client_of().post("/api/v1/contacts/", {}), 403, "https_required")
    assert_problem(client_of().post("/api/v1/contacts/", {}, secure=True), 401, "not_authenticated")
    assert client_of().get("/admin/").status_code == 301


def test_body_of_unknown_length_is_refused():
    response = client_of().get("/api/v1/jobs/", HTTP_TRANSFER_ENCODING="chunked")

    assert_problem(response, 411, "length_required")


def test_compressed_body_is_refused():
    response = client_of().post("/api/v1/jobs/", {}, HTTP_CONTENT_ENCODING="gzip")

    assert_problem(response, 415, "unsupported_media_type")


def test_long_query_is_refused():
    response = client_with("jobs:read").get(f"/api/v1/jobs/?kind={'x' * QUERY_LIMIT}")

    assert_problem(response, 414, "uri_too_long")


def test_wrong_host_is_a_problem_document():
    assert_problem(client_of().get("/api/v1/jobs/", HTTP_HOST="evil.example"), 400, "bad_request")


def test_bug_is_a_500_without_internals(monkeypatch, caplog):
    def explode(*_, **__):
        raise RuntimeError("secret-of-the-database")

    monkeypatch.setattr("jobs.api.views.read_page", explode)

    response = client_with("jobs:read").get("/api/v1/jobs/")

    assert_problem(response, 500, "internal_error")
    assert b"secret" not in response.content
    assert "secret-of-the-database" in caplog.text  # the operator sees it in the log


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("colour=red", "colour", "unknown_parameter"),
        ("limit=1&limit=2", "limit", "repeated_parameter"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=1001", "limit", "out_of_range"),
        ("limit=1000000000", "limit", "out_of_range"),
        ("limit=many", "limit", "not_whole"),
        ("state=", "state", "empty"),
        ("state=%20", "state", "empty"),
        ("state=over", "state", "unknown_choice"),
        ("kind=%00", "kind", "unstorable_text"),
        ("cursor=abc", "cursor", "invalid_cursor"),
        ("cursor=WyJqb2JzLmpvYiIsICJpZCIsIDFd", "cursor", "invalid_cursor"),  # made for ordering id
        ("cursor=WyJjcm0uY29udGFjdCIsICItaWQiLCAxXQ", "cursor", "invalid_cursor"),  # made for contacts
        ("cursor=WyJqb2JzLmpvYiIsICItaWQiLCAiMSJd", "cursor", "invalid_cursor"),  # holds a text
        ("cursor=WyJqb2JzLmpvYiIsICItaWQiLCAxZTMwXQ", "cursor", "invalid_cursor"),  # holds 1e30
        ("cursor=WyJqb2JzLmpvYiIsICItaWQiLCAxLCAyXQ", "cursor", "invalid_cursor"),  # holds too much
    ],
)
def test_bad_parameter_is_named(query, parameter, code):
    body = assert_problem(client_with("jobs:read").get(f"/api/v1/jobs/?{query}"), 400, "invalid_parameters")

    assert [(error["parameter"], error["code"]) for error in body["errors"]] == [(parameter, code)]
    assert body["errors"][0]["message"]


def test_cursor_made_for_the_list_and_ordering_is_taken():
    assert client_with("jobs:read").get("/api/v1/jobs/?cursor=WyJqb2JzLmpvYiIsICItaWQiLCAxXQ").status_code == 200


def test_missing_slash_keeps_method_and_query():
    response = client_of().post("/api/v1/jobs?limit=1", {})

    assert response.status_code == 308
    assert response.headers["Location"] == "/api/v1/jobs/?limit=1"


def test_other_addresses_are_left_alone(client):
    response = client.get("/nothing-here/")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_database_away_is_503(monkeypatch):
    from django.db import OperationalError

    def away(*_, **__):
        raise OperationalError("connection refused")

    client = client_with("jobs:read")
    monkeypatch.setattr("jobs.api.views.read_page", away)

    response = client.get("/api/v1/jobs/")

    assert_problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "5"


def test_job_is_shown_with_its_progress():
    job = Job.objects.create(kind="recompute", parameters={"all": True}, done=3, total=10)

    body = client_with("jobs:read").get(f"/api/v1/jobs/{job.pk}/").json()

    assert (body["kind"], body["state"], body["done"], body["total"]) == ("recompute", "queued", 3, 10)
    assert body["created_at"].endswith("Z")
