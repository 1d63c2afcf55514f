"""Where the real data is: the folder that KITH_DATA names, by default shared/data beside the checkout."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the data sets. Without it the test is skipped on a developer's machine and fails in CI."""
    folder = Path(os.environ.get("KITH_DATA") or settings.BASE_DIR.parent / "shared" / "data")
    if not (folder / "README.md").is_file():
        message = f"There is no real data in {folder}. Set KITH_DATA to the folder with the data sets."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(autouse=True)
def fresh_plans(db: None) -> None:
    """Forget the plans that earlier tests left in this connection: they were made for nearly empty tables."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
