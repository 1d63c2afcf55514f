"""
The Celery application.

The broker only rings the bell: what there is to do stands in the database, so a lost message costs
at most one beat interval and a message delivered twice finds nothing left to do.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("kith")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
