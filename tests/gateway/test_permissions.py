"""
Every route and method against a checked-in table, with every kind of key.

The table stands in permissions.txt: method, address, scope. A new route without a row fails.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from gateway.models import ApiKey
from gateway.routes import API_PREFIX, api_routes, known_scopes
from gateway.views import ApiView
from tests.api_clients import client_of, client_with

TABLE = Path(__file__).with_name("permissions.txt")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def table() -> dict[tuple[str, str], str]:
    rows = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {(method, address): scope for method, address, scope in rows}


def address_of(path: str) -> str:
    return path.replace("<int:pk>", "999999")


def test_the_table_names_every_operation():
    found = {
        (method, route.path): operation.scope
        for route in api_routes()
        for method, operation in route.view.operations.items()
    }

    assert found == table()


def test_every_route_is_a_view_of_the_gateway():
    for route in api_routes():
        assert isinstance(route.view, ApiView), route.path
        assert [type(one).__name__ for one in route.view.get_permissions()] == ["HasScope"], route.path
        assert [type(one).__name__ for one in route.view.get_authenticators()] == ["BearerKey"], route.path


def test_a_view_that_names_no_scope_answers_nobody():
    class Careless(ApiView):
        def get(self, request):
            raise AssertionError("reached")

    assert Careless().operations == {}
    assert Careless().allowed_methods == []


@pytest.mark.django_db
def test_every_operation_needs_its_scope_and_nothing_else():
    yesterday = timezone.now() - timedelta(days=1)
    all_scopes = known_scopes()
    strangers = {
        "anonymous": (client_of(), 401, "not_authenticated"),
        "wrong": (client_of("kith_000000000000_" + "A" * 43), 401, "invalid_key"),
        "expired": (client_with(*all_scopes, expires_at=yesterday), 401, "expired_key"),
        "revoked": (client_with(*all_scopes, revoked_at=yesterday), 401, "revoked_key"),
    }
    others, only = {}, {}
    for scope in all_scopes:
        others[scope] = client_with(*(set(all_scopes) - {scope}))
        only[scope] = client_with(scope)
    ApiKey.objects.update(last_used_at=timezone.now())

    for (method, path), scope in table().items():
        address = address_of(path)
        for who, (client, status, code) in strangers.items():
            response = client.generic(method, address, b"{}", content_type="application/json")
            assert (response.status_code, response.json()["code"]) == (status, code), (who, method, path)
        response = others[scope].generic(method, address, b"{}", content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (403, "missing_scope"), (method, path)
        response = only[scope].generic(method, address, b"{}", content_type="application/json")
        assert response.status_code in (200, 202, 204, 400, 404), (method, path, response.content)


@pytest.mark.django_db
def test_no_address_answers_to_a_method_without_an_operation():
    client = client_with(*known_scopes())

    for route in api_routes():
        for method in METHODS:
            if method in route.view.allowed_methods:
                continue
            response = client.generic(method, address_of(route.path), b"{}", content_type="application/json")
            assert response.status_code == 405, (method, route.path)
            assert response.headers["Allow"] == ", ".join(route.view.allowed_methods)


def test_no_address_of_the_api_is_outside_of_the_table():
    assert {path for _, path in table()} == {route.path for route in api_routes()}
    assert all(path.startswith(API_PREFIX) for _, path in table())


@pytest.mark.django_db
def test_every_answer_forbids_a_browser_to_load_or_run_anything():
    client = client_with(*known_scopes())

    for route in api_routes():
        for method in METHODS:
            response = client.generic(method, address_of(route.path), b"{}", content_type="application/json")
            assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    for address in (f"{API_PREFIX}nowhere/", f"{API_PREFIX}contacts"):
        assert "'none'" in client.get(address).headers["Content-Security-Policy"]
