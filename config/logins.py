"""
Coming in: a login with name and password, throttled; a second factor for those who have one, or for everybody.

django-axes counts wrong passwords for each name from each address, so that guessing locks neither an office nor
a colleague who sits elsewhere. django-allauth asks for the second factor. Nobody can sign up: users are made in
the admin.
"""

import base64
import contextlib
import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from axes.models import AccessAttempt
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from crm.periods import organisation_zone
from gateway.routes import API_PREFIX

ACCOUNTS = "/accounts/"
LONGEST_NAME = 150  # characters, as Django has it
logger = logging.getLogger(__name__)


def client_address(request: HttpRequest) -> str:
    """
    Return the network address that a request came from.

    Behind KITH_PROXY_COUNT proxies it is what the outermost of them saw; without any, headers are not believed,
    for anybody can send them. Where that is no address (`unknown`), it is the nearest proxy's.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if not settings.KITH_PROXY_COUNT:
        return address
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if len(seen) < settings.KITH_PROXY_COUNT:
        return address
    return _without_port(seen[-settings.KITH_PROXY_COUNT]) or address


def _without_port(client: str) -> str:
    """Return the address of a client as a proxy tells it, some with the port behind; empty where there is none."""
    for told in (client, client.rpartition(":")[0]):
        with contextlib.suppress(ValueError):
            return str(ip_address(told.removeprefix("[").removesuffix("]")))
    return ""


def tried_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that a login was tried with, as far as a name of a user can be long: what is kept of it."""
    return str((credentials or {}).get("username") or request.POST.get("login", ""))[:LONGEST_NAME]


def locked_page(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Say that a login is locked, since when, and when to try again: status 429, `Retry-After` in seconds."""
    name = tried_name(request, credentials)
    now = timezone.now()
    last = (
        AccessAttempt.objects.filter(username=name, ip_address=client_address(request))
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    until = (last or now) + settings.AXES_COOLOFF_TIME
    wait = max(timedelta(seconds=1), until - now)
    page = TemplateResponse(
        request,
        "account/locked.html",
        {
            **admin.site.each_context(request),
            "name": name,
            "tries": settings.AXES_FAILURE_LIMIT,
            "until": f"{until.astimezone(organisation_zone()):%H:%M}",
            "minutes": -(-int(wait.total_seconds()) // 60),
        },
        status=429,
        headers={"Retry-After": str(-(-wait // timedelta(seconds=1)))},
    )
    return page.render()


def admin_context(request: HttpRequest) -> dict[str, object]:
    """Give the pages of logins what the admin's pages have: title, colours, icons."""
    return dict(admin.site.each_context(request)) if request.path.startswith(ACCOUNTS) else {}


class AccountAdapter(DefaultAccountAdapter):
    """How allauth behaves here."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave wrong passwords to axes; what allauth counts are wrong codes."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted, with a key made from KITH_SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    digest = hashlib.sha256(b"second factors:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


class RefusalsLogged:
    """Write a line for each request that is refused, with who asked if they are logged in; the API logs its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 403 and not request.path_info.startswith(API_PREFIX):
            who = request.user.get_username() or "somebody who is not logged in"
            logger.warning("Refused %s %s to %s.", request.method, request.path, who)
        return response


class SecondFactorRequired:
    """With KITH_MFA=required: lead whoever has no second factor to the page where they set one up, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            settings.KITH_MFA == "required"
            and not request.path.startswith((ACCOUNTS, f"/{settings.STATIC_URL.lstrip('/')}"))
            and request.user.is_authenticated
            and not is_mfa_enabled(request.user)
        ):
            return redirect(reverse("mfa_activate_totp"))
        return self.get_response(request)
