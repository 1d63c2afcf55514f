"""What users are called, wherever a page, a history or an answer names one."""

from django.contrib.auth.base_user import AbstractBaseUser


def name_of_user(user: AbstractBaseUser | None) -> str:
    """Return the full name of a user, or their login where they gave none; empty for nobody."""
    if user is None:
        return ""
    return user.get_full_name() or user.get_username()  # type: ignore[attr-defined]
