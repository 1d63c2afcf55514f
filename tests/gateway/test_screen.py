"""How what a record holds is told to people, in histories and timelines."""

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from gateway.screen import told


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        ({}, "–"),
        (True, "yes"),
        (False, "no"),
        (1980, "1980"),
        (["t1", "t2"], "t1, t2"),
        ({"nick": "Joe", "sizes": [1, 2]}, "nick: Joe, sizes: 1, 2"),
        (dt.date(2026, 3, 1), "1 Mar 2026"),
        (DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)), "1 Mar 2026 to 31 Mar 2026"),
        (DateRange(dt.date(2026, 3, 1), None), "1 Mar 2026 to –"),
    ],
)
def test_what_a_record_holds_is_told_in_words(value: object, words: str):
    assert told(value) == words


def test_a_time_is_told_in_the_zone_of_the_organisation(settings):
    settings.TIME_ZONE = "Europe/Berlin"

    assert told(dt.datetime(2026, 7, 1, 7, 16, 38, 235520, tzinfo=dt.UTC)) == "1 Jul 2026, 09:16"
