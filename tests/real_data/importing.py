"""The real data sets through the commands that docs/real-data.md shows, for the tests and the benchmark."""

import json
import os
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from tests.real_data.made_up_join import write_join


def real_data() -> Path:
    """Return where the data sets are, or should be: what KITH_DATA names, else shared/data beside the checkout."""
    return Path(os.environ.get("KITH_DATA") or settings.BASE_DIR.parent / "shared" / "data")


def missing(folder: Path) -> str:
    """Return a sentence that says that the data is not there; empty when it is."""
    if (folder / "README.md").is_file():
        return ""
    return f"There is no real data in {folder}. Set KITH_DATA to the folder with the data sets."


def run_import(*arguments: object) -> dict[str, object]:
    """Run `manage.py import` and return its report."""
    out = StringIO()
    call_command("import", *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


def import_site(data: Path, *options: str) -> dict[str, object]:
    """Import the Q&A site and return the report."""
    folder = data / "community_qa_site"
    return run_import("stackexchange", folder, "--channel", "history-meta", "--community", "history", *options)


def import_purchases(data: Path, out: Path) -> list[dict[str, object]]:
    """Import whose account is whose, as made up, and the purchases, by files written to `out`; return both reports."""
    purchases, accounts = write_join(data, out)
    return [
        run_import(
            *("csv", accounts, "--as", "members", "--set", "channel=history-meta", "--set", "contact.source=cdnow"),
            *("--map", "external_id=user", "--map", "contact.external_id=customer"),
        ),
        run_import(
            *("csv", purchases, "--as", "conversions", "--source", "cdnow"),
            *("--set", "kind=purchase", "--set", "currency=USD", "--map", "external_id=#"),
            *("--map", "contact.external_id=customer", "--map", "occurred_at=date", "--map", "amount=amount"),
        ),
    ]
