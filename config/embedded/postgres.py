"""A PostgreSQL of our own: create, start, stop, kill."""

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import process, programs
from config.embedded.account import ServerError, server_account
from config.embedded.memory import machine_memory

#: How long PostgreSQL may take to answer. After a crash it first replays up to max_wal_size, at every start from the
#: beginning: ended before it is through, it would never be. A server that cannot start ends by itself long before.
RECOVERY_SECONDS = 900.0

MEBIBYTE = 1024 * 1024
ROLE = "kith"
DATABASE = "kith"


@dataclass
class Postgres:
    """
    One cluster in `folder`, listening on 127.0.0.1.

    `throwaway` gives up safety against a power cut for speed, and takes little memory: for tests.
    """

    folder: Path
    password: str
    port: int
    throwaway: bool = False
    child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    name = "postgres"
    title = "PostgreSQL"
    variable = "DATABASE_URL"

    def __post_init__(self) -> None:
        self.account = server_account()
        self.place = programs.reachable_folder(self.folder, self.account)
        self.programs = programs.reachable_postgres(self.place, self.account) / "bin"
        self.data = self.place / "data"
        self.log = self.folder / "log"

    @property
    def url(self) -> str:
        """Return the address for DATABASE_URL, password included."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start the cluster, created when there is none yet, and return when it answers; ServerError if it does not."""
        if not self.data.exists():
            self._create()
        self._check_version()
        self._clear_the_way()
        with self.log.open("ab") as log:
            self.child = process.spawn(
                [self.programs / "postgres", "-D", self.data, *self._settings()],
                folder=self.data,
                log=log,
                death_signal=signal.SIGQUIT,  # immediate shutdown: the postmaster takes its children with it
                account=self.account,
            )
        if not process.wait_until(self._is_ready, self.child, seconds=RECOVERY_SECONDS):
            self.stop()
            raise ServerError(f"PostgreSQL did not start: {process.last_words(self.log)} (its log is {self.log})")

    def stop(self) -> None:
        """End the cluster in good order; open connections are closed."""
        if self.child is not None:
            process.end(self.child, signal.SIGINT)
            self.child = None

    def kill(self) -> None:
        """End every process of the cluster by SIGKILL, as a crash would."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None
        process.end_processes_in(self.data, self.account, gentle=signal.SIGKILL)

    def _create(self) -> None:
        """Create the cluster, its role and its database beside their final place, then move them there at once."""
        fresh = self.place / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(fresh)
        # The built-in locale sorts by code point on every machine alike, and knows upper and lower case of all scripts.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = [f"--username={ROLE}", "--auth-local=peer", "--auth-host=scram-sha-256"]
        sync = ["--no-sync"] if self.throwaway else []
        self._run(["initdb", "-D", fresh, *locale, *access, *sync], folder=fresh)
        self._run(
            ["postgres", "--single", "-D", fresh, *(["-F"] if self.throwaway else []), "postgres"],
            folder=fresh,
            # Single-user mode reads one statement a line.
            statements=f"ALTER ROLE {ROLE} PASSWORD '{self.password}';\nCREATE DATABASE {DATABASE};\n",
        )
        fresh.rename(self.data)

    def _run(self, arguments: list[str | Path], *, folder: Path, statements: str | None = None) -> None:
        with self.log.open("ab") as log:
            child = process.spawn(
                [self.programs / str(arguments[0]), *arguments[1:]],
                folder=folder,
                log=log,
                death_signal=signal.SIGKILL,
                account=self.account,
                stdin=subprocess.DEVNULL if statements is None else subprocess.PIPE,
            )
            child.communicate(None if statements is None else statements.encode())
        if child.returncode != 0:
            raise ServerError(
                f"PostgreSQL's database could not be created: {process.last_words(self.log)} (the log is {self.log})"
            )

    def _check_version(self) -> None:
        theirs = (self.data / "PG_VERSION").read_text().strip()
        ours = subprocess.run([self.programs / "postgres", "--version"], check=True, capture_output=True, text=True)
        major = ours.stdout.split()[-1].split(".")[0]
        if theirs != major:
            raise ServerError(
                f"The database in {self.data} was made by PostgreSQL {theirs}, the installed one is {major}: "
                "dump it with the old version, or start over with `make clean`."
            )

    def _clear_the_way(self) -> None:
        """Remove what a crash left: processes, and a pid file whose number may be somebody else's by now."""
        process.end_processes_in(self.data, self.account)
        if Path("/proc/self").exists():  # else nobody knows whether they are gone, and PostgreSQL itself has to judge
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        """Tell whether the last line of the pid file says so, which is how pg_ctl knows."""
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[7].strip() == "ready"
        return False

    def _settings(self) -> list[str]:
        memory = machine_memory()
        # A quarter of the memory, as PostgreSQL's manual advises, but no more than this work ever fills.
        shared = 128 * MEBIBYTE if self.throwaway else min(memory // 4, 4096 * MEBIBYTE)
        work = 64 * MEBIBYTE if self.throwaway else max(16 * MEBIBYTE, min(memory // 96, 256 * MEBIBYTE))
        settings: dict[str, str] = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": _in_mebibytes(shared),
            "effective_cache_size": _in_mebibytes(memory * 3 // 4),
            "work_mem": _in_mebibytes(work),
            "maintenance_work_mem": _in_mebibytes(max(64 * MEBIBYTE, min(memory // 16, 1024 * MEBIBYTE))),
            "jit": "off",  # costs more than it gives in statements of milliseconds
            "random_page_cost": "1.1",  # the data is in memory or on a solid state disk
            "min_wal_size": "256MB",
            "max_wal_size": "4GB",
            "log_checkpoints": "off",
            # What was refused is told to whoever sent it; rows and statements hold people, and a log is never erased.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        if _shared_memory_bytes() < shared:
            # In a container /dev/shm is often 64 MB: parallel queries then fail, unless they share files.
            settings["dynamic_shared_memory_type"] = "mmap"
        if self.throwaway:
            # Commits stay synchronous: what was committed survives the kill of every process, only not of the machine.
            settings |= {
                "fsync": "off",
                "full_page_writes": "off",
                "dynamic_shared_memory_type": "mmap",  # nothing stays in /dev/shm after a kill
                # A test's rows are never committed: autovacuum would count none of ten thousand, and the planner
                # would believe it and compare each with each.
                "autovacuum": "off",
            }
        return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


def _in_mebibytes(size: int) -> str:
    return f"{size // MEBIBYTE}MB"


def _shared_memory_bytes() -> int:
    try:
        statistics = os.statvfs("/dev/shm")
    except OSError:
        return 0
    return statistics.f_frsize * statistics.f_blocks
