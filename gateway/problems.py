"""
Errors as problem documents (RFC 9457), the same shape for everything that can go wrong.

`answer_exception` is what DRF calls for an exception in a view; `gateway.middleware` does the same
for what happens outside of views.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions

from gateway.answers import JsonAnswer
from gateway.errors import DomainError
from gateway.registry import Registry

logger = logging.getLogger(__name__)
KEY_PREFIX = re.compile(r"bearer\s+kith_(?P<prefix>[0-9a-f]{12})_", re.IGNORECASE)


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem: its stable code, HTTP status and title, and what is said for want of a better sentence."""

    key: str
    status: int
    title: str
    detail: str


problem_kinds: Registry[ProblemKind] = Registry(
    "kind of problem",
    ProblemKind("bad_request", 400, "Bad request", "The request could not be understood."),
    ProblemKind("malformed_json", 400, "Malformed JSON", "The body is not valid JSON in UTF-8."),
    ProblemKind("invalid", 400, "Invalid input", "The input is not valid: see 'errors'."),
    ProblemKind("invalid_parameters", 400, "Invalid query parameters", "A query parameter is not valid: see 'errors'."),
    ProblemKind("not_authenticated", 401, "No API key", "Send an API key: 'Authorization: Bearer <key>'."),
    ProblemKind(
        "https_required", 403, "HTTPS required", "Send it to the same address with https. The key was sent in clear."
    ),
    ProblemKind("permission_denied", 403, "Not allowed", "The key may not do this."),
    ProblemKind("not_found", 404, "Not found", "There is nothing at this address."),
    ProblemKind("method_not_allowed", 405, "Method not allowed", "This address does not answer to that method."),
    ProblemKind("not_acceptable", 406, "Not acceptable", "The API answers in JSON only."),
    ProblemKind("length_required", 411, "Length required", "Send the body with a Content-Length, not in chunks."),
    ProblemKind("payload_too_large", 413, "Body too large", "The body may hold 5 MB at most."),
    ProblemKind("uri_too_long", 414, "Address too long", "The query may hold 8,000 characters at most."),
    ProblemKind(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "Send JSON in UTF-8, not compressed: 'Content-Type: application/json'.",
    ),
    ProblemKind("rate_limited", 429, "Too many requests", "The key asked too often. Wait as long as Retry-After says."),
    ProblemKind("internal_error", 500, "Internal error", "Something went wrong in Kith. It has been logged."),
    ProblemKind("unavailable", 503, "Unavailable", "The database does not answer. Try again in a moment."),
)


@dataclass(frozen=True)
class InputError:
    """
    One thing that is wrong with the input: where, what for machines, what for people.

    `field` is the place in the body, outermost first, joined by dots (`contact.external_id`);
    `parameter` is the name of a query parameter. One of the two is set.
    """

    code: str
    message: str
    field: str | None = None
    parameter: str | None = None

    def as_json(self) -> dict[str, object]:
        place = {"parameter": self.parameter} if self.parameter is not None else {"field": self.field}
        return {**place, "code": self.code, "message": self.message}


class InvalidInput(Exception):
    """The body, or its query parameters, break the rules. Carries one `InputError` for each breach."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors

    @property
    def code(self) -> str:
        return "invalid_parameters" if any(error.parameter is not None for error in self.errors) else "invalid"


class MalformedJson(Exception):
    """The body is not JSON. The message says where."""


class UnsupportedMediaType(Exception):
    """The body comes as something other than plain JSON."""


def problem(
    code: str,
    detail: str | None = None,
    *,
    errors: Sequence[InputError] = (),
    headers: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """Return the answer for one of `problem_kinds`. An unknown code raises `LookupError`."""
    kind = problem_kinds[code]
    return _document(
        status=kind.status,
        title=kind.title,
        code=code,
        detail=detail or kind.detail,
        members={"errors": [error.as_json() for error in errors]} if errors else {},
        headers=headers,
    )


def domain_problem(error: DomainError, *, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """Return the answer for an expected refusal: its title is the first sentence of the class's docstring."""
    title = (type(error).__doc__ or error.code).strip().splitlines()[0].rstrip(".")
    return _document(
        status=error.status,
        title=title,
        code=error.code,
        detail=error.message,
        members=error.extra,
        headers=headers,
    )


def answer_exception(exception: Exception, context: Mapping[str, object]) -> JsonAnswer | None:
    """
    Return the problem document for an exception raised in a view, or None for a bug: that becomes a logged 500.

    Refusals for want of a key or a scope are logged, by the prefix of the key and never its secret.
    """
    answer = _answer(exception, context)
    if answer is not None and answer.status_code in (401, 403):
        request: Any = context["request"]
        key = KEY_PREFIX.match(request.META.get("HTTP_AUTHORIZATION", ""))
        logger.warning(
            "Refused %s %s to %s: %s", request.method, request.path, key["prefix"] if key else "no key", exception
        )
    return answer


def _answer(exception: Exception, context: Mapping[str, object]) -> JsonAnswer | None:
    match exception:
        case DomainError():
            return domain_problem(exception, headers=_challenge(exception.status))
        case InvalidInput():
            return problem(exception.code, errors=exception.errors)
        case MalformedJson():
            return problem("malformed_json", str(exception))
        case UnsupportedMediaType() | exceptions.UnsupportedMediaType():
            return problem("unsupported_media_type")
        case RequestDataTooBig():
            return problem("payload_too_large")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return problem("not_authenticated", headers=_challenge(401))
        case exceptions.PermissionDenied() | PermissionDenied():
            return problem("permission_denied")
        case exceptions.NotFound() | Http404():
            return problem("not_found")
        case exceptions.MethodNotAllowed():
            view = context.get("view")
            allowed = ", ".join(getattr(view, "allowed_methods", []))
            return problem("method_not_allowed", headers={"Allow": allowed})
        case exceptions.NotAcceptable():
            return problem("not_acceptable")
        case OperationalError() if not _is_bug(exception):
            return problem("unavailable", headers={"Retry-After": "5"})
        case exceptions.Throttled():
            return _too_many(exception)
        case exceptions.APIException():
            return problem("bad_request", str(exception.detail))
    return None


def _too_many(refusal: exceptions.Throttled) -> JsonAnswer:
    seconds = max(1, refusal.wait or 1)  # type: ignore[attr-defined]  # whole seconds; the stubs leave it out
    return problem(
        "rate_limited",
        f"The key has asked as often as it may in this minute. Go on in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def _is_bug(error: OperationalError) -> bool:
    """Tell an error that a statement of ours caused (it has an SQLSTATE) from a database that is not there."""
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return sqlstate is not None and not sqlstate.startswith(("08", "53", "57P"))


def _challenge(status: int) -> dict[str, str]:
    return {"WWW-Authenticate": 'Bearer realm="kith"'} if status == 401 else {}


def _document(
    *,
    status: int,
    title: str,
    code: str,
    detail: str,
    members: Mapping[str, object],
    headers: Mapping[str, str] | None,
) -> JsonAnswer:
    body = {"type": f"urn:kith:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    return JsonAnswer({**members, **body}, status=status, headers=headers, content_type="application/problem+json")
