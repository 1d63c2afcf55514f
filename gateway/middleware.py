"""
The outer edge: what is refused before any view sees it.

For the API sizes before anything is read, and problem documents for what no view answered; for pages addresses
that no record can match, and bodies that no page takes.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import is_valid_path
from django.utils.encoding import iri_to_uri

from gateway.payload import BODY_LIMIT, QUERY_LIMIT
from gateway.problems import problem
from gateway.routes import API_PREFIX

CODE_BY_STATUS = {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}
NOTHING = (
    "default-src 'none'; frame-ancestors 'none'"  # an answer is data: a browser that shows it loads and runs nothing
)


class ApiEdge:
    """
    Guard everything below `/api/v1/`; other addresses pass untouched, but that of an API which there is not says so.

    - Where pages are led to HTTPS, it is refused without: of a POST that is led elsewhere clients make a GET, which
      answers 200 and writes nothing.
    - A body that is too large, compressed or of unknown length is refused before a byte of it is read.
    - A missing last slash is answered with 308, which keeps method and body (Django's 301 drops both).
    - Every answer forbids a browser to load or run anything.
    - An error page of Django's becomes a problem document. The exception behind a 500 has been logged by then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API_PREFIX):
            response = self.get_response(request)
            is_answered = response.status_code != 404 or not f"{request.path_info}/".startswith("/api/")
            return response if is_answered else problem("not_found", f"The API stands below {API_PREFIX}.")
        response = self._refuse(request) or self._add_slash(request) or self.get_response(request)
        if response.status_code >= 400 and response.get("Content-Type") != "application/problem+json":
            response = problem(CODE_BY_STATUS.get(response.status_code, "internal_error"))
        response.headers["Content-Security-Policy"] = NOTHING
        return response

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return problem("https_required")
        if len(request.META.get("QUERY_STRING", "")) > QUERY_LIMIT:
            return problem("uri_too_long")
        if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            return problem("unsupported_media_type")
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            return problem("length_required")
        if _length(request) > BODY_LIMIT:
            return problem("payload_too_large")
        return None

    def _add_slash(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path_info
        if path.endswith("/") or is_valid_path(path) or not is_valid_path(f"{path}/"):
            return None
        location = iri_to_uri(request.get_full_path(force_append_slash=True))
        return HttpResponse(status=308, headers={"Location": location})


class PageEdge:
    """
    Refuse what no page takes: an address with a NUL character, and a body larger than the API takes.

    PostgreSQL stores no NUL character, so no record holds one: lists and forms would ask for it and fail. The API names
    the parameter itself (`gateway.items.StorableText`). No page takes files either, but Django would write those that
    somebody sends to the disk before any view is asked, of whatever size and from whomever.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith(API_PREFIX) and ("\x00" in path or "%00" in request.META.get("QUERY_STRING", "")):
            raise BadRequest("The address holds a NUL character.")
        if not path.startswith(API_PREFIX) and _length(request) > BODY_LIMIT:
            raise RequestDataTooBig("The body is larger than any page takes.")
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
