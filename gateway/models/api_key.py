"""API keys: who may call the API, and for what."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from gateway.errors import DomainError
from gateway.routes import known_scopes

SECRET_BYTES = 32  # 256 bits of entropy: a plain SHA-256 at rest is enough, there is nothing to guess
TOKEN_SHAPE = re.compile(r"kith_(?P<prefix>[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
USE_NOTED_EVERY = timedelta(minutes=1)  # last_used_at is written at most this often


class UnknownScope(DomainError):
    """A scope was named that Kith does not know."""

    code = "unknown_scope"


class NoSuchKey(DomainError):
    """There is no API key with this prefix."""

    code = "no_such_key"
    status = 404


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def issue(
        self,
        *,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None = None,
        requests_per_minute: int | None = None,
        created_by_id: int | None = None,
    ) -> tuple["ApiKey", str]:
        """
        Create a key and return it with its token, which is shown this once and stored nowhere.

        Raises `UnknownScope` for a scope that Kith does not know.
        """
        wanted, known = sorted(set(scopes)), known_scopes()
        for scope in wanted:
            if scope not in known:
                raise UnknownScope(f"There is no scope '{scope}'. Known: {', '.join(known)}.")
        prefix = secrets.token_hex(6)
        token = f"kith_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
        key = self.create(
            name=name,
            prefix=prefix,
            digest=digest_of(token),
            scopes=wanted,
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
            created_by_id=created_by_id,
        )
        return key, token

    def revoke(self, prefix: str, *, now: datetime) -> None:
        """
        Refuse the key from now on, in every process, since each request looks it up. Twice is as good as once.

        Raises `NoSuchKey`.
        """
        if not self.filter(prefix=prefix).update(revoked_at=Coalesce("revoked_at", now)):
            raise NoSuchKey(f"There is no API key with the prefix '{prefix}'.")

    def note_use(self, key_id: int, *, now: datetime) -> None:
        """Remember that the key was used, once a minute at most: racing requests write once, since each looks again."""
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        self.filter(stale, pk=key_id).update(last_used_at=now)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["digest", "last_used_at"],
)
class ApiKey(models.Model):
    """
    What a client proves itself with: `Authorization: Bearer kith_<prefix>_<secret>`.

    Only the digest of the token is stored. The prefix finds the row and may be shown and logged.
    """

    name = models.CharField(max_length=100, help_text="which client uses it, such as shop-sync")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, editable=False, help_text="SHA-256 of the whole token")
    scopes = ArrayField(models.CharField(max_length=50), help_text="such as contacts:read")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="refused from this instant on; empty: never")
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="how often it may ask; empty: as often as KITH_API_REQUESTS_PER_MINUTE says"
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="exact to a minute")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="gateway_apikey_name_not_empty",
                condition=~Q(name=""),
                violation_error_message="A key needs a name that says who uses it.",
            ),
            models.CheckConstraint(
                name="gateway_apikey_requests_per_minute_above_zero",
                condition=Q(requests_per_minute__gt=0),
                violation_error_message="Give a number above zero, or leave it empty; to stop a key, revoke it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def state(self, *, now: datetime) -> str:
        """Return "revoked", "expired" or "valid"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


def digest_of(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()
