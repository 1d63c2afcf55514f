from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A made-up training provider with two communities, its figures printed, and one story to follow by hand."""

    name = "demo"
