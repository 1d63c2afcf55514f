"""The launcher of Kith's own servers, with real clients in processes of their own."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded.account import server_account
from config.embedded.lease import CHECKOUT, supervisor_of
from config.embedded.process import processes_in
from config.embedded.programs import place_of, remove
from tests.processes import command_of, descendants, parent_of
from tests.servers import new_folder

CLIENT = """
import json, os, sys
from pathlib import Path
from config.embedded import ServerError, ensure_running
try:
    ensure_running(Path(sys.argv[1]))
except ServerError as error:
    sys.exit(f"Kith: {error}")
print(json.dumps({name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")}), flush=True)
sys.stdin.read()
"""


@dataclass
class Client:
    """A process that needs the servers until `leave` or `kill`."""

    process: "subprocess.Popen[str]"

    def addresses(self) -> dict[str, str]:
        """Wait for the servers; return DATABASE_URL and REDIS_URL as this client has them."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the client got no servers: {self.process.stderr and self.process.stderr.read()}"
        return json.loads(line)

    def leave(self) -> None:
        """End in good order."""
        self.process.communicate()

    def kill(self) -> None:
        """End by SIGKILL."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_client() -> Iterator[Callable[..., Client]]:
    """Start clients of a folder's servers; those that are left end with the test."""
    with starting_clients() as start:
        yield start


@pytest.fixture(scope="module")
def left_alone() -> Iterator[tuple[Path, dict[str, str]]]:
    """The folder and the addresses of servers that run while tests look at them, and change nothing."""
    folder = new_folder()
    with starting_clients() as start:
        yield folder, start(folder).addresses()


@contextlib.contextmanager
def starting_clients() -> Iterator[Callable[..., Client]]:
    """Yield what starts a client of a folder's servers; those that are left end with the block."""
    clients: list[Client] = []
    bare = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}

    def start(folder: Path, **environment: str) -> Client:
        process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(folder)],
            cwd=CHECKOUT,
            env={**bare, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        clients.append(Client(process))
        return clients[-1]

    try:
        yield start
    finally:
        for client in clients:
            if client.process.poll() is None:
                client.kill()


def server_processes(folder: Path) -> list[int]:
    """The processes of both servers of a folder."""
    places = [place_of(folder / name) / "data" for name in ("postgres", "valkey")]
    return [pid for place in places for pid in processes_in(place, server_account())]


def users_of(pid: int) -> list[int]:
    """The users that a process has: its real, effective, saved and file system's one; none when it has ended."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return [int(user) for user in status.partition("\nUid:")[2].partition("\n")[0].split()]
    return []


def eventually(holds: Callable[[], bool], *, seconds: float = 15) -> bool:
    """Wait until something holds; False when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(address: str) -> bool:
    """Whether PostgreSQL answers at this address."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(address, connect_timeout=2) as database:
        return database.execute("SELECT 1").fetchone() == (1,)
    return False


def test_two_clients_that_start_at_once_share_the_servers(start_client):
    folder = new_folder()
    first, second = start_client(folder), start_client(folder)

    assert first.addresses() == second.addresses()
    found = server_processes(folder)
    # One PostgreSQL and one Valkey. What a server starts itself looks like it for a moment: the same arguments.
    assert len([pid for pid in found if parent_of(pid) not in (None, *found)]) == 2


def test_servers_end_with_the_last_client_even_when_it_is_killed(start_client):
    folder = new_folder()
    first, second = start_client(folder), start_client(folder)
    addresses = [client.addresses() for client in (first, second)]

    first.leave()
    assert answers(addresses[0]["DATABASE_URL"])
    assert redis.Redis.from_url(addresses[0]["REDIS_URL"]).ping()

    second.kill()
    assert eventually(lambda: not server_processes(folder) and supervisor_of(folder / "postgres") is None)


def test_no_server_runs_any_more_when_the_last_client_has_left(start_client):
    folder = new_folder()
    client = start_client(folder)
    client.addresses()

    client.leave()

    assert server_processes(folder) == []
    assert [supervisor_of(folder / name) for name in ("postgres", "valkey")] == [None, None]


def test_killed_supervisor_takes_its_server_along_and_the_next_client_recovers(start_client):
    folder = new_folder()
    client = start_client(folder)
    before = client.addresses()
    with psycopg.connect(before["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    for name in ("postgres", "valkey"):
        os.kill(supervisor_of(folder / name), signal.SIGKILL)
    assert eventually(lambda: not server_processes(folder))

    after = start_client(folder).addresses()
    assert after == before
    with psycopg.connect(after["DATABASE_URL"]) as database:
        assert database.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_killed_server_comes_back_at_the_same_address(start_client):
    folder = new_folder()
    addresses = start_client(folder).addresses()
    postmaster = int((place_of(folder / "postgres") / "data" / "postmaster.pid").read_text().split()[0])

    os.kill(postmaster, signal.SIGKILL)

    assert eventually(lambda: not Path(f"/proc/{postmaster}").exists())
    assert eventually(lambda: answers(addresses["DATABASE_URL"]))


@pytest.mark.parametrize("name", ["a space and an ø", "long-" + "x" * 145])
def test_path_may_be_anything(start_client, name):
    folder = new_folder() / name
    folder.mkdir(mode=0o755)

    addresses = start_client(folder).addresses()

    assert answers(addresses["DATABASE_URL"])
    assert redis.Redis.from_url(addresses["REDIS_URL"]).ping()


def test_no_folder_above_is_opened_for_the_servers(start_client, tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder = private / "state"
    folder.mkdir()

    client = start_client(folder)

    assert answers(client.addresses()["DATABASE_URL"])
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    client.leave()
    for name in ("postgres", "valkey"):  # root's servers cannot reach the folder and live elsewhere
        place = place_of(folder / name)
        assert stat.S_IMODE(place.stat().st_mode) == (0o755 if place == folder / name else 0o700)
    remove(folder)
    assert not place.exists()


def test_two_who_remove_the_same_folder_do_not_trip_over_each_other():
    folders = [new_folder() for _ in range(20)]
    for folder in folders:
        for number in range(40):
            (folder / f"server{number}" / "data" / "base" / "1").mkdir(parents=True)

    for folder in folders:
        with ThreadPoolExecutor(3) as people:
            list(people.map(remove, [folder] * 3))  # raises what they raised
        assert not folder.exists()


def test_nobody_gets_in_without_the_password(left_alone):
    folder, addresses = left_alone
    password = json.loads((folder / "postgres" / "address.json").read_text())["password"]

    for wrong in ("", ":guessed"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(addresses["DATABASE_URL"].replace(f":{password}", wrong))
    port = int(addresses["REDIS_URL"].split(":")[-1].split("/")[0])
    once = Retry(NoBackoff(), 0)  # else it tries again and again, for four seconds
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port, retry=once).ping()
    for name in ("postgres", "valkey"):
        assert stat.S_IMODE((folder / name / "address.json").stat().st_mode) == 0o600
        pids = processes_in(place_of(folder / name) / "data", server_account())
        assert pids
        assert not [pid for pid in pids if password in command_of(pid)]


def test_server_that_is_named_is_not_started(start_client):
    folder = new_folder()

    addresses = start_client(folder, DATABASE_URL="postgresql://elsewhere/kith").addresses()

    assert addresses["DATABASE_URL"] == "postgresql://elsewhere/kith"
    assert redis.Redis.from_url(addresses["REDIS_URL"]).ping()
    assert not (folder / "postgres").exists()


def test_database_is_utf8_sorted_by_code_point_and_in_utc(left_alone):
    _, addresses = left_alone
    with psycopg.connect(addresses["DATABASE_URL"]) as database:
        found = database.execute(
            "SELECT current_database(), current_setting('server_encoding'), current_setting('TimeZone'), lower('ÅØ'),"
            " (SELECT string_agg(letter, '' ORDER BY letter) FROM unnest(ARRAY['b', 'a', 'B', 'é']) AS letter)"
        ).fetchone()

    assert found == ("kith", "UTF8", "UTC", "åø", "Babé")


def test_servers_do_not_run_as_root(left_alone):
    folder, _ = left_alone

    postgres, valkey = (descendants(supervisor_of(folder / name)) for name in ("postgres", "valkey"))

    assert len(postgres) > 2  # the server, and the processes that it consists of
    assert len(valkey) == 1
    account = server_account()  # none for a plain user, whose servers are their own
    assert {user for pid in postgres + valkey for user in users_of(pid)} == {account.uid if account else os.getuid()}
    assert account is None or account.uid != 0


def test_start_that_fails_says_why_in_one_sentence(start_client):
    folder = new_folder()
    first = start_client(folder)
    first.addresses()
    first.leave()
    (place_of(folder / "postgres") / "data" / "PG_VERSION").write_text("9\n")

    client = start_client(folder)
    _, said = client.process.communicate()

    assert client.process.returncode == 1
    assert said.count("\n") == 1
    assert "was made by PostgreSQL 9" in said
    assert eventually(lambda: not server_processes(folder))


def test_production_has_servers_of_its_own(start_client):
    client = start_client(new_folder(), KITH_PRODUCTION="on")
    _, said = client.process.communicate()

    assert client.process.returncode == 1
    assert "Set DATABASE_URL and REDIS_URL" in said


def test_make_clean_ends_the_servers_and_removes_their_data(start_client):
    checkout = new_folder() / "checkout"
    shutil.copytree(CHECKOUT / "config", checkout / "config")
    shutil.copy(CHECKOUT / "Makefile", checkout)
    state = checkout / ".kith"
    start_client(state).addresses()
    servers = server_processes(state)

    first, second = (
        subprocess.run(
            ["make", "clean", f"PYTHON={sys.executable}"],
            cwd=checkout,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    )

    assert (first.returncode, first.stderr, second.returncode, second.stderr) == (0, "", 0, "")
    assert sorted(first.stdout.splitlines()) == [f"Removed {state}.", "Stopped postgres.", "Stopped valkey."]
    assert second.stdout == f"There is nothing to remove: {state} does not exist.\n"
    assert len(servers) > 2
    assert [pid for pid in servers if Path(f"/proc/{pid}").exists()] == []
    assert not state.exists()


def test_manage_needs_no_environment():
    result = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=CHECKOUT, env={}, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
