"""Who calls: a Bearer key in the Authorization header, and nowhere else."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pghistory
from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from gateway.errors import DomainError
from gateway.models import ApiKey
from gateway.models.api_key import TOKEN_SHAPE, USE_NOTED_EVERY, digest_of
from gateway.scopes import scope_for

NO_DIGEST = bytes(32)  # compared when no key has the prefix, so that both refusals take the same path


class InvalidKey(DomainError):
    """The Authorization header holds no key that Kith knows."""

    code = "invalid_key"
    status = 401


class ExpiredKey(DomainError):
    """The key's time is over."""

    code = "expired_key"
    status = 401


class RevokedKey(DomainError):
    """The key was revoked."""

    code = "revoked_key"
    status = 401


@dataclass(frozen=True)
class Caller:
    """The client behind a request: a key, never a user. Stands in for DRF's `request.user`."""

    key_id: int
    name: str
    prefix: str
    scopes: frozenset[str]
    requests_per_minute: int | None = None  # None: as often as the setting says

    is_authenticated: ClassVar[bool] = True

    def may(self, permission: str) -> bool:
        """Whether the key holds the scope that stands for a permission: what `user.has_perm` is for a user."""
        return scope_for(permission) in self.scopes


class BearerKey(BaseAuthentication):
    """
    Authenticate by `Authorization: Bearer kith_…`; a request without that header stays anonymous.

    The key is read from the database with every request, so a revoked one is refused at once in
    every process. Raises `InvalidKey`, `RevokedKey`, `ExpiredKey`.
    """

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidKey("Send the key as 'Authorization: Bearer <key>'.")
        caller = identify(token.strip(), now=timezone.now())
        pghistory.context(through="api", key=f"{caller.name} ({caller.prefix})")
        return caller, caller.prefix

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="kith"'


# Every request asks this. To build the text anew each time took longer than the database takes to answer.
_KEY = f"""
    SELECT id, name, prefix, digest, scopes, expires_at, revoked_at, last_used_at, requests_per_minute
    FROM {ApiKey._meta.db_table} WHERE prefix = %s
"""


def identify(token: str, *, now: datetime) -> Caller:
    """Return who holds `token`, in one query. Raises `InvalidKey`, `RevokedKey` or `ExpiredKey`."""
    shape = TOKEN_SHAPE.fullmatch(token)
    if shape is None:
        raise InvalidKey("This is not a key of Kith: they begin with 'kith_'.")
    with connection.cursor() as cursor:
        cursor.execute(_KEY, [shape["prefix"]])
        row = cursor.fetchone()
    digest = bytes(row[3]) if row else NO_DIGEST
    if not hmac.compare_digest(digest, digest_of(token)) or row is None:
        raise InvalidKey("Kith does not know this key.")
    key_id, name, prefix, _, scopes, expires_at, revoked_at, last_used_at, requests_per_minute = row
    if revoked_at is not None:
        raise RevokedKey("This key was revoked. Ask for a new one.")
    if expires_at is not None and expires_at <= now:
        raise ExpiredKey("This key has expired. Ask for a new one.")
    if last_used_at is None or last_used_at <= now - USE_NOTED_EVERY:
        ApiKey.objects.note_use(key_id, now=now)
    return Caller(key_id, name, prefix, frozenset(scopes), requests_per_minute)
