"""`manage.py revoke_api_key 3f9c0a1b2c3d`."""

from argparse import ArgumentParser

from django.core.management.base import CommandError
from django.utils import timezone

from gateway.commands import KithCommand
from gateway.errors import DomainError
from gateway.models import ApiKey


class Command(KithCommand):
    help = "Revoke an API key: it is refused from now on, everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", help="the twelve characters after 'kith_', as list_api_keys shows them")

    def handle(self, *args: object, **options: object) -> None:
        try:
            ApiKey.objects.revoke(str(options["prefix"]), now=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"The key {options['prefix']} is revoked.")
