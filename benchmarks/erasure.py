"""Export and erasure of somebody with 10,000 interactions, among everybody else; no figure of the past may move."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from benchmarks import facts
from benchmarks.measuring import Measurement, execute
from crm.models import Contact, Erasure
from crm.personal_data.erasing import erase_person, plan_erasure
from crm.personal_data.exporting import write_export
from gateway.answers import to_json
from metrics.models import Credit
from metrics.recompute import recompute_all, recompute_stale
from metrics.reports import ALL_MODELS, RoiQuery, Scope, roi_report
from metrics.reports.layout import report_as_json

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PERSON = 7
INTERACTIONS = 10_000
LIMIT_SECONDS = 60.0  # of an export
TABLES = "credit conversionresult costday campaignday channelday helperday personday totalday".split()


def measure(scale: facts.Scale) -> Iterator[Measurement]:
    """Yield the export, the dry run and the erasure of one person, after an erasure that was killed half-way."""
    _make_busy(scale)
    recompute_all(now=NOW)
    assert Credit.objects.filter(person=PERSON).exists()
    before, told = _digests(), _totals()
    with tempfile.TemporaryFile() as file:
        begun = time.perf_counter()
        counts = write_export([PERSON], file, now=NOW)
        seconds = time.perf_counter() - begun
        size = file.tell()
    yield Measurement(
        operation="export of one person", product=seconds, amount=sum(counts.values()), unit="rows",
        limit=LIMIT_SECONDS, remark=f"{counts['interactions']:,} interactions, {size / 1e6:.1f} MB",
    )  # fmt: skip
    begun = time.perf_counter()
    plan = plan_erasure(PERSON)
    planned = time.perf_counter() - begun
    yield Measurement(
        operation="dry run of an erasure", product=planned, amount=sum(table.rows for table in plan.tables), unit="rows"
    )
    killed = _killed_after(planned)
    begun = time.perf_counter()
    done = erase_person(contact_id=PERSON, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    seconds = time.perf_counter() - begun
    recompute_stale(now=NOW)
    after = _digests()
    moved = [table for table in TABLES if after[table] != before[table]]
    if _totals() != told:
        moved.append("totals of reports")
    yield Measurement(
        operation="erasure", product=seconds, amount=sum(table.rows for table in done.tables), unit="rows",
        remark=f"{killed}; {_said(moved)}",
    )  # fmt: skip


def _said(moved: list[str]) -> str:
    return f"**moved: {', '.join(moved)}**" if moved else "every figure is what it was, byte by byte"


def _make_busy(scale: facts.Scale) -> None:
    """Let one person have done 10,000 things. Triggers rest."""
    every = max(1, scale.interactions // INTERACTIONS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE community_interaction SET member_id = %s, to_member_id = NULL WHERE id %% %s = 0", [PERSON, every]
        )
    execute("VACUUM ANALYZE community_interaction")


def _killed_after(seconds: float) -> str:
    """Begin the erasure in a process of its own, kill it, and say that nothing has happened."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "erase_person", str(PERSON), "--yes"],
        cwd=Path(__file__).parent.parent,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with connection.cursor() as cursor:
        while True:  # until it is at work in the database
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
                " AND pid <> pg_backend_pid() AND query LIKE '%community_interaction%'"
            )
            if cursor.fetchone()[0] or process.poll() is not None:
                break
            time.sleep(0.01)
    time.sleep(seconds / 2)
    assert process.poll() is None, "the erasure was over before it was killed"
    process.kill()
    process.wait()
    assert Contact.objects.get(pk=PERSON).erased_at is None
    return "begun once before and killed after half its time: nothing had happened"


def _digests() -> dict[str, str]:
    """Return for each derived table how many rows it has, and a hash of all of them in order."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '')"
                f" FROM metrics_{table} t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def _totals() -> bytes:
    """Return what reports say but for the names of people, as the API answers it."""
    scopes: tuple[Scope, ...] = ("summary", "campaigns", "channels", "communities")
    return b"\n".join(
        to_json(report_as_json(roi_report(RoiQuery(scope=scope, model=ALL_MODELS, now=NOW)))) for scope in scopes
    )
