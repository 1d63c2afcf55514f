#!/usr/bin/env python
"""Kith's command line: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Start Kith's own servers unless DATABASE_URL and REDIS_URL name others, then run the command."""
    from config.embedded import ServerError, ensure_running

    try:
        ensure_running()
    except ServerError as error:
        sys.exit(f"Kith: {error}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
