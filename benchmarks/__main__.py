"""`python -m benchmarks [--scale S] [--only recompute exactness …] [--write]`: measure, print and keep the table."""

import argparse
import gc
import logging
import os
import sys
from pathlib import Path

from config.embedded import ServerError, ensure_running

DATABASE = "kith_benchmark"
REPLACING = ["real_data", "search", "duplicates"]  # parts with facts of their own, in this order
PARTS = ["recompute", "exactness", "reading", "writing", "queue", "admin", "erasure", *REPLACING]


def main() -> int:
    """Measure on a database of its own beside Kith's, and write benchmarks/results/<scale>.md."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--scale", choices=["XS", "S", "M"], default="S")
    arguments.add_argument("--only", nargs="+", choices=PARTS)
    arguments.add_argument("--keep", action="store_true", help="use the facts that the run before has left")
    arguments.add_argument("--write", action="store_true", help="keep the table of a part too; that of a whole run is")
    chosen = arguments.parse_args()
    try:
        ensure_running()
    except ServerError as error:
        print(f"Kith: {error}", file=sys.stderr)  # noqa: T201
        return 1
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    _use_own_database()

    import django

    django.setup()

    from django.core.management import call_command

    call_command("migrate", verbosity=0)

    import config.urls  # noqa: F401  # as the server does, see config/wsgi.py
    from benchmarks import (
        admin,
        duplicates,
        erasure,
        exactness,
        facts,
        queue,
        reading,
        real_data,
        recompute,
        search,
        writing,
    )
    from benchmarks.measuring import Table

    logging.disable(logging.WARNING)  # among the lines of the table: what is refused is measured as well
    gc.collect()
    gc.freeze()

    scale = facts.SCALES[chosen.scale]
    table = Table(scale.name)
    parts = {
        "recompute": lambda: recompute.measure(scale),
        "reading": lambda: reading.measure(scale),
        "writing": lambda: writing.measure(scale),
        "queue": lambda: queue.measure(scale),
        "admin": lambda: admin.measure(scale),
        "erasure": lambda: erasure.measure(scale),
        # These come last: they replace what is there.
        "real_data": lambda: real_data.measure(table),
        "search": lambda: search.measure(scale),
        "duplicates": lambda: duplicates.measure(min(5 * scale.contacts, 500_000)),
    }
    if not chosen.keep and not (chosen.only and {*chosen.only} <= {*REPLACING}):
        facts.load(scale)
    only = chosen.only or PARTS
    for name, measure in parts.items():
        if name in only:
            table.add(measure())
        if name == "recompute" and "exactness" in only:
            table.note(exactness.measure(scale, is_fresh="recompute" in only))
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    command = f"make bench SCALE={scale.name}"
    if chosen.only:
        command += f" ARGS='--only {' '.join(chosen.only)} --write'"
    if chosen.write or not chosen.only:
        print(f"Written to {table.write(folder, command=command)}")  # noqa: T201
    return 0


def _use_own_database() -> None:
    """Create the benchmark's database on the server that DATABASE_URL names, and point Kith at it."""
    import psycopg

    address, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    os.environ["DATABASE_URL"] = f"{address}/{DATABASE}"


if __name__ == "__main__":
    sys.exit(main())
