"""The Django app of the configuration."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Holds the commands and templates that belong to no single app, and loads the Celery application."""

    name = "config"

    def ready(self) -> None:
        """Import the Celery application, which every `shared_task` then belongs to."""
        import config.celery  # noqa: F401
