"""Kith's configuration: settings, URLs, the Celery application, the embedded servers."""
