"""What the commands of Kith's own have in common."""

from django.core.management.base import BaseCommand


class KithCommand(BaseCommand):
    """
    A command that starts without Django's system checks.

    They look at the code, which is the same at every start, and load every page and every address for it, which takes
    a third of a short command's time. `manage.py migrate` and `serve` run them.
    """

    requires_system_checks = ()
