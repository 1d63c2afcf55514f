"""Stopping work at a statement of its own choosing: to do something in that gap, or to die there."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError


class InjectedError(BaseException):
    """Stands for a worker that dies in the middle: nothing of ours runs after it."""


class Fault(DatabaseError):
    """Stands for an error that nobody expected: whoever calls goes on, or hands it on."""


class AtStatement:
    """An execute wrapper that calls `act` just before statement `number` of some work, or of those `among` it, once."""

    def __init__(self, number: int, act: Callable[[], object], *, among: Callable[[str], bool] = bool) -> None:
        self.number, self.act, self.among, self.seen, self.done = number, act, among, 0, False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.seen += self.among(sql)
        if not self.done and self.seen == self.number:
            self.done = True
            self.act()
        return execute(sql, params, many, context)


def die() -> None:
    raise InjectedError


def fail() -> None:
    raise Fault


def finishes(work: Callable[[], object]) -> bool:
    """Do the work; whether it came to its end."""
    try:
        work()
    except (InjectedError, Fault):
        return False
    return True
