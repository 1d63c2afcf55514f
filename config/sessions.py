"""Sessions that know whose they are, so that all of somebody's can be ended at once."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.base_session import AbstractBaseSession

from config.models import UserSession


class SessionStore(DatabaseSessions):
    """Django's sessions in the database, in a table of our own: see `UserSession`."""

    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        return UserSession

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None  # type: ignore[attr-defined]
        return session

    def save(self, must_create: bool = False) -> None:
        """Store the session, unless it was ended during this very request: whoever changes their own role is done."""
        try:
            super().save(must_create=must_create)
        except UpdateError:
            if must_create:
                raise
