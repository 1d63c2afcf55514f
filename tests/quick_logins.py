"""Logins of test clients without what follows a login: six milliseconds and a dozen statements, thousands of times."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.test.client import ClientMixin

from config.sessions import SessionStore

BACKEND = settings.AUTHENTICATION_BACKENDS[-1]


def install() -> None:
    """
    Let `Client.force_login` begin a session as a login does, and tell nobody of it.

    No log of logins, no last login, no end of a lock: tests about those log in by the page, as people do. A client
    that is logged in as somebody logs in as Django has it.
    """
    as_django_has_it = ClientMixin.force_login

    def force_login(self: ClientMixin, user: AbstractUser, backend: str | None = None) -> None:
        if self.cookies.get(settings.SESSION_COOKIE_NAME) or backend is not None:
            as_django_has_it(self, user, backend)
            return
        request = HttpRequest()
        request.session = SessionStore()
        request.session[SESSION_KEY] = str(user.pk)
        request.session[BACKEND_SESSION_KEY] = BACKEND
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        request.session.save()
        self._set_login_cookies(request)

    ClientMixin.force_login = force_login
