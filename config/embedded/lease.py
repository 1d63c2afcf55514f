"""What a client does: hold a lease on a server, and start its supervisor when there is none."""

import atexit
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.embedded.account import ServerError
from config.embedded.process import STOP_SECONDS, last_words

CHECKOUT = Path(__file__).resolve().parent.parent.parent
STATE = CHECKOUT / ".kith"

#: Which variable names which server.
VARIABLES = {"DATABASE_URL": "postgres", "REDIS_URL": "valkey"}

#: How the settings spell that a switch is on.
TRUE = {"on", "true", "yes", "1"}

_leases: dict[Path, int] = {}
_supervisors: dict[Path, "subprocess.Popen[bytes]"] = {}


def ensure_running(state: Path = STATE, *, throwaway: bool = False) -> None:
    """
    Start the servers that no variable names, keep them for the life of this process, and set the variables.

    DATABASE_URL and REDIS_URL of somebody else's server are left alone and nothing is started for them. An
    address of `state` itself, inherited from a parent, is treated as if it were not set: this process takes a
    lease of its own. `throwaway` servers are fast, not safe, and removed at the end. Raises ServerError, with
    one sentence, when a server does not start.
    """
    wanted = {
        variable: state / name
        for variable, name in VARIABLES.items()
        if variable not in os.environ or os.environ[variable] == address(state / name)
    }
    if wanted and os.environ.get("KITH_PRODUCTION", "").lower() in TRUE:
        raise ServerError(
            "Set DATABASE_URL and REDIS_URL: KITH_PRODUCTION is on, and Kith's own servers are no place for it."
        )
    with contextlib.ExitStack() as stack:
        starting = {
            folder: report
            for folder in wanted.values()
            if folder not in _leases and (report := stack.enter_context(_starting(folder, throwaway=throwaway)))
        }
        # Both start side by side; each says when it answers.
        for folder, report in starting.items():
            _await(folder, report)
    for variable, folder in wanted.items():
        url = address(folder)
        if url is None:
            raise ServerError(f"{folder / 'address.json'} is missing: run `make clean` and start again.")
        os.environ[variable] = url


def address(folder: Path) -> str | None:
    """Return the address of the server in `folder`, or None when it never ran."""
    try:
        return str(json.loads((folder / "address.json").read_text())["url"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError) as error:
        raise ServerError(f"{folder / 'address.json'} cannot be read ({error}).") from error


def supervisor_of(folder: Path) -> int | None:
    """Return the process id of the living supervisor of `folder`, or None."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), (folder / "supervisor").open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError):
                return int(file.read())
    return None


def stop(folder: Path) -> bool:
    """End the supervisor of `folder`, and so its server, whoever uses it; True when there was one."""
    pid = supervisor_of(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 2 * STOP_SECONDS
    while supervisor_of(folder) == pid:
        if time.monotonic() > deadline:
            raise ServerError(f"The server in {folder} does not end (its supervisor is process {pid}).")
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def _starting(folder: Path, *, throwaway: bool) -> Iterator[int | None]:
    """
    Take the lease on `folder`; when no supervisor lives, start one and yield the file descriptor it reports to.

    The lock `start` is held meanwhile: of two clients that come at once, the second finds a running server.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        start = os.open(folder / "start", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        lease = os.open(folder / "lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServerError(f"Kith's servers need the folder {folder}: {error.strerror}.") from error
    try:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(lease, fcntl.LOCK_SH)  # waits for a supervisor that is stopping, which holds it exclusively
        _leases[folder] = lease
        if len(_leases) == 1:
            atexit.register(_release_all)
        yield None if supervisor_of(folder) else _start_supervisor(folder, throwaway=throwaway)
    except BaseException:
        _leases.pop(folder, None)
        os.close(lease)
        raise
    finally:
        os.close(start)


def _start_supervisor(folder: Path, *, throwaway: bool) -> int:
    """Start a supervisor in a session of its own; return the file descriptor that it reports to."""
    receiving, sending = os.pipe()
    arguments = [folder.name, str(folder), str(sending), *(["throwaway"] if throwaway else [])]
    with (folder / "log").open("ab") as log:
        _supervisors[folder] = subprocess.Popen(
            [sys.executable, "-m", "config.embedded.supervisor", *arguments],
            cwd=CHECKOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[sending],
            start_new_session=True,
        )
    os.close(sending)
    return receiving


def _await(folder: Path, report: int) -> None:
    """Wait for the supervisor's report; ServerError with its sentence when the server did not start."""
    with os.fdopen(report, "rb") as file:
        said = file.read(10_000).decode(errors="replace")
    if said != "\n":
        reason = said.strip() or f"Its supervisor ended: {last_words(folder / 'log')} (the log is {folder / 'log'})"
        raise ServerError(reason)


def _release_all() -> None:
    """
    Give the leases up at the end of this process and, if it was the last client, wait until the servers ended.

    So nothing runs any more when the command is back at the prompt.
    """
    for lease in _leases.values():
        os.close(lease)
    deadline = time.monotonic() + STOP_SECONDS
    for folder in _leases:
        while supervisor_of(folder) and not _others_hold(folder / "lease") and time.monotonic() < deadline:
            time.sleep(0.01)
        if folder in _supervisors and supervisor_of(folder) is None:
            # Collected here: not every container has an init that would do it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                _supervisors[folder].wait(1)
    _leases.clear()


def _others_hold(lease: Path) -> bool:
    """Tell whether clients still hold the lease: then it can be shared, but not had alone."""
    with contextlib.suppress(FileNotFoundError), lease.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return True
    return False
