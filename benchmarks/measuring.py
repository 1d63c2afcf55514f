"""Timing a floor and a product side by side, and writing the table of ratios."""

import gc
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """
    One line of the table.

    `floor` and `product` are seconds for the same work; `amount` of `unit` is how much work it was.
    `target` is the highest ratio (or, with `limit`, the longest time in seconds) to be reached.
    """

    operation: str
    product: float
    floor: float | None = None
    floor_is: str = ""
    amount: int | None = None
    unit: str = ""
    target: float | None = None
    limit: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """Product over floor; None without a floor."""
        return self.product / self.floor if self.floor else None

    @property
    def is_reached(self) -> bool | None:
        """Whether the target holds; None when there is none."""
        if self.target is not None and self.ratio is not None:
            return self.ratio <= self.target
        if self.limit is not None:
            return self.product <= self.limit
        return None


def best_of(runs: int, work: Callable[[], object], *, before: Callable[[], object] | None = None) -> float:
    """Return the shortest of `runs` times in seconds: what the work costs when nothing else disturbs."""
    times = []
    for _ in range(runs):
        if before is not None:
            before()
        gc.collect()
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def median_of(runs: int, work: Callable[[], object]) -> float:
    """Return the median of `runs` times in seconds: what a user usually waits."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


@dataclass(frozen=True, kw_only=True)
class Waited:
    """Seconds that somebody waited: the median, the 95th percentile and the longest of many times."""

    usual: float
    unlucky: float
    worst: float


def waited(runs: int, work: Callable[[], object]) -> Waited:
    """Return what is usual, what is bad luck (by the nearest rank) and what was worst in `runs` times."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    times.sort()
    return Waited(usual=statistics.median(times), unlucky=times[math.ceil(runs * 0.95) - 1], worst=times[-1])


def execute(sql: str, parameters: object = None) -> None:
    """Run one statement on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)  # type: ignore[arg-type]


@dataclass
class Table:
    """The measurements of one run, printed as they come and kept as a page."""

    scale: str
    lines: list[Measurement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, measurements: Iterable[Measurement]) -> None:
        """Take in measurements and print each."""
        for measurement in measurements:
            self.lines.append(measurement)
            print(_row(measurement), flush=True)  # noqa: T201

    def note(self, sentences: Iterable[str]) -> None:
        """Take in sentences that stand below the table, and print each."""
        for sentence in sentences:
            self.notes.append(sentence)
            print(sentence, flush=True)  # noqa: T201

    def write(self, folder: Path, *, command: str) -> Path:
        """Write the page `<scale>.md` into `folder` and return its place."""
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        head = [
            f"# Scale {self.scale}",
            "",
            f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}` on {platform.machine()} with {os.cpu_count()} cores, "
            f"Python {platform.python_version()} and PostgreSQL {version}; adding up the first ten million numbers one "
            f"by one took Python {_pace():.2f} s. Floor and product ran in one process, one after the other.",
            "",
            "| operation | amount | floor | product | ratio | to reach | reached | remark |",
            "|---|---|---|---|---|---|---|---|",
        ]
        page = folder / f"{self.scale}.md"
        page.write_text("\n".join([*head, *map(_row, self.lines), "", *self.notes, ""]), encoding="utf-8")
        return page


def _pace() -> float:
    """Return the seconds of a plain loop: machines of one size differ by a factor of two, and one by the hour."""

    def add_up() -> None:
        total = 0
        for number in range(10_000_000):
            total += number

    return best_of(3, add_up)


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.2f} ms"


def _row(line: Measurement) -> str:
    amount = f"{line.amount:,} {line.unit}" if line.amount else "–"
    if line.amount and line.unit and line.product:
        amount += f" ({line.amount / line.product:,.0f}/s)"
    floor = f"{_seconds(line.floor)} {line.floor_is}".strip() if line.floor else "–"
    ratio = f"{line.ratio:.2f}" if line.ratio is not None else "–"
    if line.target is not None:
        goal = f"≤ {line.target:g} ×"
    elif line.limit is not None:
        goal = f"≤ {_seconds(line.limit)}"
    else:
        goal = "–"
    reached = {True: "yes", False: "**no**", None: "–"}[line.is_reached]
    cells = [line.operation, amount, floor, _seconds(line.product), ratio, goal, reached, line.remark]
    return "| " + " | ".join(cells) + " |"
