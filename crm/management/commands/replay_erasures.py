"""`manage.py replay_erasures erasures.jsonl`: after a restore, before anybody works again."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from crm.personal_data.erasure_list import read_list
from crm.personal_data.replaying import replay_erasures
from gateway.commands import KithCommand
from gateway.errors import DomainError


class Command(KithCommand):
    help = "Erase again whom a restored backup still knows, and suppress what may not come back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file of KITH_ERASURE_LIST, or what list_erasures printed")

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            lines = read_list(file.read_text(encoding="utf-8").splitlines())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        done = replay_erasures(lines, now=timezone.now())
        self.stdout.write(
            f"Erased {done.contacts:,} records of {done.erasures:,} people again; of {done.absent:,} erasures nothing "
            f"was there. {done.suppressions:,} names are suppressed anew."
        )
