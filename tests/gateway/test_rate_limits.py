"""How often a key may ask: counted in Valkey for all processes, refused with the seconds to wait."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from config.embedded.process import free_port
from gateway import rate_limits
from gateway.models import ApiKey
from gateway.rate_limits import RequestCounter, request_counter
from tests.api_clients import client_of, client_with
from tests.factories.community import UserFactory

ADDRESS = "/api/v1/jobs/"


@pytest.mark.django_db
def test_a_key_asks_as_often_as_it_may_and_is_then_told_to_wait():
    client = client_with("jobs:read", requests_per_minute=3)

    statuses = [client.get(ADDRESS).status_code for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    refused = client.get(ADDRESS)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    seconds = int(refused.headers["Retry-After"])
    assert 55 <= seconds <= 60
    assert f"Go on in {seconds} seconds." in refused.json()["detail"]


@pytest.mark.django_db
def test_after_retry_after_the_key_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_limits, "WINDOW", 1)
    client = client_with("jobs:read", requests_per_minute=1)
    assert [client.get(ADDRESS).status_code for _ in range(2)] == [200, 429]

    assert client.get(ADDRESS).headers["Retry-After"] == "1"
    time.sleep(1)

    assert client.get(ADDRESS).status_code == 200


@pytest.mark.django_db
def test_keys_are_counted_apart_and_follow_the_setting(settings):
    settings.KITH_API_REQUESTS_PER_MINUTE = 2
    eager, calm = client_with("jobs:read"), client_with("jobs:read")
    favoured = client_with("jobs:read", requests_per_minute=4)

    assert [eager.get(ADDRESS).status_code for _ in range(3)] == [200, 200, 429]
    assert calm.get(ADDRESS).status_code == 200
    assert [favoured.get(ADDRESS).status_code for _ in range(5)] == [200, 200, 200, 200, 429]


@pytest.mark.django_db
def test_requests_that_are_refused_for_their_scope_count_as_well():
    client = client_with("contacts:read", requests_per_minute=3)

    statuses = [client.get(ADDRESS).status_code for _ in range(4)]

    assert statuses == [403, 403, 403, 429]
    assert client.get("/api/v1/contacts/").status_code == 429


@pytest.mark.django_db
def test_whoever_has_no_key_is_told_so_however_often(settings):
    settings.KITH_API_REQUESTS_PER_MINUTE = 1

    assert {Client().get(ADDRESS).status_code for _ in range(3)} == {401}


@pytest.mark.django_db
def test_zero_is_no_limit(settings):
    settings.KITH_API_REQUESTS_PER_MINUTE = 0
    client = client_with("jobs:read")

    assert {client.get(ADDRESS).status_code for _ in range(20)} == {200}


@pytest.mark.django_db
def test_a_batch_of_a_thousand_is_one_request():
    client = client_with("contacts:write", requests_per_minute=1)
    items = [{"source": "shop", "external_id": f"c{number}"} for number in range(1000)]

    first = client.post("/api/v1/contacts/batch/upsert", {"items": items})
    second = client.post("/api/v1/contacts/batch/upsert", {"items": items})

    assert (first.status_code, first.json()["created"]) == (200, 1000)
    assert second.status_code == 429


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_are_each_counted(live_server):
    _, token = ApiKey.objects.issue(name="eager", scopes=["jobs:read"], requests_per_minute=10)

    def ask(_: int) -> int:
        answer = requests.get(f"{live_server.url}{ADDRESS}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        return answer.status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(ask, range(48)))

    assert (statuses.count(200), statuses.count(429)) == (10, 38)


@pytest.mark.django_db
def test_without_valkey_requests_go_through_and_it_is_logged_once(settings, caplog: pytest.LogCaptureFixture):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    client = client_with("jobs:read", requests_per_minute=1)

    with caplog.at_level(logging.INFO, logger="gateway.rate_limits"):
        statuses = {client.get(ADDRESS).status_code for _ in range(5)}

    assert statuses == {200}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Requests are not counted" in caplog.text


def test_counting_goes_on_when_valkey_is_back(private_servers, monkeypatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(rate_limits, "LOOKS_AGAIN_AFTER", 0.0)
    servers = private_servers()
    counter = RequestCounter(servers.valkey.url)
    assert counter.count("shop")[0] == 1

    with caplog.at_level(logging.INFO, logger="gateway.rate_limits"):
        servers.kill_valkey()
        away = [counter.count("shop") for _ in range(3)]
        servers.start()
        back = [counter.count("shop")[0] for _ in range(2)]

    assert (away, back) == ([None, None, None], [1, 2])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_server_that_went_is_not_asked_with_every_request():
    counter = RequestCounter(f"redis://127.0.0.1:{free_port()}/0")
    assert counter.count("shop") is None
    counter._client.close()
    counter._client = None  # whoever asks it now fails

    assert counter.count("shop") is None


def test_each_server_has_one_counter_for_the_process(settings):
    assert request_counter(settings.REDIS_URL) is request_counter(settings.REDIS_URL)


@pytest.mark.django_db
def test_the_limit_of_a_key_is_given_on_the_command_line(capsys: pytest.CaptureFixture[str]):
    call_command("create_api_key", "shop", "--scopes", "jobs:read", "--requests-per-minute", "30")
    with pytest.raises(CommandError):
        call_command("create_api_key", "shop", "--scopes", "jobs:read", "--requests-per-minute", "0")
    call_command("list_api_keys")

    assert ApiKey.objects.get().requests_per_minute == 30
    assert client_of(capsys.readouterr().out.split()[0]).get(ADDRESS).status_code == 200


@pytest.mark.django_db
def test_the_limit_is_all_that_can_be_changed_of_a_key():
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    key, _ = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    address = reverse("admin:gateway_apikey_change", args=[key.pk])

    assert client.post(address, {"requests_per_minute": "30", "name": "other"}).status_code == 302
    key.refresh_from_db()
    assert (key.name, key.scopes, key.requests_per_minute) == ("shop", ["jobs:read"], 30)

    refused = client.post(address, {"requests_per_minute": "0"})
    assert "Give a number above zero" in str(refused.context["adminform"].form.errors["requests_per_minute"])
    assert client.post(address, {"requests_per_minute": ""}).status_code == 302
    key.refresh_from_db()
    assert key.requests_per_minute is None


@pytest.mark.django_db
def test_the_database_refuses_a_limit_of_nothing():
    key, _ = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(requests_per_minute=0)
