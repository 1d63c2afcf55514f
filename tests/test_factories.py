"""Every factory makes a row that the database takes."""

import pytest
from factory.django import DjangoModelFactory

from tests.factories import community, crm

FACTORIES = [
    made
    for module in (crm, community)
    for made in vars(module).values()
    if isinstance(made, type) and issubclass(made, DjangoModelFactory) and made is not DjangoModelFactory
]


@pytest.mark.django_db
@pytest.mark.parametrize("made", sorted(set(FACTORIES), key=lambda made: made.__name__))
def test_factory_makes_a_row_with_defaults_alone(made):
    row = made()

    assert type(row).objects.filter(pk=row.pk).exists()
