"""
What every recompute does inside its transaction: find what is stale, lock, compute, compare, write.

It begins with what a claim or a chunk brings, and ends with the rows and daily sums that differ.
"""

import logging
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from psycopg.errors import DeadlockDetected, UniqueViolation

from metrics.attribution.statements import figure_parameters, statement
from metrics.rollups import correct_rollups
from metrics.workspace import Workspace

logger = logging.getLogger(__name__)

# Persons whose rows are written under one lock. Few, since a handful of people often hold most credits, and two
# workers shall share them; block 1,024 takes the lock of block 0 again, so that nobody ever holds more locks than that.
BLOCK_SIZE = 64
BLOCKS = 1_024
# What ends a recompute that another statement or worker crossed. What it claimed is still there.
COLLISIONS = (DeadlockDetected, UniqueViolation)
FEW = 1_000  # marks, or stale conversions, up to which prepared statements are quicker than planned ones

_LOCK_CLASS = 0x4B697468  # "Kith": sets these advisory locks apart from others in the database
_GUESTS_BLOCK = -1  # conversions without a contact
_ROLLUP_BLOCK = -2  # rows of roll-ups that all persons share
_COST_BLOCK = -3  # costs by day
_START = -4  # the full recompute that changed settings ask for

LOCK_START = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {_START})"
_LOCK_ROLLUPS = f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {_ROLLUP_BLOCK})"
_LOCK_BLOCKS = f"""
    SELECT count(pg_advisory_xact_lock({_LOCK_CLASS}, ordered.block))
    FROM (SELECT locked.block FROM locked_block locked ORDER BY locked.block) ordered
"""
_BLOCKS = {"block_size": BLOCK_SIZE, "blocks": BLOCKS, "guests_block": _GUESTS_BLOCK}


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    """What a recompute did: marks taken, chunks done, rows of ledger, results and costs that were written."""

    marks: int = 0
    chunks: int = 0
    conversions: int = 0
    credits_written: int = 0
    results_written: int = 0
    cost_days_written: int = 0

    def __add__(self, other: "Recomputed") -> "Recomputed":
        return Recomputed(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


def is_many(rows: int) -> bool:
    """Whether statements about so many rows are planned for them."""
    return rows > FEW


def find_stale(workspace: Workspace, source: str, **parameters: object) -> None:
    """
    Fill `stale_conversion` from a chunk or from claimed marks.

    What is committed later than this need not be in it: it has marks of its own.
    """
    found = workspace.run(f"stale_of_{source}", **parameters).rowcount
    if workspace.has_statistics or is_many(found):
        workspace.expect_many("seed_conversion")
    else:
        workspace.expect_few()
    take_along(workspace)


def take_along(workspace: Workspace) -> None:
    """Fill `stale_conversion` from `seed_conversion`, refunds and originals included."""
    found = workspace.run("closure").rowcount
    if workspace.has_statistics or is_many(found):
        workspace.expect_many("stale_conversion")


def lock_blocks(workspace: Workspace, *, costs: bool) -> None:
    """Lock, in order, the blocks of all persons whose rows may be written, with `costs` that of costs by day too."""
    workspace.then("blocks", **_BLOCKS)
    if costs:
        workspace.then_once("INSERT INTO locked_block VALUES (%(block)s)", block=_COST_BLOCK)
    workspace.then_sql("lock", _LOCK_BLOCKS)


def recompute_conversions(workspace: Workspace) -> Recomputed:
    """Compute and write what is in `stale_conversion`; the caller has locked the blocks."""
    workspace.then("owners")
    put_off, conversions, stored = workspace.run("uncovered", **_BLOCKS).fetchone()
    if put_off:
        logger.info("Put off %s conversions whose person changed meanwhile.", put_off)
    if not conversions:
        return Recomputed()
    workspace.then("touches")
    workspace.then("credits")
    if stored:
        workspace.then("compare")
        credits_written, results_written = workspace.run("differences").fetchone()
    else:
        credits_written, results_written = workspace.run("differences_first").fetchone()
    if credits_written or results_written:
        workspace.then("write" if stored else "write_first")
        correct_rollups(workspace, is_first=not stored, lock=_LOCK_ROLLUPS)
    return Recomputed(conversions=conversions, credits_written=credits_written, results_written=results_written)


def recompute_costs(cursor: CursorWrapper, *, costs: list[int] | None) -> Recomputed:
    """Spread the costs with these ids (None: all) over their days. The caller holds the lock for costs."""
    cursor.execute(statement("costs"), {**figure_parameters(), "costs": costs})
    (written,) = cursor.fetchone()
    return Recomputed(cost_days_written=written)
