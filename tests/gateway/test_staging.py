"""Rows that are staged: few stand in the statement, many come by COPY, and nobody can tell which."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from psycopg.types.json import Jsonb

from gateway import staging
from gateway.staging import FEW, staged

COLUMNS = {
    "id": "bigint",
    "words": "text",
    "tags": "text[]",
    "amount": "numeric",
    "at": "timestamptz",
    "days": "daterange",
    "held": "boolean",
    "custom": "jsonb",
}
# What means something in SQL, in JSON, in an array, or where parameters are put in.
WORDS = st.text(st.sampled_from("aø💶\"'\\%(){},$:;\n\t u") | st.characters(codec="utf-8", exclude_characters="\0"))
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | WORDS,
        st.lists(WORDS, max_size=3),
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**15),
        st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        st.none() | st.integers(1, 300).map(lambda n: DateRange(dt.date(2026, 1, 1), dt.date(2026, 1, 1 + n % 28 + 1))),
        st.none() | st.booleans(),
        st.none() | st.dictionaries(WORDS, WORDS | st.none() | st.integers(0, 9), max_size=2).map(Jsonb),
    ),
    max_size=4,
)


def read(rows, *, parameters=None):
    with staged(COLUMNS, rows) as source, connection.cursor() as cursor:
        cursor.execute(f"SELECT s.* FROM {source} s {'WHERE %s' if parameters else ''}", parameters)
        return source, cursor.fetchall()


class StagedRows(TestCase):
    @given(ROWS)
    @settings(max_examples=40, deadline=None)
    def test_few_rows_are_what_copy_would_have_brought(self, rows):
        in_place, found = read(rows)
        beside_parameters = read(rows, parameters=[True])[1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(staging, "FEW", -1)
            by_copy, copied = read(rows)

        assert (in_place[0], by_copy[:7]) == ("(", "staged_")
        assert found == beside_parameters == copied
        assert len(found) == len(rows)


@pytest.mark.django_db
def test_many_rows_come_by_copy_each_once_and_nothing_is_left():
    rows = [(number, "50 %", ["a"], Decimal("1.5"), None, None, None, None) for number in range(FEW + 2)]

    source, found = read(iter(rows), parameters=[True])

    assert source.startswith("staged_")
    assert [row[:4] for row in found] == [row[:4] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [source])
        assert cursor.fetchone() == (None,)
