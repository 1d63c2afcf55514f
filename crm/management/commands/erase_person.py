"""`manage.py erase_person 12 --reason asked`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.models import Erasure
from crm.personal_data.erasing import ErasureReport, erase_person, plan_erasure
from gateway.errors import DomainError


class Command(BaseCommand):
    help = "Erase a person: names, addresses and words go, figures stay under a pseudonym. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        reasons = [reason for reason in Erasure.Reason.values if reason != Erasure.Reason.REPLAYED]
        parser.add_argument("contact", type=int, help="id of any contact of the person")
        parser.add_argument("--reason", choices=reasons, default="asked", help="why (default %(default)s)")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, contact: int, reason: str, dry_run: bool, **_: Any) -> None:
        try:
            if dry_run:
                report = plan_erasure(contact)
            else:
                report = erase_person(contact_id=contact, reason=reason, now=timezone.now(), through="command")
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        self._print(report, done=not dry_run)

    def _print(self, report: ErasureReport, *, done: bool) -> None:
        for table in report.tables:
            self.stdout.write(f"{table.rows:>9,}  {table.fate:<8} {table.title}")
        for label, count in report.mentions.items():
            self.stdout.write(f"{count:>9,}  blotted  mentions in {label}")
        if report.carried:
            self.stdout.write(f"{report.carried:>9,}  taken back  values that merges brought to somebody else's record")
        for refusal in report.refusals:
            self.stdout.write(refusal)
        verb = "Erased" if done else "Would erase"
        self.stdout.write(f"{verb} person {report.person_id}: {len(report.contacts)} records.")
