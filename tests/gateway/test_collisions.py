"""A transaction that collided is run again, as often as it may and not where it stands inside of another."""

import pytest
from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from crm.models import Company
from gateway.collisions import ATTEMPTS, retried


class Transaction:
    """Writes a company whose name is taken; from its `free`-th run on the name is another."""

    def __init__(self, *, free: int = ATTEMPTS + 1) -> None:
        self.free = free
        self.runs = 0

    def __call__(self) -> Company:
        self.runs += 1
        with transaction.atomic():
            taken = Company.objects.create(name="Taken")
            return Company.objects.create(pk=None if self.runs >= self.free else taken.pk, name="Mine")


@pytest.mark.django_db(transaction=True)
def test_what_collided_is_run_again_and_leaves_one_result():
    write = Transaction(free=ATTEMPTS)

    assert retried(write, collisions=(UniqueViolation,)).name == "Mine"
    assert write.runs == ATTEMPTS
    assert sorted(Company.objects.values_list("name", flat=True)) == ["Mine", "Taken"]


@pytest.mark.django_db(transaction=True)
def test_the_last_collision_and_any_other_error_are_raised():
    always, other = Transaction(), Transaction()

    with pytest.raises(IntegrityError):
        retried(always, collisions=(UniqueViolation,))
    with pytest.raises(IntegrityError):
        retried(other)

    assert (always.runs, other.runs) == (ATTEMPTS, 1)


@pytest.mark.django_db
def test_inside_of_another_transaction_it_is_run_once():
    write = Transaction()

    with pytest.raises(IntegrityError):
        retried(write, collisions=(UniqueViolation,))

    assert write.runs == 1
