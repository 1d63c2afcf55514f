"""Full and incremental recompute against one statement from the same facts into the same table and indexes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, best_of, execute
from metrics.recompute import recompute_all, recompute_stale, start_full_recompute

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLOOR = (Path(__file__).parent / "floors" / "full_recompute.sql").read_text(encoding="utf-8")
DERIVED = "credit conversionresult costday campaignday channelday helperday personday totalday stalemark".split()
LEDGER = (
    "conversion_id, position, touches, interaction_id, person_id, actor_member_id, actor_kind, campaign_id, channel_id,"
    " is_help, is_refund, day, decay_weight, decay_total, first_touch_minor, last_touch_minor, linear_minor,"
    " position_based_minor, time_decay_minor"
)


def _empty() -> None:
    execute("TRUNCATE " + ", ".join(f"metrics_{table}" for table in DERIVED))


def _with_workers(number: int) -> None:
    """Let `number` workers share a full recompute, each on a connection of its own."""
    start_full_recompute(now=NOW, requested_through="benchmark")

    def work() -> None:
        try:
            recompute_stale(now=NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _one(sql: str, parameters: object = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)  # type: ignore[arg-type]
        return int(cursor.fetchone()[0])


def _wal() -> int:
    return _one("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")


def _unequal() -> int:
    """Return how many rows of the ledger differ from the floor's, kept in `floor_credit`."""
    ours, floors = f"SELECT {LEDGER} FROM metrics_credit", f"SELECT {LEDGER} FROM floor_credit"
    return _one(f"SELECT count(*) FROM (({ours} EXCEPT {floors}) UNION ALL ({floors} EXCEPT {ours})) differing")


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield the full recompute on one and two workers, one that changes nothing, and incremental ones."""
    floor = best_of(2, lambda: execute(FLOOR, {"zone": settings.KITH_TIME_ZONE}), before=_empty)
    execute("DROP TABLE IF EXISTS floor_credit")
    execute("CREATE TABLE floor_credit AS TABLE metrics_credit")
    floor_is = "one INSERT … SELECT, same indexes, no roll-ups"

    product = best_of(2, lambda: recompute_all(now=NOW), before=_empty)
    rows = _one("SELECT count(*) FROM metrics_credit")
    unequal = _unequal()
    execute("DROP TABLE floor_credit")
    yield Measurement(
        operation="full recompute with results and roll-ups, one worker", floor=floor, floor_is=floor_is,
        product=product, amount=rows, unit="credits", target=1.5,
        remark="every row equals the floor's" if unequal == 0 else f"**{unequal} rows differ from the floor's**",
    )  # fmt: skip
    two = best_of(2, lambda: _with_workers(2), before=_empty)
    yield Measurement(
        operation="the same, two workers", floor=floor, floor_is=floor_is, product=two, amount=rows, unit="credits",
        target=1.0,
    )  # fmt: skip

    # Whoever reads a row first notes on its page that the row is committed, and after a checkpoint that page goes into
    # the WAL whole (PostgreSQL 18 keeps checksums by default). VACUUM does it here, so that what is counted is our own.
    execute("VACUUM " + ", ".join(f"metrics_{table}" for table in DERIVED))
    execute("CHECKPOINT")
    written = _wal()
    versions = _one("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
                    [[f"metrics_{table}" for table in DERIVED if table != "stalemark"]])  # fmt: skip
    unchanged = best_of(1, lambda: recompute_all(now=NOW))
    written = _wal() - written
    execute("SELECT pg_stat_force_next_flush()")
    versions = _one("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
                    [[f"metrics_{table}" for table in DERIVED if table != "stalemark"]]) - versions  # fmt: skip
    yield Measurement(
        operation="full recompute that changes nothing", product=unchanged, amount=rows, unit="credits",
        remark=f"{versions} row versions written, {written / 1e6:.1f} MB of WAL",
    )  # fmt: skip

    for contacts in (1, 10, 100, 1_000):
        yield _incremental(scale, contacts=contacts)


def _incremental(scale: Scale, *, contacts: int) -> Measurement:
    """Make `contacts` contacts stale for all time, drawn by activity: everything is computed and nothing differs."""
    execute("DROP TABLE IF EXISTS pg_temp.chosen")
    execute("CREATE TEMP TABLE chosen (contact_id bigint)")
    execute(
        """
        INSERT INTO chosen
        SELECT contact_id FROM (
            SELECT contact_id, min(n) AS first FROM (
                SELECT n, least(%(all)s, 1 + floor(power(power(51, 0.2) + ((hashint8extended(n, 99) & 9007199254740991)
                    ::float8 / 9007199254740992) * (power(%(all)s + 51, 0.2) - power(51, 0.2)), 5) - 51)::bigint)
                    AS contact_id
                FROM generate_series(1, %(contacts)s * 20) n
            ) tries GROUP BY contact_id
        ) once ORDER BY first LIMIT %(contacts)s
        """,
        {"all": scale.contacts, "contacts": contacts},
    )
    affected = _one("SELECT count(*) FROM metrics_credit WHERE person_id IN (SELECT contact_id FROM chosen)")
    seconds = best_of(
        3,
        lambda: recompute_stale(now=NOW),
        before=lambda: execute("INSERT INTO metrics_stalemark (contact_id) SELECT contact_id FROM chosen"),
    )
    return Measurement(
        operation=f"incremental, {contacts:,} contact{'s' if contacts > 1 else ''} drawn by activity", product=seconds,
        amount=affected or None, unit="affected credits", limit=0.010 + 0.000_010 * affected,
    )  # fmt: skip
