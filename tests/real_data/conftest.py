"""Where the real data is: the folder that KITH_DATA names, by default shared/data beside the checkout."""

from pathlib import Path

import pytest
from django.db import connection

from tests.real_data.importing import missing, real_data


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the data sets; without it the test is skipped."""
    folder = real_data()
    if message := missing(folder):
        pytest.skip(message)
    return folder


@pytest.fixture(autouse=True)
def fresh_plans(db: None) -> None:
    """Forget the plans that earlier tests left in this connection: they were made for nearly empty tables."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
