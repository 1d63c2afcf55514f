"""What a caller may do: the scope that the view names for the method. Nothing named, nothing allowed."""

from typing import TYPE_CHECKING

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from gateway.authentication import Caller
from gateway.errors import DomainError

if TYPE_CHECKING:
    from gateway.views import ApiView


class MissingScope(DomainError):
    """The key is good, but does not hold the scope that this needs."""

    code = "missing_scope"
    status = 403


class HasScope(BasePermission):
    """
    Let a known caller through whose key holds the scope of the operation.

    Raises `MissingScope`, or DRF's `MethodNotAllowed` for a method that the view has no operation for.
    """

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        caller = request.user
        if not isinstance(caller, Caller):
            return False
        operation = view.operation(request)
        if operation is None:
            raise MethodNotAllowed(request.method or "")
        if operation.scope not in caller.scopes:
            raise MissingScope(f"This needs the scope '{operation.scope}', which the key does not hold.")
        return True
