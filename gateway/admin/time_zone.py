"""The admin shows and reads times in the organisation's zone; everything below it is in UTC."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone


class AdminTimeZoneMiddleware:
    """Activates KITH_TIME_ZONE for requests to the admin, and for no other."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.zone = zoneinfo.ZoneInfo(settings.KITH_TIME_ZONE)
        self.prefix = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(self.prefix):
            return self.get_response(request)
        with timezone.override(self.zone):
            return self.get_response(request)
