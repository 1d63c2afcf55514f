"""The WSGI application that gunicorn serves."""

import gc
import os
import sys
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from config.embedded import ServerError, ensure_running

gc.disable()  # until all is loaded: config/apps.py says why
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

try:
    ensure_running()
except ServerError as error:
    sys.exit(f"Kith: {error}")

application = get_wsgi_application()
import_module("config.urls")  # now: the first visitor does not wait for every module that has a page

gc.collect()
gc.freeze()  # what the addresses have loaded, too
