"""A Valkey of our own: start, stop, kill. It speaks the Redis protocol."""

import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import process, programs
from config.embedded.account import ServerError, server_account


@dataclass
class Valkey:
    """
    One Valkey with its data in `folder`, listening on 127.0.0.1.

    It writes nothing to disk: what there is to do stands in PostgreSQL, the broker only rings the bell, and
    a bell that rang before a restart need not ring again.
    """

    folder: Path
    password: str
    port: int
    throwaway: bool = False  # all the same here; the supervisor gives it to every server
    child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    name = "valkey"
    title = "Valkey"
    variable = "REDIS_URL"

    def __post_init__(self) -> None:
        self.account = server_account()
        self.place = programs.reachable_folder(self.folder, self.account)
        self.program = programs.reachable_valkey(self.place, self.account)
        self.data = self.place / "data"
        self.log = self.folder / "log"

    @property
    def url(self) -> str:
        """Return the address for REDIS_URL, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and return when it answers; ServerError if it does not."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            self.account.own(self.data)
        process.end_processes_in(self.data, self.account)
        with self.log.open("ab") as log:
            self.child = process.spawn(
                [self.program, "-"],  # settings on standard input: arguments, password included, are public
                folder=self.data,
                log=log,
                death_signal=signal.SIGKILL,
                account=self.account,
                stdin=subprocess.PIPE,
            )
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(self._settings().encode())
            self.child.stdin.close()
        except BrokenPipeError:
            pass  # it ended already; the wait below says so
        if not process.wait_until(self._is_ready, self.child, seconds=process.START_SECONDS):
            self.stop()
            raise ServerError(f"Valkey did not start: {process.last_words(self.log)} (its log is {self.log})")

    def stop(self) -> None:
        """End the server in good order."""
        if self.child is not None:
            process.end(self.child, signal.SIGTERM)
            self.child = None

    def kill(self) -> None:
        """End the server by SIGKILL, as a crash would."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None

    def _settings(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no",
            "databases": "16",
            "loglevel": "notice",
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(64)):
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
