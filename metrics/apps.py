from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """What it all earned: stale marks, credits, roll-ups, ROI. Everything here can be rebuilt from the facts."""

    name = "metrics"

    def ready(self) -> None:
        """Put metrics' panels on the pages of the apps below."""
        from metrics.panels import register_panels

        register_panels()
