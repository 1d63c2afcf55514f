"""Processes of Kith's own that tests start and end."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.embedded.lease import CHECKOUT
from config.embedded.process import end_with_parent
from config.processes import CHECKED, worker

START_SECONDS = 120.0

# A process that has loaded Django, or all of Kith, and runs each command that it is told in a process that it forks.
ONE_AFTER_ANOTHER = """
import json, os, sys
import django.core.management, django.db.models
import manage
if sys.argv[1] == "all":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
for line in sys.stdin:
    arguments, changes, *outputs = json.loads(line)
    if (child := os.fork()) == 0:
        for number, path in enumerate(outputs, start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        os.environ.update(changes)
        sys.argv = ["manage.py", *arguments]
        manage.main()
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


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


@dataclass(frozen=True)
class Ended:
    """A command that has ended, with what it wrote."""

    returncode: int
    stdout: str
    stderr: str


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


@contextlib.contextmanager
def manage_at_hand(environment: dict[str, str], *, folder: Path, loaded: str) -> Iterator[Callable[..., Ended]]:
    """
    Yield what runs a command of manage.py as `manage("check", KITH_DEBUG="maybe")`, the variables added to its own.

    Each runs in a process of its own, forked from one that has loaded what takes so long: `all` of Kith, whose settings
    are read then, or with `loaded="nothing"` no more than Django. Their output goes through files in `folder`.
    """
    command = [sys.executable, "-c", ONE_AFTER_ANOTHER, loaded]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment, **pipes) as process:

        def manage(*arguments: str, **changes: str) -> Ended:
            outputs = [folder / f"{secrets.token_hex(4)}.{stream}" for stream in ("stdout", "stderr")]
            print(json.dumps([arguments, changes, *map(str, outputs)]), file=process.stdin, flush=True)
            code = int(process.stdout.readline())
            return Ended(code, *(output.read_text() for output in outputs))

        yield manage


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
