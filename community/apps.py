from django.apps import AppConfig


class CommunityConfig(AppConfig):
    """Where we meet people, what happened there and what it cost."""

    name = "community"
