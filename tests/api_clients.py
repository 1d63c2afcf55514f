"""Clients of the API for tests: real keys, the real middleware, no exception let through to the test."""

from typing import Any

from rest_framework.test import APIClient

from gateway.models import ApiKey


def client_with(*scopes: str, **fields: Any) -> APIClient:
    """Return a client whose key holds `scopes`; `fields` set columns of the key, such as `revoked_at`."""
    key, token = ApiKey.objects.issue(name="test client", scopes=scopes)
    if fields:
        ApiKey.objects.filter(pk=key.pk).update(**fields)
    return client_of(token)


def client_of(token: str | None = None) -> APIClient:
    """Return a client that sends `token`, or nothing. A bug in a view comes back as the 500 that clients see."""
    client = APIClient(raise_request_exception=False)
    if token is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    client.default_format = "json"
    return client


def secret_of(token: str) -> str:
    """Return what is secret in `token`, all 43 characters after the prefix: underscores may be among them."""
    return token.split("_", maxsplit=2)[2]
