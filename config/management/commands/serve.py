"""Serve Kith on this machine."""

import signal
import socket
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any, NoReturn

from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from config.processes import ProcessError, beat, running, watch, web, worker


class Command(BaseCommand):
    """Runs web, worker and beat together until Ctrl-C or SIGTERM, and then ends all of them."""

    help = "Serve the admin and the API, with a worker and beat, until Ctrl-C."
    requires_migrations_checks = True
    stealth_options = ("greeting",)  # what to say when all runs, for commands that call this one

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say where to listen and how much to start."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--web-processes", type=int, default=2, help="web processes of 4 threads each (default 2)")
        parser.add_argument("--worker-processes", type=int, help="worker processes (default: one for each processor)")

    def handle(
        self,
        *,
        host: str,
        port: int,
        web_processes: int,
        worker_processes: int | None,
        greeting: str = "Kith is at {url}",
        **_: Any,
    ) -> None:
        """Start everything, say where it is, wait."""
        check_port_is_free(host, port)
        call_command("collectstatic", interactive=False, verbosity=0)
        connections.close_all()
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, interrupt)
        programs = (web(host=host, port=port, processes=web_processes), worker(worker_processes), beat())
        try:
            with running(*programs, echo=sys.stdout) as children:
                url = f"http://{host}:{port}/"
                self.stdout.write(self.style.SUCCESS(f"\n{greeting.format(url=url)} (Ctrl-C ends it)\n"))
                self.stdout.flush()
                watch(children)
        except ProcessError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever presses it again has nothing left to end
            self.stdout.write("Kith has ended.")


def check_port_is_free(host: str, port: int) -> None:
    """Raise CommandError, with a sentence that says what to do, when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CommandError(
                f"Port {port} of {host} cannot be used ({reason}): choose another one with PORT=… or --port …."
            ) from None


def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does."""
    raise KeyboardInterrupt
