"""Transactions that collide with somebody else's are run again."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connection
from psycopg.errors import DeadlockDetected

logger = logging.getLogger(__name__)

ATTEMPTS = 3

Result = TypeVar("Result")


def retried(
    transaction: Callable[[], Result], *, collisions: tuple[type[Exception], ...] = (DeadlockDetected,)
) -> Result:
    """
    Run a whole transaction and return its result; run it again where PostgreSQL ended it for one of `collisions`.

    Inside of another transaction it is run once: what has failed there cannot go on. The last collision is raised,
    and so is every other error at once.
    """
    remaining = 1 if connection.in_atomic_block else ATTEMPTS
    while True:
        remaining -= 1
        try:
            return transaction()
        except Error as error:
            if not remaining or not isinstance(error.__cause__, collisions):
                raise
            logger.info("Trying again after a collision: %s", type(error.__cause__).__name__)
