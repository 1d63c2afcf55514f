"""What the commands of Kith's own have in common."""

from django.core.management.base import BaseCommand


class KithCommand(BaseCommand):
    """
    A command that starts without Django's system checks.

    They look at the code, which is the same at every start, and load every page and every address for it: a third of
    the time that a command takes which is run by hand, or every hour by cron. `manage.py migrate` and `serve` run them.
    """

    requires_system_checks = ()
