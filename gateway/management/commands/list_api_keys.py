"""`manage.py list_api_keys`."""

from django.utils import timezone
from rich.console import Console
from rich.table import Table

from gateway.commands import KithCommand
from gateway.models import ApiKey


class Command(KithCommand):
    help = "List the API keys: who uses which, for what, since when."

    def handle(self, *args: object, **options: object) -> None:
        now = timezone.now()
        table = Table("prefix", "name", "state", "scopes", "last used")
        for key in ApiKey.objects.order_by("id"):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never"
            table.add_row(key.prefix, key.name, key.state(now=now), " ".join(key.scopes), used)
        console = Console(width=160)
        with console.capture() as captured:
            console.print(table)
        self.stdout.write(captured.get())
