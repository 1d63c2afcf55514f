"""
Daily sums, corrected by the difference between the ledger as it was and as it is.

`compare.sql` leaves the rows that changed, as they were and as they are, in `credit_gone` and `credit_came`
and the same for results. Each roll-up adds what came and takes away what went, for the days touched and
no others: a row whose last contributor goes is deleted, and where nothing changed no row version is
written. Any order and any chunking of the work therefore ends in the same rows.

Summing up what changed takes most of the time and needs no lock; only writing it does.
"""

from dataclasses import dataclass
from functools import cache

from metrics.attribution.models import attribution_models
from metrics.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Rollup:
    """
    One table of daily sums.

    `changes` names what it sums: credits or results. `keys` maps its key columns to expressions over a
    row `r` of those; `sums` maps its other columns to what one row adds to them. The first of `sums`
    counts the contributing rows.
    """

    table: str
    changes: str
    keys: dict[str, str]
    sums: dict[str, str]

    @property
    def delta(self) -> str:
        """The temporary table of what is to be added, shaped as the roll-up itself."""
        return self.table.replace("metrics_", "delta_")

    def sum_up(self, *, is_first: bool) -> str:
        """Return the statement that sums up what changed; `is_first` when nothing was stored before."""
        if is_first:
            changes = f"(SELECT 1 AS sign, * FROM fresh_{self.changes})"
        else:
            changes = (
                f"(SELECT -1 AS sign, * FROM {self.changes}_gone"
                f" UNION ALL SELECT 1 AS sign, * FROM {self.changes}_came)"
            )
        return f"""
            INSERT INTO {self.delta} ({", ".join(self.keys)}, {", ".join(self.sums)})
            SELECT {", ".join(self.keys.values())},
                {", ".join(f"sum(r.sign * ({amount}))" for amount in self.sums.values())}
            FROM {changes} r
            GROUP BY {", ".join(str(number) for number in range(1, len(self.keys) + 1))};
            ANALYZE {self.delta};
        """

    def add(self) -> str:
        """Return the statement that adds what was summed up."""
        names = ", ".join([*self.keys, *self.sums])
        counter = next(iter(self.sums))
        same_key = " AND ".join(f"stored.{key} = delta.{key}" for key in self.keys)
        return f"""
            WITH gone AS (
                DELETE FROM {self.table} stored
                USING {self.delta} delta
                WHERE {same_key} AND stored.{counter} + delta.{counter} = 0
            ),
            changed AS (
                UPDATE {self.table} stored
                SET {", ".join(f"{name} = stored.{name} + delta.{name}" for name in self.sums)}
                FROM {self.delta} delta
                WHERE {same_key}
                    AND stored.{counter} + delta.{counter} <> 0
                    AND ({" OR ".join(f"delta.{name} <> 0" for name in self.sums)})
            )
            INSERT INTO {self.table} ({names})
            SELECT {names}
            FROM {self.delta} delta
            WHERE delta.{counter} <> 0 AND NOT EXISTS (SELECT FROM {self.table} stored WHERE {same_key})
        """


_CREDIT_SUMS = {"credits": "1", **{model.column: f"r.{model.column}" for model in attribution_models}}
_RESULT_SUMS = {
    "results": "1",
    "conversions": "CASE WHEN r.is_refund THEN 0 ELSE 1 END",
    "revenue_minor": "coalesce(r.value_minor, 0)",
    "credited_minor": "CASE WHEN r.line = 'credited' THEN r.value_minor - r.unattributed_minor ELSE 0 END",
    "unattributed_minor": "r.unattributed_minor",
}

PERSON_DAY = Rollup(
    table="metrics_personday",
    changes="result",
    keys={"person_id": "coalesce(r.person_id, 0)", "day": "r.day"},
    sums=_RESULT_SUMS,
)
# Rows of these are shared between persons, hence between workers: they are written under one lock.
SHARED = (
    Rollup(
        table="metrics_campaignday",
        changes="credit",
        keys={"campaign_id": "coalesce(r.campaign_id, 0)", "day": "r.day"},
        sums=_CREDIT_SUMS,
    ),
    Rollup(
        table="metrics_channelday",
        changes="credit",
        keys={"channel_id": "coalesce(r.channel_id, 0)", "day": "r.day"},
        sums=_CREDIT_SUMS,
    ),
    Rollup(
        table="metrics_helperday",
        changes="credit",
        keys={
            "actor_kind": "r.actor_kind",
            "member_id": "CASE WHEN r.actor_kind = 'member' THEN r.actor_member_id ELSE 0 END",
            "day": "r.day",
        },
        sums=_CREDIT_SUMS,
    ),
    Rollup(
        table="metrics_totalday",
        changes="result",
        keys={"day": "r.day"},
        sums={
            **_RESULT_SUMS,
            "staff_minor": "CASE WHEN r.line = 'staff_purchases' THEN r.value_minor - r.unattributed_minor ELSE 0 END",
        },
    ),
)


def correct_rollups(workspace: Workspace, *, is_first: bool, lock: str) -> None:
    """
    Apply the changes in `workspace` to every roll-up; `is_first` when nothing was stored of them before.

    `lock` is the statement that keeps other workers out of the shared rows until this transaction ends;
    it is the last lock that a worker takes, so that no two can wait for each other.
    """
    workspace.then_sql("sum_up", _sums(is_first=is_first))
    workspace.then_sql("add", PERSON_DAY.add())
    workspace.then_once(lock)
    workspace.then_sql("add", _additions())


@cache
def _sums(*, is_first: bool) -> str:
    """Return the statements that sum up what changed, to be sent in one go."""
    return "".join(rollup.sum_up(is_first=is_first) for rollup in (PERSON_DAY, *SHARED))


@cache
def _additions() -> str:
    """Return the statements that add to the shared rows, to be sent in one go."""
    return ";\n".join(rollup.add() for rollup in SHARED)
