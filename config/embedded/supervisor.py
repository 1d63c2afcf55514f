"""
The process that owns one server and ends it with its last client.

Every client holds a shared lock on the file `lease`, which the kernel takes away when the client ends,
however it ends. The supervisor waits for the exclusive lock: when it gets it, nobody is left, and it stops
the server and ends. When the supervisor itself is killed, the kernel ends the server (see `end_with_parent`)
and the next client starts a new supervisor, which recovers. A server that dies under its clients is started
again at the same address.

Files in the server's folder: `lease`, `supervisor` (locked while a supervisor lives; holds its process id),
`start` (locked by the client that starts one), `address.json` (readable by the owner alone), `log`.
"""

import fcntl
import json
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

from config.embedded.account import ServerError
from config.embedded.postgres import Postgres
from config.embedded.process import free_port
from config.embedded.programs import remove
from config.embedded.valkey import Valkey

Server = Postgres | Valkey
SERVERS: dict[str, type[Postgres] | type[Valkey]] = {"postgres": Postgres, "valkey": Valkey}

RESTARTS = 5  # times in a row that a server may die within RESTART_WINDOW seconds of its start
RESTART_WINDOW = 30.0
LOG_BYTES = 10_000_000  # bytes; a longer log is put aside at the next start, one old log is kept


def main(name: str, folder: Path, *, throwaway: bool, report: int) -> int:
    """
    Own the server `name` in `folder` until its last client is gone; return the exit code.

    Write to the file descriptor `report` an empty line when the server answers, or the sentence that says why not.
    With `throwaway`, remove the folder at the end.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    own = os.open(folder / "supervisor", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(own, fcntl.LOCK_EX)
    os.ftruncate(own, 0)
    os.pwrite(own, f"{os.getpid()}\n".encode(), 0)
    try:
        server = start(name, folder, throwaway=throwaway)
    except (ServerError, OSError) as error:
        os.write(report, f"{error}\n".encode())
        return 1
    os.write(report, b"\n")
    os.close(report)
    threading.Thread(target=wait_for_last_client, args=(folder / "lease",), daemon=True).start()
    code = watch(server)
    server.stop()
    if throwaway:
        remove(folder)
    return code


def start(name: str, folder: Path, *, throwaway: bool) -> Server:
    """Start the server `name` in `folder`, at the address it had before if possible, and note its address."""
    log = folder / "log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(folder / "log.old")
    note = folder / "address.json"
    before = json.loads(note.read_text()) if note.exists() else {}
    server = SERVERS[name](
        folder=folder,
        password=before.get("password") or secrets.token_hex(24),
        port=free_port(before.get("port")),
        throwaway=throwaway,
    )
    # Noted before the start: a new cluster keeps the password even when its first start fails.
    fresh = note.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": server.url, "password": server.password, "port": server.port}, file)
    fresh.replace(note)
    server.start()
    return server


def wait_for_last_client(lease: Path) -> None:
    """Wait for the exclusive lock, then tell the main thread. The lock is kept until this process ends."""
    descriptor = os.open(lease, os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.kill(os.getpid(), signal.SIGTERM)


def watch(server: Server) -> int:
    """Keep the server running until this process is told to end; return 1 when that is hopeless, else 0."""
    started, restarts = time.monotonic(), 0
    while True:
        received = signal.sigwait({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        if received in (signal.SIGTERM, signal.SIGINT):
            return 0
        if received == signal.SIGHUP or server.child is None or server.child.poll() is None:
            continue
        server.child = None
        restarts = restarts + 1 if time.monotonic() - started < RESTART_WINDOW else 1
        if restarts > RESTARTS or not server.data.exists():
            return 1
        try:
            server.start()
        except (ServerError, OSError):
            return 1
        started = time.monotonic()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), report=int(sys.argv[3]), throwaway=sys.argv[4:] == ["throwaway"]))
