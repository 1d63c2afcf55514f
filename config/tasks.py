"""What config does by the clock."""

from importlib import import_module

from celery import shared_task
from django.conf import settings


@shared_task(name="config.tasks.forget_sessions")
def forget_sessions(**_: object) -> None:
    """Delete sessions that are over: each login leaves one, and what waits in it may name people."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
