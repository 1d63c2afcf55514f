"""`manage.py export_person 12 joe.zip`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from crm.models import Contact
from crm.personal_data.export_jobs import note_export
from crm.personal_data.exporting import write_export
from crm.personal_data.rows import contacts_of_person
from gateway.acting import account
from gateway.commands import KithCommand
from gateway.errors import DomainError


class Command(KithCommand):
    help = "Write everything that is known about a person to a ZIP, readable by you alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", type=int, help="id of any contact of the person")
        parser.add_argument("file", type=Path, help="the ZIP to write; it must not exist yet")

    def handle(self, *, contact: int, file: Path, **_: Any) -> None:
        now = timezone.now()
        try:
            contacts = contacts_of_person(contact)
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        try:
            with file.open("xb") as target:
                file.chmod(0o600)
                counts = write_export(contacts, target, now=now)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}. Name another file.") from None
        person = Contact.objects.values_list("person_id", flat=True).get(pk=contacts[0])
        note_export(person_id=person, counts=counts, size=file.stat().st_size, by=account(), now=now)
        self.stdout.write(f"Wrote {sum(counts.values()):,} rows in {len(counts)} collections to {file}.")
