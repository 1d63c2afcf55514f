"""The world that property tests begin with, made once for a module."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.metrics.world import World


@pytest.fixture(scope="module")
def own_transaction(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around all tests of a module, which then is rolled back; a test's own is a savepoint in it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def beginning(own_transaction: None) -> World:
    """A world as it begins. To make one takes a tenth of a second: examples change a copy of it, in a savepoint."""
    return World()
