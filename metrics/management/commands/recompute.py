"""Recompute figures from facts."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crm.models import Contact
from gateway.commands import KithCommand
from jobs.models import Job
from metrics.models import RecomputeChunk, StaleMark
from metrics.recompute import (
    Recomputed,
    mark_contacts,
    recompute_next,
    start_full_recompute,
    try_again_now,
)
from metrics.tasks import request_full_recompute, ring_workers

PATIENCE_SECONDS = 20.0  # without any progress for so long, the user is told that no worker seems to run
LOOK_SECONDS = 0.2  # between two looks at the progress of workers
USAGE_ERROR, NO_WORKER, PARTIAL = 2, 3, 3


class Command(KithCommand):
    """
    Recomputes what is stale, or everything, or some contacts: on the workers, or in this process.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done (no worker answers, or another full
    recompute took over); what is left stays marked and loses nothing.
    """

    help = "Recompute credits and daily sums from the facts: what is stale, or --all, or some --contacts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what to recompute, where, and how to report."""
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--all", action="store_true", help="recompute everything")
        scope.add_argument(
            "--contacts", nargs="+", type=int, metavar="ID", help="recompute these contacts' conversions"
        )
        parser.add_argument("--in-process", action="store_true", help="do the work here instead of on the workers")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
        parser.add_argument(
            "--chunk-persons",
            type=int,
            metavar="N",
            help="ids of persons in one chunk of --all (without it: chunks with about as many conversions each)",
        )

    def handle(
        self,
        *,
        all: bool,
        contacts: list[int] | None,
        in_process: bool,
        json: bool,
        chunk_persons: int | None,
        **_: Any,
    ) -> None:
        """Start the work, show how far it is, say how it ended."""
        if chunk_persons is not None and chunk_persons < 1:
            raise CommandError("--chunk-persons must be at least 1.", returncode=USAGE_ERROR)
        begun = time.monotonic()
        try_again_now()
        if contacts:
            _refuse_unknown(contacts)
            mark_contacts(contacts)
        job = None
        if all:
            start = start_full_recompute if in_process else request_full_recompute
            job = start(now=timezone.now(), chunk_persons=chunk_persons, requested_through="command")
        done = None
        if in_process:
            done = self._work_here()
        else:
            self._wait_for_workers()
        if job is not None:
            job.refresh_from_db()
        self._report(done, job, seconds=time.monotonic() - begun, as_json=json)
        _say_what_raised()
        if job is not None and job.state != Job.State.SUCCEEDED:
            sys.exit(PARTIAL)

    def _work_here(self) -> Recomputed:
        """Recompute until nothing is left, with a bar on a terminal."""
        done = Recomputed()
        with shown_progress() as show:
            show()  # all that there is to do, before the first piece of it is done
            while step := recompute_next(now=timezone.now()):
                done += step
                show()
        return done

    def _wait_for_workers(self) -> None:
        """Ring, and wait until no chunk and no mark is left; give up when nothing moves."""
        ring_workers()
        moved_at, before = time.monotonic(), None
        with shown_progress() as show:
            while (left := show()) != (0, 0):
                if left != before:
                    moved_at, before = time.monotonic(), left
                if time.monotonic() - moved_at > PATIENCE_SECONDS:
                    raise CommandError(
                        "No worker seems to run: start one with 'make worker', or use --in-process. "
                        "Nothing is lost: what is left stays marked.",
                        returncode=NO_WORKER,
                    )
                time.sleep(LOOK_SECONDS)

    def _report(self, done: Recomputed | None, job: Job | None, *, seconds: float, as_json: bool) -> None:
        outcome: dict[str, object] = {"seconds": round(seconds, 3)}
        if job is not None:
            outcome |= {"job": job.pk, "state": job.state}
        if done is not None:
            outcome |= vars(done)
        if as_json:
            self.stdout.write(json.dumps(outcome))
            return
        where = "" if done is None else f": {done.conversions:,} conversions, {done.credits_written:,} credits written"
        self.stdout.write(f"Recomputed in {seconds:.1f} s{where}.")


def _refuse_unknown(contacts: Sequence[int]) -> None:
    unknown = sorted(set(contacts) - set(Contact.objects.filter(pk__in=contacts).values_list("pk", flat=True)))
    if unknown:
        named = " and ".join(f"no contact {pk}" for pk in unknown)
        raise CommandError(f"There is {named}. Nothing was recomputed.", returncode=USAGE_ERROR)


def _say_what_raised() -> None:
    chunks = RecomputeChunk.objects.filter(done_at=None, retry_at__isnull=False).count()
    marks = StaleMark.objects.filter(retry_at__isnull=False).count()
    if chunks or marks:
        raise CommandError(
            f"Not everything could be computed, and the log says why: {chunks:,} chunks and {marks:,} stale marks are "
            "left. Workers try them again by themselves, and so does this command."
        )


@contextmanager
def shown_progress() -> Iterator[Callable[[], tuple[int, int]]]:
    """
    Show bars of what is done on a terminal, elsewhere nothing.

    Yields a function that moves the bars and returns how many chunks and how many marks are left.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars = [progress.add_task(name, total=None) for name in ("chunks", "stale marks")]
        most = [0, 0]

        def show() -> tuple[int, int]:
            # What pauses after an error nobody works on.
            left = (
                RecomputeChunk.objects.filter(done_at=None, retry_at=None).count(),
                StaleMark.objects.filter(retry_at=None).count(),
            )
            for index, bar in enumerate(bars):
                most[index] = max(most[index], left[index])
                progress.update(bar, total=most[index], completed=most[index] - left[index])
            return left

        yield show
