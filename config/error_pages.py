"""
What people see when a request cannot be answered, in words that say what to do next.

The pages hold all they need: no query, no file and no theme, for any of these may be what has failed. The API
answers with problem documents of its own (`gateway.middleware`).
"""

import re

from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse
from django.views.debug import SafeExceptionReporterFilter


class HidesAddresses(SafeExceptionReporterFilter):
    """For pages with tracebacks, which developers alone see (KITH_DEBUG): they hide the addresses of servers too."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|LOCATION", flags=re.IGNORECASE
    )  # addresses hold passwords


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: what came cannot be read, whatever is behind the address; 413 where it is too large to be read."""
    if isinstance(exception, RequestDataTooBig):
        return _page(
            413,
            "This is too large",
            "A page takes what somebody writes, up to 5 MB of it, and no files. Go back and send it in parts; many "
            "records at once come in by the API or an import.",
        )
    if isinstance(exception, DisallowedModelAdminLookup):
        return _page(
            400,
            "There is no such filter",
            "The address asks a list for what it has no filter for. Go back, or open the list from the menu, and "
            "choose among its filters.",
        )
    return _page(
        400,
        "This cannot be read",
        "The address, or what was sent with it, holds something that no record can hold, such as a character of "
        "another kind than text. Go back and enter it anew.",
    )


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403: who asks is known, and may not."""
    return _page(
        403,
        "This is not yours to open",
        _said(exception)
        or "Your role does not let you see or do this. An administrator can change that, under Users: tell them the "
        "address of this page.",
    )


def refused_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """
    Answer 403 to a form that was not sent from a page of ours, or from one of an earlier login.

    `Kith-Log-In` says where to log in, and tells this from what the user may not do (config/static/kith/dialog.js).
    """
    answer = _page(
        403,
        "This form is out of date",
        "It was opened before the last login, or in a browser that keeps no cookies. Go back and save once more. If "
        "you see this again, go back, copy what you wrote, and load the page again.",
    )
    answer["Kith-Log-In"] = reverse(settings.LOGIN_URL)
    return answer


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404: nothing is at this address, or not any more."""
    return _page(
        404,
        "There is nothing here",
        _said(exception) or "The address may be mistyped, or what stood here was removed. The search finds the rest.",
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500: the fault is ours. The exception has been logged by then."""
    return _page(
        500,
        "Kith could not do this",
        "The fault is Kith's and was written down for whoever runs it. What was saved before is safe; what you were "
        "about to save was not saved. Go back and try again, and tell an administrator if it stays like this.",
    )


def _page(status: int, title: str, text: str) -> HttpResponse:
    shown = {"status": status, "title": title, "text": text, "start": get_script_prefix()}
    return HttpResponse(render_to_string("error.html", shown), status=status)


def _said(exception: Exception) -> str:
    """Return what the code that refused has said for people: a sentence, which Django's own refusals are not."""
    said = exception.args[0] if exception.args else ""
    return said if isinstance(said, str) and said.endswith(".") else ""
