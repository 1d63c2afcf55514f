"""Several SELECTs answered by one: each with its own rows, types and order."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Contact
from gateway.acting import acting
from gateway.together import rows_together, select_together
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db


def test_each_select_has_its_own_rows_in_its_own_order():
    selects = [
        ("SELECT n, 10 * n AS n FROM generate_series(1, 3) n ORDER BY 1 DESC", ()),  # two columns of one name
        ("SELECT 1 WHERE %s", [False]),
        (
            "WITH said AS (SELECT %(text)s AS text) SELECT text, NULL, true FROM said -- to the end",
            {"text": "50 %s; '"},
        ),
    ]

    with CaptureQueriesContext(connection) as queries:
        found = select_together(selects)

    assert found == [[(3, 30), (2, 20), (1, 10)], [], [("50 %s; '", None, True)]]
    assert len(queries) == 1


def test_numbers_are_exact():
    (rows,) = select_together([("SELECT 0.1::numeric, round(1.4), 12345678901234567890.123456::numeric, 7", ())])

    assert rows == [(Decimal("0.1"), 1, Decimal("12345678901234567890.123456"), 7)]
    assert [type(value) for value in rows[0]] == [Decimal, int, Decimal, int]


def test_nothing_to_ask_asks_nothing():
    with CaptureQueriesContext(connection) as queries:
        assert select_together([]) == []
        assert rows_together([]) == []
        assert rows_together([Contact.objects.filter(pk__in=[]).values_list("pk")]) == [[]]

    assert len(queries) == 0


def test_rows_of_querysets_stand_at_their_places_whoever_acts():
    joe, mia = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="mia %")
    names = Contact.objects.values_list("pk", "full_name")

    with acting(user=1):  # which notes who writes with each statement that might
        found = rows_together([names.filter(pk=mia.pk), names.filter(pk__in=[]), names.order_by("pk")])

    assert found == [[(mia.pk, "mia %")], [], [(joe.pk, "Joe Bloggs"), (mia.pk, "mia %")]]
