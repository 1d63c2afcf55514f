"""A worker that gives up sooner than that of production, and something for it to serve: for test_web_worker.py."""

from collections.abc import Callable, Iterable
from typing import Any

from config.web_worker import Worker

LARGE = 64 * 1024 * 1024  # bytes; more than any buffer between server and client takes


class HastyWorker(Worker):
    head_seconds = 1.0
    body_seconds = 2.0
    answer_seconds = 1.0


def application(asked: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer how long the body was, or with much where `/large` is asked for."""
    answer = b"x" * LARGE if asked["PATH_INFO"] == "/large" else str(len(asked["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
