"""
The servers of the test session, and the fixtures about servers, processes and terminals.

Nothing has to be set: a private PostgreSQL and a private Valkey start with the session and are gone after
it, even after a SIGKILL. With DATABASE_URL and REDIS_URL set, the session runs on those servers instead.
"""

import gc
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from config.embedded import ServerError
from tests.servers import (
    PrivateServers,
    begin_template,
    copy_of_database,
    start_session_servers,
    take_own_broker_database,
    template,
)

# The settings read the addresses when Django is set up, so the servers come before everything else.
# (pyproject.toml does not name the settings module: pytest-django would read it before this file.)
try:
    start_session_servers()
    take_own_broker_database()
except ServerError as error:
    pytest.exit(f"Kith: {error}", returncode=1)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()
# Not for the processes of `pytest -n`, which begin with what stands here: pytest-django would read the settings there
# before this file has named the server, and all of them would share one broker.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.commands import flush  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models.signals import post_migrate  # noqa: E402

import config.urls  # noqa: E402, F401  # the admin's site holds what its addresses have loaded, and tests ask it
from config.celery import app as celery_app  # noqa: E402
from metrics.workspace import TABLES, Workspace  # noqa: E402
from tests import quick_logins  # noqa: E402
from tests.admin_drawing import leave_out_frames, remembered, undrawn, whole_pages  # noqa: E402, F401  # fixtures
from tests.beginnings import Beginnings, can_put_back  # noqa: E402
from tests.processes import Worker, start_worker  # noqa: E402
from tests.skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: E402, F401  # hooks
from tests.terminals import written_to_pipe, written_to_terminal  # noqa: E402

gc.disable()  # until the tests are read: almost all that comes of them stays


def _restore_conversion_kinds(**_: object) -> None:
    """Put back what a migration brought: a test that commits is followed by a flush, which ends in this signal."""
    kinds = importlib.import_module("crm.migrations.0002_conversion_kinds")
    kinds.add_kinds(apps, None)


# Else every browser of a test would begin with a look at each file that `manage.py serve` once collected.
settings.STATIC_ROOT = None

quick_logins.install()
leave_out_frames()

# Nobody guesses the passwords of a test. To hash one as slowly as in earnest takes a third of a second, and a login
# with a wrong name does it too.
PBKDF2PasswordHasher.iterations = 1_000

# Files that take long whatever they hold, longest first. A few processes share the suite file by file: begun last, one
# of these would keep one of them busy while the other has nothing left to do.
BEGUN_FIRST = (
    "tests/demo/test_demo.py",
    "tests/crash/",
    "tests/config/test_nonsense.py",
    "tests/metrics/test_recompute_concurrency.py",
    "tests/crm/test_duplicates_killed.py",
    "tests/config/test_embedded.py",
    "tests/config/test_hidden_things.py",
    "tests/metrics/test_recompute_command.py",
    "tests/metrics/test_recompute_properties.py",
    "tests/config/test_permission_matrix.py",
    "tests/config/test_admin_pages.py",
    "tests/real_data/",
    "tests/config/test_tasks.py",
    "tests/metrics/test_reports_properties.py",
    "tests/config/test_processes.py",
    "tests/gateway/test_every_operation.py",
    "tests/config/test_audit_everywhere.py",
    "tests/metrics/test_merging_properties.py",
    "tests/gateway/test_many_clients.py",
    "tests/gateway/test_permissions.py",
    "tests/community/sources/test_import_killed.py",
    "tests/crm/personal_data/test_killed.py",
    "tests/community/test_sync_any_order.py",
    "tests/config/test_environment.py",
)


def pytest_collection(session: pytest.Session) -> None:
    """
    Let each process of `pytest -n` begin with another share of the tests, where all of them are asked for.

    What pytest makes of a file, it keeps for the next time. Where nothing is kept yet, as in a fresh checkout, each
    process would make all of it at the same time as the others.
    """
    number, tests = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"), Path(__file__).parent
    if number and [Path(asked).resolve() for asked in session.config.args] == [tests]:
        files = sorted(tests.rglob("test_*.py"))
        for file in files[int(number) :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]:
            with suppress(Exception):  # which pytest will say when it comes to the file
                importlib.import_module(".".join(file.relative_to(tests.parent).with_suffix("").parts))


@pytest.hookimpl(trylast=True)  # after pytest-randomly, which shuffles
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {place: number for number, place in enumerate(BEGUN_FIRST)}
    items.sort(
        key=lambda item: next((places[place] for place in BEGUN_FIRST if item.nodeid.startswith(place)), len(places))
    )
    # What was imported stays: searching all of it for garbage, over and over, took a sixth of the suite's time. What a
    # page is made of is garbage soon: a search in the middle of it passes it on, to be searched once more.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000_000, 10, 10)
    gc.enable()


@pytest.hookimpl(optionalhook=True)  # there with several processes alone
def pytest_xdist_setupnodes() -> None:
    begin_template()


post_migrate.connect(_restore_conversion_kinds, sender=apps.get_app_config("crm"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let each process of `pytest -n` copy a database: to migrate one takes it seven seconds."""
    connection.settings_dict["TEST"]["TEMPLATE"] = template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database, in a session that has the tables of a recompute, as a worker's has after its first."""
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        Workspace(cursor)
    with django_db_blocker.unblock():
        if can_put_back():
            beginnings = Beginnings()
            flush.sql_flush = beginnings.sql_flush
            flush.emit_post_migrate_signal = beginnings.put_back


@pytest.fixture(scope="module", autouse=True)
def workspace_emptied(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """
    Empty the tables of a recompute after each file by a commit, as after each recompute outside of a test.

    What a transaction that is rolled back wrote stays in their files. The planner takes it for rows: the recompute of
    eight thousand conversions took the server sixteen seconds instead of four.
    """
    yield
    with django_db_blocker.unblock():
        if connection.connection is None or not connection.is_usable():
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"pg_temp.{TABLES[0]}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT FROM {TABLES[0]} LIMIT 1")  # a commit empties them if one of them was read


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """
    A transaction around all tests of a file: what fixtures of its scope make is there in each of them, as it was made.

    What a test does is rolled back after it, and the rest after the last. Not for files with tests that commit.
    """
    around = transaction.atomic()
    around._from_testcase = True  # as those around each test: what insists on being the outermost may run inside
    with django_db_blocker.unblock(), around:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def subprocess_environment(django_db_setup: None) -> dict[str, str]:
    """Environment for a process of Kith's own that shall work on the test database and the test broker."""
    address, mark, options = os.environ["DATABASE_URL"].partition("?")
    server, _, _ = address.rpartition("/")
    return {
        **os.environ,
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}{mark}{options}",
        "REDIS_URL": settings.REDIS_URL,
    }


@pytest.fixture(scope="module")
def migrated_environment(
    subprocess_environment: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, str]]:
    """Environment for processes of Kith's own on an empty, migrated database and a broker of their own."""
    with django_db_blocker.unblock():
        connection.close()  # a database with somebody in it cannot be copied
    address = subprocess_environment["DATABASE_URL"]
    broker, _, number = subprocess_environment["REDIS_URL"].rpartition("/")
    name = f"{connection.settings_dict['NAME']}_copy"
    with copy_of_database(address, name=name) as copy:
        yield {**subprocess_environment, "DATABASE_URL": copy, "REDIS_URL": f"{broker}/{int(number) + 8}"}


@pytest.fixture(scope="module")
def celery_worker(
    subprocess_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Worker]:
    """
    A real Celery worker on the test database and the test broker, ready when the test begins.

    It sees committed rows only: the test needs `@pytest.mark.django_db(transaction=True)`.
    """
    celery_app.control.purge()  # what other tests rang for is over
    with start_worker(subprocess_environment, folder=tmp_path_factory.mktemp("worker")) as worker:
        yield worker
    with django_db_blocker.unblock():  # what it wrote after the last test was cleaned up
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def private_servers() -> Iterator[Callable[[], PrivateServers]]:
    """
    Factory of a PostgreSQL and a Valkey of the test's own, which it may kill and start again.

    `servers = private_servers()` starts both; see `PrivateServers` for the rest. All end with the test.
    """
    made: list[PrivateServers] = []

    def make() -> PrivateServers:
        servers = PrivateServers()
        made.append(servers)
        servers.start()
        return servers

    yield make
    for servers in made:
        servers.remove()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], tuple[str, str]]:
    """Call something twice; return what it writes to standard error when that is a terminal, and when it is a pipe."""
    monkeypatch.setenv("TERM", "xterm")
    for wish in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):  # of whoever runs the tests
        monkeypatch.delenv(wish, raising=False)
    return lambda call: (written_to_terminal(call), written_to_pipe(call))
