from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """What it all earned: stale marks, credits, roll-ups, ROI. Everything here can be rebuilt from the facts."""

    name = "metrics"
