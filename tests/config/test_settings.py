"""The settings: what they read is documented, and what is wrong is told in one sentence."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.embedded.lease import CHECKOUT
from config.own_settings import refuse_wrong_settings
from tests.processes import Ended, manage_at_hand

READ = re.compile(
    r"""(?:env\.\w+|switch|seconds|whole_number|environ\.get|getenv)\(\s*["']([A-Z][A-Z_]+)["']|environ\[["']([A-Z][A-Z_]+)["']\]"""
)
#: Variables of the system, of Django and of pytest, which are not Kith's to document.
FOREIGN = {
    "PATH",
    "HOME",
    "DJANGO_SETTINGS_MODULE",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
    "PYTEST_XDIST_WORKER",
    "PYTEST_XDIST_WORKER_COUNT",
}


def variables_read() -> set[str]:
    """Every environment variable that the code reads by name."""
    found = {name for path in own_files() for match in READ.findall(path.read_text()) for name in match if name}
    return found - FOREIGN


def own_files() -> Iterator[Path]:
    """Yield every file of Python in this checkout; folders whose name begins with a dot are not gone into."""
    for folder, below, names in os.walk(CHECKOUT):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def variables_documented() -> set[str]:
    """Every variable that has a row in a table of the operations page."""
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", (CHECKOUT / "docs" / "operations.md").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def manage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Ended]]:
    """Run commands that read their settings anew, in processes whose Django is loaded."""
    with manage_at_hand(dict(os.environ), folder=tmp_path_factory.mktemp("manage"), loaded="nothing") as manage:
        yield manage


def test_every_variable_that_is_read_is_documented():
    read = variables_read()

    assert {"DATABASE_URL", "KITH_PRODUCTION", "METRICS_TICK_SECONDS", "KITH_API_REQUESTS_PER_MINUTE"} <= read
    assert read - variables_documented() == set()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KITH_DEBUG": "maybe"}, "Kith: KITH_DEBUG must be on or off, not 'maybe'.\n"),
        *(
            (
                {"DATABASE_URL": address},
                "Kith: DATABASE_URL must name a PostgreSQL server, such as postgresql://name:password@host/database.\n",
            )
            for address in ("sqlite:///kith.db", "mysql://kith:secret@host/kith", "postgresql//kith")
        ),
        (
            {"REDIS_URL": "memory://secret@host"},
            "Kith: REDIS_URL must name a Redis or Valkey server, such as redis://host:6379/0.\n",
        ),
        (
            {"METRICS_TICK_SECONDS": "soon"},
            "Kith: METRICS_TICK_SECONDS must be a number of seconds above zero, not 'soon'.\n",
        ),
        (
            {"KITH_API_REQUESTS_PER_MINUTE": "-1"},
            "Kith: KITH_API_REQUESTS_PER_MINUTE must be a whole number, zero or more, not '-1'.\n",
        ),
        ({"KITH_PROXY_COUNT": "-1"}, "Kith: KITH_PROXY_COUNT must be a whole number, zero or more, not '-1'.\n"),
        (
            {"KITH_TIME_ZONE": "Mars/Utopia"},
            "Kith: KITH_TIME_ZONE must be an IANA name, such as Europe/London, not 'Mars/Utopia'.\n",
        ),
        (
            {"KITH_PRODUCTION": "on"},
            "Kith: Set KITH_SECRET_KEY to a long random text: KITH_PRODUCTION is on.\n",
        ),
        (
            {
                "KITH_PRODUCTION": "on",
                "KITH_SECRET_KEY": "long and random",
                "KITH_SUPPRESSION_KEYS": "0123456789-abcdefghijklmnopqrstuvwxyz",
                "KITH_ALLOWED_HOSTS": "*",
            },
            "Kith: KITH_ALLOWED_HOSTS may not hold '*': KITH_PRODUCTION is on.\n",
        ),
        (
            {"KITH_PRODUCTION": "on", "KITH_DEBUG": "on"},
            "Kith: KITH_DEBUG must be off when KITH_PRODUCTION is on.\n",
        ),
    ],
)
def test_wrong_setting_is_told_in_one_sentence(manage, changes, sentence):
    result = manage("check", **changes)

    assert (result.returncode, result.stdout, result.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("KITH_CURRENCY", "eur", "must be a code of ISO 4217 in capitals, such as EUR, not 'eur'."),
        ("KITH_PHONE_REGION", "UK", "must be a code of ISO 3166-1 in capitals, such as GB, not 'UK'."),
        (
            "METRICS_DEFAULT_MODEL",
            "markov",
            "must be one of first_touch, last_touch, linear, position_based, time_decay, not 'markov'.",
        ),
        (
            "KITH_MERGE_RULES",
            ["same_name"],
            ": There is no merge rule 'same_name'. Known: verified_email, verified_phone.",
        ),
        ("KITH_ERASURE_LIST", "/nowhere/erased", "must name a file in a folder that is there, not '/nowhere/erased'."),
    ],
)
def test_what_the_organisation_says_wrongly_is_refused_by_name(settings, name, value, sentence):
    refuse_wrong_settings()
    setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_wrong_settings()

    assert str(refusal.value) == f"{name}{sentence if sentence[0] == ':' else f' {sentence}'}"


def test_wrong_currency_stops_any_command_in_one_sentence(manage):
    result = manage("migrate", "--check", KITH_CURRENCY="ZZZ")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Kith: KITH_CURRENCY must be a code of ISO 4217 in capitals, such as EUR, not 'ZZZ'.\n"


def test_production_settings_pass_djangos_own_check():
    environment = {
        **os.environ,
        "KITH_PRODUCTION": "on",
        "KITH_SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "KITH_SUPPRESSION_KEYS": "0123456789-abcdefghijklmnopqrstuvwxyz",
        "KITH_ALLOWED_HOSTS": "kith.example.org",
    }

    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--tag", "security", "--fail-level", "WARNING"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_command_whose_reader_has_read_enough_ends_without_a_word():
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run(
        [sys.executable, "manage.py", "help", "--commands"],
        cwd=CHECKOUT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip

    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.fixture
def empty_database(subprocess_environment: dict[str, str]) -> Iterator[str]:
    """The address of a database that nobody has migrated, on the server of the tests."""
    server, _, _ = subprocess_environment["DATABASE_URL"].rpartition("/")
    name = f"kith_empty_{uuid4().hex}"
    with psycopg.connect(subprocess_environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield f"{server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.django_db
def test_command_on_a_database_that_is_not_migrated_says_so(subprocess_environment, empty_database, tmp_path):
    environment = {**subprocess_environment, "DATABASE_URL": empty_database}
    with manage_at_hand(environment, folder=tmp_path, loaded="all") as manage:
        for command in (
            ["roi", "--by", "campaign"],
            ["create_api_key", "shop", "--scopes", "contacts:read"],
            ["recompute", "--in-process"],
        ):
            ended = manage(*command)

            assert (ended.returncode, ended.stdout) == (1, "")
            assert ended.stderr == (
                "Kith: the database is not as this version needs it. Run 'manage.py migrate'; 'make demo' does too.\n"
            )
