"""The rows about a person: found of all models at once as of one model alone, in a query for each step."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import personal_models
from metrics.models import Credit, PersonDay
from metrics.recompute import recompute_all
from tests.crm.personal_data import canary as nest

pytestmark = pytest.mark.django_db


def test_all_are_found_as_each_is_found_alone():
    contacts = nest.hatch().contacts
    recompute_all(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    at_once, alone = PersonRows(contacts), PersonRows(contacts)
    ContentType.objects.get_for_models(*personal_models())  # Django keeps them

    with CaptureQueriesContext(connection) as queries:
        at_once.look_up()
        found = {model: at_once.by_way(model) for model in personal_models()}

    assert len(queries) == 3  # what leads to the contacts, through those rows, and what names any of all these
    assert found == {model: alone.by_way(model) for model in personal_models()}
    for model in (Credit, PersonDay, LogEntry):  # keys of several columns, one of them a day; what the last step finds
        assert any(found[model].values())


def test_a_model_that_was_looked_up_is_not_asked_again_until_it_changes():
    rows = PersonRows(nest.hatch().contacts)
    rows.look_up()
    (some, *_) = personal_models()

    with CaptureQueriesContext(connection) as queries:
        rows.look_up()
        rows.of(some)
    assert len(queries) == 0
    rows.look_again(some)
    with CaptureQueriesContext(connection) as queries:
        rows.of(some)
    assert len(queries) == 1
