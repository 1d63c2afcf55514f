"""The demo company only goes into an empty database."""

from datetime import UTC, date, datetime

import pytest

from demo.filling import NotEmpty, fill
from jobs.models import Job
from tests.factories.crm import ContactFactory

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_demo_company_is_not_mixed_with_data_of_others():
    ContactFactory()

    with pytest.raises(NotEmpty, match="only goes into an empty one"):
        fill(until=None, today=date(2026, 11, 1), now=NOW)

    assert not Job.objects.exists()
