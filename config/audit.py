"""
Who did it, and through what, where there is no request to tell: on the command line and in tasks.

The history of every record names a user or a key and a way. Requests bring theirs along; here are the others.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pghistory
from celery import Task

from gateway.acting import account

# Commands that write nothing with a history. The context would be sent with every one of their statements.
WITHOUT_HISTORY = {
    "collectstatic",
    "first_look",
    "makemigrations",
    "migrate",
    "recompute",
    "roi",
    "serve",
    "spectacular",
}


def command_line(arguments: Sequence[str]) -> AbstractContextManager[object]:
    """Return the context of a command of manage.py: its name, and who is logged in to this machine."""
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in WITHOUT_HISTORY:
        return nullcontext()
    return pghistory.context(through=f"command {command}", key=f"{account()} on the command line")


class TaskWithHistory(Task):
    """What a task writes says so. Those of metrics write derived rows only, which have no history."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.name.startswith("metrics."):
            return super().__call__(*args, **kwargs)
        with pghistory.context(through=f"task {self.name.rpartition('.')[2].replace('_', ' ')}"):
            return super().__call__(*args, **kwargs)
