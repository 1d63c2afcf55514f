"""
The Celery application.

The broker only rings the bell: what there is to do stands in the database, so a lost message costs
at most one beat interval and a message delivered twice finds nothing left to do.
"""

import gc
import os
import sys

from celery import Celery
from django.conf import settings

from config.embedded import ServerError, ensure_running

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# `celery -A config worker` comes here first; every other process has its servers, and its settings, already.
if not settings.configured:
    gc.disable()  # until all is loaded: config/apps.py says why
    try:
        ensure_running()
    except ServerError as error:
        sys.exit(f"Kith: {error}")

app = Celery("kith", task_cls="config.audit:TaskWithHistory")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
