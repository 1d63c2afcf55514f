#!/usr/bin/env python
"""Kith's command line: `python manage.py help` lists the commands."""

import gc
import os
import signal
import sys


def main() -> None:
    """Start Kith's own servers unless DATABASE_URL and REDIS_URL name others, then run the command."""
    gc.disable()  # until all is loaded: config/apps.py says why
    from config.embedded import ServerError, ensure_running

    try:
        ensure_running()
    except ServerError as error:
        sys.exit(f"Kith: {error}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings, so that a wrong one is told in a sentence
    except ImproperlyConfigured as error:
        sys.exit(f"Kith: {error}")

    from config.audit import command_line

    try:
        with command_line(sys.argv):
            execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read has read enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except ImproperlyConfigured as error:
        sys.exit(f"Kith: {error}")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) is not None:
            raise  # it does answer, and what it says is for developers
        reason = " ".join(str(error).split())
        sys.exit(f"Kith: PostgreSQL does not answer: {reason}. DATABASE_URL says where it is; is it running?")
    except ProgrammingError:
        if not migrations_are_due():
            raise
        sys.exit("Kith: the database is not as this version needs it. Run 'manage.py migrate'; 'make demo' does too.")


def migrations_are_due() -> bool:
    """Whether tables or columns may be missing only because nobody has migrated yet."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    main()
