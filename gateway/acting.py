"""Who acts, and through what: what the history of every record says about each change."""

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from pghistory import runtime


@contextmanager
def acting(**metadata: object) -> Iterator[None]:
    """
    Note `metadata` (`user`, `key`, `through`, `job` …) with what is changed in this block, and with nothing else.

    pghistory keeps one note for everything inside the outermost `pghistory.context`, and a block within adds to it,
    also for what came before and comes after. A task that joins people for two colleagues needs two notes.
    """
    outer = getattr(runtime._tracker, "value", None)
    if outer is None:
        with pghistory.context(**metadata):
            yield
        return
    runtime._tracker.value = runtime.Context(id=uuid.uuid4(), metadata={**outer.metadata, **metadata})
    try:
        yield
    finally:
        runtime._tracker.value = outer


def noted_by() -> uuid.UUID | None:
    """Return by what the history notes together all that is changed now; None where it notes nothing."""
    note = getattr(runtime._tracker, "value", None)
    return note and note.id


def act_named(text: str) -> uuid.UUID | None:
    """Return the act that an address names by what `noted_by` gave; None where it names none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def account() -> str:
    """Return who is logged in to this machine: the one to name for what is done on the command line."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "somebody"
