"""The WSGI application that gunicorn serves."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from config.embedded import ServerError, ensure_running

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

try:
    ensure_running()
except ServerError as error:
    sys.exit(f"Kith: {error}")

application = get_wsgi_application()
