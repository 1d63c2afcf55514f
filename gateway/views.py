"""
The base of every view of the API; those of collections are in `collection_views`.

A view declares its operations and answers them; keys, scopes, unknown query parameters, errors and
documentation follow from the declaration:

    class JobDetail(ApiView):
        operations = {"GET": Operation(scope="jobs:read", summary="Look at a job", answers={200: JobRecord})}

        def get(self, request: Request, pk: int) -> HttpResponse:
            return JsonAnswer(...)
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import pydantic
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from gateway.operations import Operation
from gateway.payload import read_query, refuse_body, refuse_unknown
from gateway.rate_limits import KeyRate

Query = TypeVar("Query", bound=pydantic.BaseModel)


class ApiView(APIView):
    """
    A view of the API. `operations` says for each method what scope it needs, takes and answers.

    A method without an operation answers 405; an anonymous request 401; a key without the scope 403; a query
    parameter that the operation does not name, or a body where it takes none, 400; a key that asks too often 429.
    """

    throttle_classes = (KeyRate,)
    operations: Mapping[str, Operation] = {}
    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "patch", "delete"]  # type: ignore[misc]

    def operation(self, request: Request) -> Operation | None:
        """Return what `request` asks for, or None when this address does not answer to its method."""
        method = request.method or ""
        return self.operations.get("GET" if method == "HEAD" else method)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        operation = self.operation(request)
        if operation is not None:
            refuse_unknown(request.query_params, operation.known_parameters())
            if request.method == "POST" and operation.body is None:
                refuse_body(request)

    def check_permissions(self, request: Request) -> None:
        """Count the request before its scope is looked at: what is refused has taken its time as well."""
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: `check_permissions` has counted the request."""

    def query(self, request: Request, model: type[Query]) -> Query:
        """Return the query parameters as `model`; a bad one is a 400 that names it."""
        return read_query(request.query_params, model)

    def may(self, permission: str, /) -> bool:
        """Whether the caller's key holds the scope that stands for a permission of users: see `gateway.scopes`."""
        return self.request.user.may(permission)  # type: ignore[union-attr]  # a Caller, never a User

    @property
    def allowed_methods(self) -> list[str]:
        return [*self.operations, *(["HEAD"] if "GET" in self.operations else [])]

    def head(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer as GET does; the server leaves the body out."""
        return self.get(request, *args, **kwargs)  # type: ignore[attr-defined]
