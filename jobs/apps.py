from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Long work that people wait for: what was asked, by whom, how far it is, how it ended."""

    name = "jobs"
