"""The web server does not wait for clients that have stopped: with one thread, the next is answered all the same."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from config.embedded.lease import CHECKOUT
from config.embedded.process import free_port

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: 127"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\nhalf"
LARGE = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"  # and nobody takes the answer


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gunicorn with one process and one thread, and a worker that gives up after a second or two."""
    port, log = free_port(), tmp_path_factory.mktemp("web") / "log"
    module = "tests.config.hasty_worker"
    command = [sys.executable, "-m", "gunicorn", f"{module}:application", "--worker-class", f"{module}.HastyWorker"]
    options = ["--bind", f"127.0.0.1:{port}", "--threads", "1", "--no-control-socket"]
    with log.open("w") as output:
        server = subprocess.Popen([*command, *options], cwd=CHECKOUT, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + 30
            while "Booting worker" not in (said := log.read_text()):
                assert server.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait(30)
    assert "Traceback" not in log.read_text()  # a client that left is nothing to write down


def ask(port: int, body: bytes | None = None) -> bytes:
    """Return what is answered to somebody who asks as one should, within ten seconds."""
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=body, timeout=10).read()


@pytest.mark.parametrize("said", [HALF_A_HEAD, HALF_A_BODY, LARGE], ids=["half a head", "half a body", "not taken"])
def test_client_that_stops_in_the_middle_holds_nobody_up(port: int, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as stopped:
        stopped.sendall(said)
        time.sleep(0.2)

        assert ask(port) == b"0"


def test_client_that_says_a_letter_at_a_time_holds_nobody_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow, contextlib.suppress(ConnectionError):
        slow.sendall(HALF_A_HEAD)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            time.sleep(0.2)
            slow.sendall(b"1")
        pytest.fail("The connection stood after five seconds.")

    assert ask(port) == b"0"


def test_request_that_comes_in_pieces_is_answered_and_the_next_on_its_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        for _ in range(2):
            for piece in (b"POST / HTTP/1.1\r\nHost: 127.", b"0.0.1\r\nContent-Length: 8\r\n\r\nfo", b"ur", b"four"):
                client.sendall(piece)
                time.sleep(0.2)
            assert client.recv(1000).endswith(b"\r\n\r\n8")

    assert ask(port, b"x" * 5_000_000) == b"5000000"
