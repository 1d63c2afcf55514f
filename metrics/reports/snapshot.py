"""How reports read the database: plain SQL, one snapshot for a whole report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

from gateway.together import Select, select_together

Answer = TypeVar("Answer")
Rows = list[tuple[Any, ...]]


@contextmanager
def one_snapshot() -> Iterator[None]:
    """
    Let every query of the block see the same moment of the database.

    A recompute may commit while a report is being read; with one snapshot the report is wholly
    before or wholly after it, so its sums hold. Inside a transaction that is open already, the
    isolation can no longer be chosen and stays the caller's.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def select(sql: str, parameters: Mapping[str, Any] | Sequence[Any]) -> Rows:
    """Run one SELECT and return its rows. `parameters` may hold more than the statement names."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


class Question(Generic[Answer]):
    """
    What a report asks a source: SELECTs, and `read`, which makes the answer of the rows of each.

    The numbers in them are whole or `Decimal`s, and a whole `Decimal` may come as an int: see `ask_together`.
    """

    answer: Answer  # once it was asked

    def __init__(self, selects: Sequence[Select], read: Callable[..., Answer]) -> None:
        self.selects = list(selects)
        self.read = read

    def ask(self) -> Answer:
        """Return the answer: one query for each SELECT."""
        self.answer = self.read(*(select(sql, parameters) for sql, parameters in self.selects))
        return self.answer


def ask_together(questions: Sequence[Question[Any]]) -> None:
    """Answer all of these, which are about a few rows, by one query."""
    found = iter(select_together([select for question in questions for select in question.selects]))
    for question in questions:
        question.answer = question.read(*(next(found) for _ in question.selects))
