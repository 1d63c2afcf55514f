"""The servers that tests run on."""

import os

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_session_runs_on_real_servers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('TimeZone')")
        assert cursor.fetchone() == (connection.settings_dict["NAME"], "UTC")
    assert redis.Redis.from_url(settings.REDIS_URL).ping()


@pytest.mark.django_db
def test_statements_are_not_compiled_whatever_the_server_would_do():
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting, source FROM pg_settings WHERE name = 'jit'")
        assert cursor.fetchone() == ("off", "client")


def test_each_process_of_the_session_has_a_broker_of_its_own():
    process = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")

    if process:
        assert settings.REDIS_URL.rpartition("/")[2] == str(int(process) + 1)
    assert {settings.REDIS_URL, settings.CELERY_BROKER_URL, settings.CACHES["default"]["LOCATION"]} == {
        os.environ["REDIS_URL"]
    }


def test_worker_answers_on_the_test_broker(celery_worker):
    from config.celery import app

    assert [list(answer.values())[0] for answer in app.control.ping(timeout=1)] == [{"ok": "pong"}]


def test_private_servers_survive_a_kill(private_servers):
    servers = private_servers()
    with psycopg.connect(servers.postgres.url, autocommit=True) as database:
        database.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    servers.kill_postgres()
    servers.kill_valkey()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(servers.postgres.url)
    servers.start()

    with psycopg.connect(servers.postgres.url) as database:
        assert database.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert redis.Redis.from_url(servers.valkey.url).ping()
