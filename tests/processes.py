"""Processes of Kith's own that tests start and end."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.embedded.lease import CHECKOUT
from config.embedded.process import end_with_parent
from config.processes import CHECKED, worker

START_SECONDS = 120.0


@dataclass
class Worker:
    """A running Celery worker: the leader of a process group that its pool belongs to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End the worker and its pool by SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask the worker to finish its task and end, which takes it about three seconds; kill it after twenty."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.kill()


@contextlib.contextmanager
def start_worker(environment: dict[str, str], *, folder: Path, arguments: tuple[str, ...] = ()) -> Iterator[Worker]:
    """Start a Celery worker with `environment`, its log in `folder`; yield it when it takes tasks, then kill it."""
    log = folder / f"worker-{secrets.token_hex(4)}.log"
    command = [sys.executable, "-m", *worker().arguments, *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**environment, **CHECKED},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGKILL),
        )
    started = Worker(process=process, log=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while b" ready." not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The worker did not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)
        yield started
    finally:
        started.kill()


def descendants(pid: int) -> list[int]:
    """The process ids of the children of a process, and of theirs."""
    others = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    children = [other for other in others if parent_of(other) == pid]
    return children + [below for child in children for below in descendants(child)]


def parent_of(pid: int) -> int | None:
    """The process id of whoever started a process; None when that process has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def command_of(pid: int) -> str:
    """The command line that a process was started with; nothing when it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return ""


def working_in(folder: Path) -> list[int]:
    """The process ids of those who work in a folder or below it, as far as this user may look."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink().is_relative_to(folder):
                found.append(int(entry.parent.name))
    return found
