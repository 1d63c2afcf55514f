"""`manage.py erase_person 12 --reason asked`, or by what another system calls them: `--ref shop c1`."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from crm.models import Erasure
from crm.personal_data.deleted import contact_of_reference, erase_any, plan_erasure_of_any
from crm.personal_data.erasing import is_same_name
from crm.personal_data.erasure_report import ErasureReport
from gateway.commands import KithCommand
from gateway.errors import DomainError


class Command(KithCommand):
    help = (
        "Erase a person: names, addresses and words go, figures stay under a pseudonym. It cannot be undone. "
        "Of a contact that was deleted, what is left of it in history goes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        reasons = [reason for reason in Erasure.Reason.values if reason != Erasure.Reason.REPLAYED]
        parser.add_argument("contact", type=int, nargs="?", help="id of any contact of the person, deleted or not")
        parser.add_argument(
            "--ref", nargs=2, metavar=("SOURCE", "ID"), help="what another system calls the contact, instead of its id"
        )
        parser.add_argument("--reason", choices=reasons, default="asked", help="why (default %(default)s)")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        how.add_argument("--yes", action="store_true", help="do not ask for the name: erase at once, for good")

    def handle(
        self, *, contact: int | None, ref: Sequence[str] | None, reason: str, dry_run: bool, yes: bool, **_: Any
    ) -> None:
        if (contact is None) == (ref is None):
            raise CommandError("Say whom: either the id of a contact, or --ref SOURCE ID.")
        try:
            whom = contact if contact is not None else contact_of_reference(*ref or ())
            if not yes:
                plan = plan_erasure_of_any(whom)
                self._print(plan, done=False)
                if dry_run:
                    return
                self._ask(plan)
            report = erase_any(contact_id=whom, reason=reason, now=timezone.now(), through="command")
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        self._print(report, done=True)

    def _ask(self, plan: ErasureReport) -> None:
        """Go on only when the person's name is typed, as the page in the admin wants it."""
        if plan.refusals:
            raise CommandError(" ".join(plan.refusals))
        self.stdout.write(f"Erasing cannot be undone. Type the name to erase for good: {plan.name}")
        self.stdout.flush()
        typed = sys.stdin.readline()  # empty where nobody types
        if not is_same_name(typed, plan.name):
            raise CommandError("Nothing was erased: this is not the name. Without anybody to ask, say --yes.")

    def _print(self, report: ErasureReport, *, done: bool) -> None:
        for table in report.tables:
            self.stdout.write(f"{table.rows:>9,}  {table.fate:<8} {table.title}")
        for label, count in report.mentions.items():
            self.stdout.write(f"{count:>9,}  blotted  mentions in {label}")
        if report.carried:
            self.stdout.write(f"{report.carried:>9,}  taken back  values that merges brought to somebody else's record")
        for one in report.remaining:
            by_hand = "may be the same person" if one.what == "contact" else "may be their own"
            self.stdout.write(f"{'':>9}  stays    {one.what} {one.id}, {one.name}: {by_hand} ({one.why})")
        for refusal in report.refusals:
            self.stdout.write(refusal)
        verb = "Erased" if done else "Would erase"
        self.stdout.write(f"{verb} person {report.person_id}: {len(report.contacts)} records.")
