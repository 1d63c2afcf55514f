"""`manage.py create_api_key shop-sync --scopes contacts:read,contacts:write --expires 2027-01-01`."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, date, datetime, time

from django.core.management.base import CommandError
from django.utils import timezone

from gateway.commands import KithCommand
from gateway.errors import DomainError
from gateway.models import ApiKey
from gateway.routes import known_scopes


class Command(KithCommand):
    help = "Make an API key and print it, this once: Kith keeps only its digest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="which client uses the key, such as shop-sync")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--scopes", help="what it may do, separated by commas, such as contacts:read,contacts:write")
        which.add_argument("--all-scopes", action="store_true", help="every scope there is today")
        parser.add_argument("--expires", type=_day, metavar="YYYY-MM-DD", help="first day (UTC) it fails")
        parser.add_argument(
            "--requests-per-minute", type=_above_zero, metavar="N", help="how often it may ask; else as all keys may"
        )

    def handle(self, *args: object, **options: object) -> None:
        scopes = known_scopes() if options["all_scopes"] else _split(str(options["scopes"]))
        if not scopes:
            raise CommandError(f"Name at least one scope. Known: {', '.join(known_scopes())}.")
        expires = options["expires"]
        if isinstance(expires, date) and expires <= timezone.now().astimezone(UTC).date():
            raise CommandError(f"The key would have expired already: --expires is a day to come, not {expires}.")
        try:
            key, token = ApiKey.objects.issue(
                name=str(options["name"]),
                scopes=scopes,
                expires_at=datetime.combine(expires, time.min, tzinfo=UTC) if isinstance(expires, date) else None,
                requests_per_minute=options["requests_per_minute"],  # type: ignore[arg-type]
            )
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stderr.write(f"Key {key} may: {', '.join(key.scopes)}. Keep it safe, it is not shown again:")
        self.stdout.write(token)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a day such as 2027-01-01") from None


def _above_zero(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return number


def _split(text: str) -> list[str]:
    return [scope.strip() for scope in text.split(",") if scope.strip()]
