"""The servers that tests run on: those of the session, and private ones that a test may kill."""

import atexit
import fcntl
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import ensure_running
from config.embedded.lease import CHECKOUT, STATE, supervisor_of
from config.embedded.postgres import DATABASE, Postgres
from config.embedded.process import end_with_parent, free_port
from config.embedded.programs import postgres_folder, remove
from config.embedded.valkey import Valkey

FOLDER = STATE / "tests"
SESSION = "KITH_TESTS_FOLDER"  # the variable that tells the processes of a session where its own servers are

_owned: list[int] = []


def start_session_servers() -> None:
    """Start the session's own servers, those that DATABASE_URL and REDIS_URL do not name already."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    remove_leftovers()
    folder = new_folder()
    ensure_running(folder, throwaway=True)
    os.environ[SESSION] = str(folder)


def take_own_broker_database() -> None:
    """
    Where several processes share the session (`pytest -n`), give each its own database of the broker.

    Else the worker of one would take the tasks of another. Their PostgreSQL databases are apart already.
    """
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if number:
        server, _, _ = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{server}/{int(number) + 1}"


def begin_template() -> None:
    """
    Begin to migrate the database of the session's own server, which the processes of `pytest -n` then copy.

    It goes on while they read the tests. On servers that are somebody else's nothing is left behind.
    """
    if SESSION not in os.environ:
        return
    lock = os.open(Path(os.environ[SESSION]) / "template", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # The lock is handed on to the process that migrates, and given up with it.
    subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,  # whoever copies the database migrates it too, and says what is wrong
        pass_fds=[lock],
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGKILL),
    )
    os.close(lock)


def template() -> str | None:
    """Wait until what `begin_template` began is done, and return the database's name; None where nothing was begun."""
    if SESSION not in os.environ or not (lock := Path(os.environ[SESSION]) / "template").is_file():
        return None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    return DATABASE


@contextmanager
def copy_of_database(address: str, *, name: str) -> Iterator[str]:
    """
    Copy a database that nobody is connected to, beside itself, and yield the address of the copy.

    Far cheaper than to migrate another one. The copy is gone after the block.
    """
    server, _, source = address.partition("?")[0].rpartition("/")
    copy = address.replace(f"{server}/{source}", f"{server}/{name}")
    with psycopg.connect(address.replace(f"{server}/{source}", f"{server}/postgres"), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
        )
        yield copy
        connection.execute(drop)


def copy_into(
    target: str,
    *,
    database: str,
    behind: Sequence[str] = (),
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> None:
    """
    Dump a database and load it into the empty one at the address `target`, on another server.

    psql's command stands behind the words of `behind`.
    """
    programs = postgres_folder() / "bin"
    dump = [programs / "pg_dump", "--no-owner", "--no-privileges", database]
    load = [programs / "psql", "--no-psqlrc", "--quiet", "--output", os.devnull, "--set", "ON_ERROR_STOP=1"]
    command = [*behind, *load, target]
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as dumping:
        subprocess.run(command, cwd=cwd, env=env, stdin=dumping.stdout, check=True, timeout=60)
    assert dumping.returncode == 0


def new_folder() -> Path:
    """Make a folder for servers that this process owns and that the servers' account can enter."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=FOLDER))
    owner = os.open(folder / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX)  # the kernel gives it up with this process, however it ends
    _owned.append(owner)
    atexit.register(remove, folder)  # after the leases, which are registered later
    folder.chmod(0o711)
    return folder


def remove_leftovers() -> None:
    """Remove what sessions left that were killed, together with the supervisors that would have cleaned up."""
    for note in FOLDER.glob("*/owner"):
        folder = note.parent
        # BlockingIOError: the session is still there. FileNotFoundError: another one removes it at this moment.
        with suppress(BlockingIOError, FileNotFoundError), note.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(supervisor_of(server) for server in folder.iterdir()):
                remove(folder)


class PrivateServers:
    """
    A PostgreSQL and a Valkey of one test's own, children of the test process, that it may kill and start again.

    They keep their addresses over a restart, and end with the test process even when that is killed.
    `environment` is what a process of Kith needs to work on them.
    """

    def __init__(self) -> None:
        self.folder = new_folder()
        password = secrets.token_hex(24)
        for server in (Postgres, Valkey):
            (self.folder / server.name).mkdir()
        self.postgres = Postgres(self.folder / "postgres", password=password, port=free_port(), throwaway=True)
        self.valkey = Valkey(self.folder / "valkey", password=password, port=free_port(), throwaway=True)
        self.environment = {**os.environ, "DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}

    def start(self) -> None:
        """Start the servers that do not run, and return when they answer; after a kill this is the restart."""
        for server in (self.postgres, self.valkey):
            if server.child is None:
                server.start()

    def kill_postgres(self) -> None:
        """End every process of PostgreSQL by SIGKILL; it stays away until `start`."""
        self.postgres.kill()

    def kill_valkey(self) -> None:
        """End Valkey by SIGKILL; it stays away, and has forgotten everything, until `start`."""
        self.valkey.kill()

    def remove(self) -> None:
        """End both and remove their data."""
        for server in (self.postgres, self.valkey):
            server.stop()
        remove(self.folder)
