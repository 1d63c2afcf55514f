"""A child process that ends with its parent, and what to do with orphans."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from config.embedded.account import LIBC, Account, ServerError, eyes_of

#: Below the range that Linux hands to outgoing connections (from 32768): a client that keeps dialing a
#: stopped server can otherwise be given the server's own port and connect to itself.
SERVER_PORTS = range(15_000, 32_000)

START_SECONDS = 60.0  # seconds a server without anything to recover may take to answer
STOP_SECONDS = 20.0  # seconds a server may take to end before it is killed

_PR_SET_PDEATHSIG = 1


def free_port(preferred: int | None = None) -> int:
    """Return a port of 127.0.0.1 that nothing listens on: `preferred` if it is free."""
    chosen = random.SystemRandom()
    candidates = ([preferred] if preferred else []) + [chosen.choice(SERVER_PORTS) for _ in range(50)]
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError("No free port was found on 127.0.0.1.")


def end_with_parent(parent: int, death_signal: int) -> None:
    """
    Have the kernel send this process `death_signal` when the process `parent` ends, however it ends.

    Call it in a child before its program starts (`preexec_fn`); it also unblocks the signals that the
    parent may have blocked. Outside Linux it only does the latter.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if LIBC is not None:
        LIBC.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the request was made
            os._exit(1)


def spawn(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    log: BinaryIO | int,
    death_signal: int,
    account: Account | None,
    stdin: int = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """
    Start a server program in a session of its own, in `folder`, with a bare environment and its output in `log`.

    It runs as `account`, or as the user of this process, and gets `death_signal` when this process ends.
    """
    return subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        stdin=stdin,
        stdout=log,
        stderr=log,
        start_new_session=True,
        umask=0o077,
        # It runs after the change of user, which would clear the request.
        preexec_fn=partial(end_with_parent, os.getpid(), death_signal),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", *, seconds: float) -> bool:
    """Wait until `ready()`; False when the process ended before, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    return False


def processes_in(folder: Path, account: Account | None) -> list[int]:
    """Return the ids of the processes of `account` that work in `folder`, as both servers do in their data folder."""
    found = []
    target = str(folder.resolve())
    entries = [name for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc/self") else []
    with eyes_of(account):
        for name in entries:
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{name}/cwd") == target:
                    found.append(int(name))
    return found


def end_processes_in(
    folder: Path, account: Account | None, *, gentle: int = signal.SIGQUIT, patience: float = 5.0
) -> None:
    """
    End every process that works in `folder`: by the signal `gentle`, and by SIGKILL after `patience` seconds.

    For what a killed supervisor or a killed PostgreSQL left behind. Whoever calls it holds the lock that says
    that nobody else runs a server there.
    """
    kill_at = time.monotonic() + patience
    sent: set[int] = set()
    while remaining := processes_in(folder, account):
        late = time.monotonic() > kill_at
        for pid in remaining:
            if late or pid not in sent:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else gentle)
                sent.add(pid)
        if time.monotonic() > kill_at + STOP_SECONDS:
            raise ServerError(f"Processes {remaining} of an earlier server in {folder} do not end.")
        time.sleep(0.02)


def end(process: "subprocess.Popen[bytes]", stop_signal: int, *, seconds: float = STOP_SECONDS) -> None:
    """Ask a child to end, wait, and kill it when it does not."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_words(log: Path, *, markers: Sequence[str] = ("FATAL", "PANIC", "ERROR", "Failed", "rror")) -> str:
    """Return the line of a log that says best why a server ended, or an empty text."""
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines()[-50:] if line.strip()]
        for marker in markers:
            for line in reversed(lines):
                if marker in line:
                    return line.strip()
        return lines[-1].strip() if lines else ""
    return ""
