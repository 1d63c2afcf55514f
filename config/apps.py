from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Holds the commands and templates that belong to no single app."""

    name = "config"
