"""
The processes that Kith consists of beside its servers: web, worker and beat.

    with running(worker(), beat()):
        ...  # tasks are worked on here

Each runs in a session of its own, so that Ctrl-C reaches this process alone, which then ends them in good
order. Should this process be killed, the kernel asks them to end.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TextIO

from config.embedded.lease import CHECKOUT, STATE
from config.embedded.process import end_with_parent, last_words

START_SECONDS = 60.0  # seconds a process may take until it says that it is ready
STOP_SECONDS = 30.0  # seconds it may take to finish its work when it is asked to end
LOGS = STATE / "logs"
# Django's checks load every page and every address, of which a worker needs none: without them it is ready a second
# earlier, and smaller. `manage.py migrate` and `serve` run them; `first_look`, which calls both, leaves them to CI.
CHECKED = {"CELERY_SKIP_CHECKS": "yes"}


class ProcessError(Exception):
    """A process of Kith's own did not start, or ended by itself; the text is one sentence."""


@dataclass(frozen=True)
class Program:
    """What to start: its name in the output, its arguments after `python -m`, and what it prints when it is ready."""

    name: str
    arguments: tuple[str, ...]
    ready: str


def worker(concurrency: int | None = None) -> Program:
    """Return a Celery worker with so many processes, by default one for each processor."""
    # Without the talk between workers, which Kith does not need, it is ready a second earlier.
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    processes = str(concurrency or os.cpu_count() or 1)
    arguments = (
        "celery",
        "-A",
        "config",
        "--quiet",
        "worker",
        "--loglevel",
        "INFO",
        "--concurrency",
        processes,
        *quiet,
    )
    return Program("worker", arguments, ready=" ready.")


def beat() -> Program:
    """Return Celery's clock, which starts the regular tasks. Of a whole installation, one may run."""
    arguments = ("celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile=")
    return Program("beat", arguments, ready="is starting.")


def web(*, host: str, port: int, processes: int) -> Program:
    """Return the web server, gunicorn with threads, on `host` and `port`."""
    worker_class = ("--worker-class", "config.web_worker.Worker")
    arguments = ("gunicorn", "config.wsgi", "--bind", f"{host}:{port}", *worker_class)
    size = ("--workers", str(processes), "--threads", "4", "--timeout", "60", "--graceful-timeout", "25")
    # So that the API itself can say what is wrong with a query of up to 8,000 characters.
    limits = ("--limit-request-line", "8190")
    # Its control socket would lie in the home folder, where several checkouts meet. It loads Kith once, before it
    # listens: its processes share what was loaded, and the first visitor finds it ready.
    return Program("web", (*arguments, *size, *limits, "--no-control-socket", "--preload"), ready="Listening at")


@dataclass
class Running:
    """One program that runs."""

    program: Program
    process: "subprocess.Popen[str]"
    log: Path
    is_ready: threading.Event = field(default_factory=threading.Event)

    def copy_output(self, echo: TextIO | None, width: int) -> None:
        """Copy its output into its log, and with its name before each line to `echo`, until it ends."""
        output: IO[str] | None = self.process.stdout
        assert output is not None
        with self.log.open("a") as log:
            for line in output:
                log.write(line)
                log.flush()
                if echo is not None:
                    echo.write(f"{self.program.name:<{width}} | {line}")
                    echo.flush()
                if self.program.ready in line:
                    self.is_ready.set()


@contextlib.contextmanager
def running(*programs: Program, echo: TextIO | None = None) -> Iterator[list[Running]]:
    """
    Start the programs, yield them when all are ready, and end them, and all that they started, afterwards.

    Their output goes to `.kith/logs/<name>.log` and, line by line, to `echo`. Raises ProcessError when one does not
    get ready. To be called in the main thread.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    children: list[Running] = []
    readers: list[threading.Thread] = []
    width = max(len(program.name) for program in programs)
    try:
        for program in programs:  # all are started before there are threads
            children.append(_start(program))
        for child in children:
            readers.append(threading.Thread(target=child.copy_output, args=(echo, width), daemon=True))
            readers[-1].start()
        _wait_until_ready(children)
        yield children
    finally:
        _end(children)
        for reader in readers:
            reader.join(timeout=1)


def watch(children: list[Running]) -> None:
    """Wait for the first of the children that ends by itself, and raise ProcessError: none of them should."""
    while True:
        for child in children:
            if child.process.poll() is not None:
                raise ProcessError(_why(child, "ended by itself"))
        time.sleep(0.5)


def _start(program: Program) -> Running:
    log = LOGS / f"{program.name}.log"
    log.unlink(missing_ok=True)
    log.touch(mode=0o600)  # an error that nobody expected is told with what it was about
    process = subprocess.Popen(
        [sys.executable, "-m", *program.arguments],
        cwd=CHECKOUT,
        env={**os.environ, **CHECKED, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
    )
    return Running(program=program, process=process, log=log)


def _wait_until_ready(children: list[Running]) -> None:
    deadline = time.monotonic() + START_SECONDS
    for child in children:
        while not child.is_ready.wait(0.05):
            if child.process.poll() is not None:
                child.is_ready.wait(0.5)
                raise ProcessError(_why(child, "did not start"))
            if time.monotonic() > deadline:
                raise ProcessError(_why(child, f"was not ready after {START_SECONDS:.0f} seconds"))


def _why(child: Running, what: str) -> str:
    return f"The process {child.program.name} {what}: {last_words(child.log, markers=())} (its log is {child.log})"


def _end(children: list[Running]) -> None:
    """Ask all to end, wait, and kill what is left of them; a second Ctrl-C kills at once."""
    try:
        for child in children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
