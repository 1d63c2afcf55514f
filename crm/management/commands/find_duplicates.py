"""Find records of the same person."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from crm.duplicates.rules import apply_rules
from crm.duplicates.search import Searched, search_chunk, start_search
from crm.models import DuplicateSuggestion
from crm.tasks import request_search
from gateway.commands import KithCommand


class Command(KithCommand):
    """Compares what changed since the last search, or everybody, in this process or on the workers."""

    help = "Find contacts that may be the same person: what changed since the last search, or --all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say whom to compare, where, and how to report."""
        parser.add_argument("--all", action="store_true", help="compare every contact, not only what changed")
        parser.add_argument("--on-workers", action="store_true", help="start it as a job and come back (with --all)")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: object, **options: Any) -> None:
        """Search, with progress on a terminal, and print what was found."""
        now = timezone.now()
        if options["all"] and options["on_workers"]:
            job = request_search(now=now, requested_through="command")
            self._print({"job": job.pk, "contacts": job.total}, options)
            return
        if options["all"]:
            start_search(now=now, requested_through="command")
        done = Searched()
        while (step := search_chunk(now=now)) is not None:
            done += step
            if sys.stderr.isatty():
                self.stderr.write(f"\r{done.contacts:,} contacts, {done.suggestions:,} suggestions", ending="")
        merged = apply_rules(now=now)
        waiting = DuplicateSuggestion.objects.filter(state=DuplicateSuggestion.State.OPEN).count()
        outcome = {"contacts": done.contacts, "new": done.suggestions, "merged_by_rule": merged, "open": waiting}
        self._print(outcome, options)

    def _print(self, outcome: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(outcome))
        elif "job" in outcome:
            self.stdout.write(f"Job {outcome['job']} compares {outcome['contacts']:,} contacts on the workers.")
        else:
            self.stdout.write(
                f"{outcome['contacts']:,} contacts compared: {outcome['new']:,} new suggestions, "
                f"{outcome['merged_by_rule']:,} merged by rule, {outcome['open']:,} wait for a decision."
            )
