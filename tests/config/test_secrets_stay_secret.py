"""
No secret in a log, in the database as it was typed, or in an answer that did not have to hold it.

Whoever uses Kith here does it with secrets that no other text contains: keys, passwords, codes and keys of second
factors, session cookies, the passwords of servers, suppression keys. Everything that is logged meanwhile is kept and
searched, and so is every table.
"""

import logging
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings as kith
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.views.debug import technical_500_response

from config.embedded.process import free_port
from crm.personal_data.erasing import erase_person
from gateway.models import ApiKey
from gateway.rate_limits import RequestCounter
from jobs.api.views import JobList
from tests.api_clients import client_of, secret_of
from tests.factories.crm import ContactFactory, ContactRefFactory, EmailFactory

pytestmark = pytest.mark.django_db

PASSWORD = "canary-password-of-ana-4711"
WRONG = "canary-password-of-somewhere-else-0815"
NEW = "canary-password-that-is-new-2342"
SUPPRESSION = "canary-suppression-key-of-more-than-32-characters"


@pytest.fixture
def said(settings, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """
    Everything that is said: by our loggers and those of what handles secrets at every level.

    Django's own stay at the level of the settings: below that its templates would tell all that they are given.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    names = [name for name in logging.root.manager.loggerDict if not name.startswith("django")]
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, logger.level, logger.propagate, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate, logger.disabled = True, False
    caplog.set_level(logging.DEBUG)
    yield caplog
    for logger, level, propagate, is_disabled in before:
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, is_disabled


def stumble(*_: object, **__: object) -> None:
    raise RuntimeError("a bug")


def kept() -> str:
    """Return the whole database as text."""
    with connection.cursor() as cursor:
        parts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            parts += [row[0] for row in cursor.fetchall()]
    return "\n".join(parts)


def check(said: pytest.LogCaptureFixture, *secrets: str) -> None:
    everything = said.text + repr([(record.args, record.__dict__.get("params")) for record in said.records])
    database = kept()
    assert len(said.records) > 0
    assert len(database) > 1000
    for secret in secrets:
        assert len(secret) > 5
        assert secret not in everything
        assert secret not in database


def test_the_search_finds_what_was_said_and_kept(said: pytest.LogCaptureFixture):
    logging.getLogger("gateway").debug("the word is %s", "canary-of-the-test")
    ContactFactory(full_name="canary-of-the-table")

    assert "canary-of-the-test" in said.text
    assert "canary-of-the-table" in kept()


def test_keys(said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"], requests_per_minute=4)
    secret = secret_of(token)
    spoilt = token[:-1] + ("A" if token[-1] != "A" else "B")
    address = "/api/v1/jobs/"

    answers = [client_of(token).get(address), client_of(spoilt).get(address), client_of(token).get("/api/v1/notes/")]
    answers += [client_of().get(f"{address}?key={token}"), client_of().post("/api/v1/notes/", {"key": token})]
    answers += [client_of().get(address, headers={"Authorization": f"Basic {token}"})]
    answers += [client_of(token).get(f"{address}?key={token}") for _ in range(3)]

    with monkeypatch.context() as patch:
        patch.setattr(JobList, "get", stumble)
        ApiKey.objects.filter(pk=key.pk).update(requests_per_minute=None)
        answers.append(client_of(token).get(address))
    ApiKey.objects.revoke(key.prefix, now=timezone.now())
    answers.append(client_of(token).get(address))

    assert [answer.status_code for answer in answers] == [200, 401, 403, 401, 401, 401, 400, 400, 429, 500, 401]
    assert "a bug" in said.text
    assert all(secret not in answer.content.decode() for answer in answers)
    check(said, secret, secret_of(spoilt))


def test_passwords_and_sessions(said: pytest.LogCaptureFixture):
    User.objects.create_superuser("ana", password=PASSWORD)
    client = Client()
    for password in (WRONG, PASSWORD):
        client.post(reverse("account_login"), {"login": "ana", "password": password})
    cookie = client.cookies["sessionid"].value
    ben = User.objects.create_user("ben", is_staff=True)
    both = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    client.post(reverse("admin:auth_user_password_change", args=[ben.pk]), {**both, "password2": WRONG})
    client.post(reverse("admin:auth_user_password_change", args=[ben.pk]), both)
    client.post(reverse("admin:auth_user_add"), {"username": "cas", **both})
    client.post(
        reverse("admin:password_change"), {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    )
    for _ in range(5):
        Client().post(reverse("account_login"), {"login": "ana", "password": WRONG})

    assert User.objects.get(username="ben").check_password(NEW)
    assert User.objects.filter(username="cas").exists()
    check(said, PASSWORD, WRONG, NEW)
    assert cookie not in said.text


def test_second_factors(said: pytest.LogCaptureFixture):
    ana = User.objects.create_superuser("ana", password=PASSWORD)
    client = Client()
    client.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    client.post(reverse("mfa_activate_totp"), {"code": "000000" if code != "000000" else "111111"})
    client.post(reverse("mfa_activate_totp"), {"code": code})
    codes = Authenticator.objects.get(user=ana, type="recovery_codes").wrap().get_unused_codes()
    client.get(reverse("mfa_view_recovery_codes"))

    other = Client()
    other.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    other.post(reverse("mfa_authenticate"), {"code": "123456"})
    other.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert other.get(reverse("admin:index")).status_code == 200

    check(said, secret, *codes)


def test_suppression_keys(said: pytest.LogCaptureFixture, settings):
    settings.KITH_SUPPRESSION_KEYS = [SUPPRESSION]
    contact = ContactFactory(full_name="Joe Bloggs")
    EmailFactory(contact=contact, raw="joe@example.com")
    ContactRefFactory(contact=contact, source="shop", external_id="canary-c1")
    erase_person(contact_id=contact.pk, reason="asked", now=timezone.now(), through="admin")
    _, token = ApiKey.objects.issue(name="shop", scopes=["contacts:write"])

    answer = client_of(token).post("/api/v1/contacts/", {"source": "shop", "external_id": "canary-c1"})

    assert "erased" in answer.content.decode()
    assert SUPPRESSION not in answer.content.decode()
    check(said, SUPPRESSION, "canary-c1", "joe@example.com")


def test_passwords_of_servers(said: pytest.LogCaptureFixture):
    assert RequestCounter(f"redis://:canary-of-valkey@127.0.0.1:{free_port()}/0").count("shop") is None

    assert "Requests are not counted" in said.text
    check(said, "canary-of-valkey", kith.SECRET_KEY, kith.DATABASES["default"]["PASSWORD"])


def test_pages_for_developers_hide_addresses_of_servers_too(settings, said: pytest.LogCaptureFixture):
    settings.DEBUG = True
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:canary-of-valkey@127.0.0.1:1/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}

    try:
        stumble()
    except RuntimeError as error:
        its_own = error.__traceback__.tb_next  # this function's lines name what is looked for
        page = technical_500_response(RequestFactory().get("/"), type(error), error, its_own).content.decode()

    assert "a bug" in page
    assert "KITH_SUPPRESSION_KEYS" in page
    assert "canary-of-valkey" not in page
    assert kith.KITH_SUPPRESSION_KEYS[0] not in page
