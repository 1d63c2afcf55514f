"""Kith in one command, for somebody who sees it for the first time."""

import json
import os
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from config.embedded.lease import STATE
from config.management.commands.serve import check_port_is_free
from gateway.commands import KithCommand


class Command(KithCommand):
    """Brings the database up to date, fills the demo company, prints its report, and serves it."""

    help = "Migrate, fill the demo company where it is absent, print its report, then serve the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say whether to serve, and where."""
        parser.add_argument("--port", type=int, default=8000, help="port of 127.0.0.1 to serve on (default 8000)")
        parser.add_argument("--no-serve", action="store_true", help="end after the report")

    def handle(self, *, port: int, no_serve: bool, **_: Any) -> None:
        """Do one step after the other; each says what it does."""
        if settings.PRODUCTION:
            raise CommandError("The demo company is not for production: KITH_PRODUCTION is on.")
        if not no_serve:
            check_port_is_free("127.0.0.1", port)  # now, not after a minute of work
        self.stdout.write("Bringing the database up to date …")
        self.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("demo")
        if no_serve:
            return
        call_command("serve", port=port, greeting=f"Kith is at {{url}}: {demo_logins()}")


def demo_logins() -> str:
    """Return in a sentence who can log in to the demo, and with what; it is served on this machine alone."""
    name, password = demo_login()
    colleagues = get_user_model().objects.filter(is_staff=True, groups__isnull=False).prefetch_related("groups")
    roles = {}
    for colleague in colleagues.distinct().order_by("username"):
        if not colleague.has_usable_password():
            colleague.set_password(password)
            colleague.save(update_fields=["password"])
        elif not colleague.check_password(password):
            continue  # they have one of their own by now
        roles[colleague.get_username()] = ", ".join(group.name for group in colleague.groups.all())
    others = ", ".join(f"{who} ({role})" for who, role in roles.items())
    return f"log in as {name} with {password}" + (f"; the same password opens {others}" if others else "")


def demo_login() -> tuple[str, str]:
    """Return the name and password of the demo's superuser, made if needed; the password is this checkout's own."""
    note = STATE / "login.json"
    if note.exists():
        password = str(json.loads(note.read_text())["password"])
    else:
        password = secrets.token_urlsafe(9)
        STATE.mkdir(parents=True, exist_ok=True)  # absent after `make clean`, on servers of one's own
        with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"password": password}, file)
    user, _ = get_user_model().objects.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user.get_username(), password
