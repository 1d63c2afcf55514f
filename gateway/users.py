"""What users are called wherever a page or a history names one. To clients the API gives their login."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

# The same in SQL, of a row of users by its alias.
NAME_OF_USER = "COALESCE(NULLIF(trim(concat({user}.first_name, ' ', {user}.last_name)), ''), {user}.username)"


def name_of_user(user: AbstractBaseUser | None) -> str:
    """Return the full name of a user, or their login where they gave none; empty for nobody."""
    if user is None:
        return ""
    return user.get_full_name() or user.get_username()  # type: ignore[attr-defined]


def user_called(path: str = "") -> Coalesce:
    """Return the same as an expression, of users or of the one at a path such as "assigned_to__"; null for nobody."""
    full_name = Trim(Concat(f"{path}first_name", Value(" "), f"{path}last_name"))
    return Coalesce(NullIf(full_name, Value("")), f"{path}username")
