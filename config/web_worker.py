"""
The web server's worker: gunicorn's with threads, which gives up on clients that have stopped.

gunicorn waits for the rest of a request, and for an answer to be taken, as long as the connection stands. A client
that is gone without a word (a telephone in a tunnel, a cable that was pulled) holds one of a few threads for ever
then, and eight that say half a word hold all of them.
"""

import errno
import socket
import time
from typing import Any, ClassVar

from gunicorn.workers.gthread import ThreadWorker


class ImpatientSocket(socket.socket):
    """
    A connection that ends when a piece of an answer is not taken in `patience` seconds, or a request not here in time.

    `expect_within` says how long the next bytes may take altogether, however many pieces they come in.
    """

    patience = 60.0  # seconds
    ends_at = float("inf")  # on the monotonic clock

    def expect_within(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def setblocking(self, flag: bool) -> None:
        self.settimeout(self.patience if flag else 0)

    def recv(self, *arguments: Any) -> bytes:
        patience = self.gettimeout()
        if patience is None or patience > 0:
            left = max(0.001, self.ends_at - time.monotonic())
            self.settimeout(left if patience is None else min(left, patience))
        try:
            return super().recv(*arguments)
        except TimeoutError:
            raise _gone() from None
        finally:
            self.settimeout(patience)

    def sendall(self, *arguments: Any) -> None:
        try:
            super().sendall(*arguments)
        except TimeoutError:
            raise _gone() from None


def _gone() -> ConnectionResetError:
    """Return what gunicorn takes for a client that has left, of which nothing needs to be written down."""
    return ConnectionResetError(errno.ECONNRESET, "The client took too long.")


class Worker(ThreadWorker):
    """gunicorn's worker with threads, in which nobody keeps a thread by being slow."""

    head_seconds: ClassVar[float] = 10.0  # for what comes before the body
    body_seconds: ClassVar[float] = 60.0  # for the body: 5 MB by a poor line
    answer_seconds: ClassVar[float] = 60.0  # for a piece of the answer to be taken

    def handle(self, conn: Any) -> Any:
        if type(conn.sock) is socket.socket:
            conn.sock = ImpatientSocket(fileno=conn.sock.detach())
            conn.sock.patience = self.answer_seconds
        if isinstance(conn.sock, ImpatientSocket):  # not where gunicorn speaks TLS itself, which Kith leaves to a proxy
            conn.sock.expect_within(self.head_seconds)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        if isinstance(conn.sock, ImpatientSocket):
            conn.sock.expect_within(self.body_seconds)
        return super().handle_request(req, conn)
