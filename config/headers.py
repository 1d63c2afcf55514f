"""
What browsers are told about our pages: what they may load and run, and what pages may use of the device.

`nosniff`, `Referrer-Policy` and `Cross-Origin-Opener-Policy` come from Django's SecurityMiddleware. Django 5.2 has no
setting for a content security policy, and ours is the same for every page: Unfold writes no script into its pages.
"""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

SELF, NONE = "'self'", "'none'"

CONTENT: Mapping[str, Sequence[str]] = {
    "default-src": [NONE],
    # No script in a page, as an attribute or in an address: only our own files. Alpine, which moves Unfold's menus,
    # and htmx's hx-on make functions of attributes, which browsers count as eval.
    "script-src": [SELF, "'unsafe-eval'"],
    # Unfold writes the colours into a <style> of each page, and widths into style attributes.
    "style-src": [SELF, "'unsafe-inline'"],
    "img-src": [SELF, "data:"],  # data: is the picture of a second factor's secret
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
DEVICE = ("camera", "geolocation", "microphone", "payment", "usb")  # what no page of ours asks for

CONTENT_SECURITY_POLICY = "; ".join(f"{what} {' '.join(sources)}" for what, sources in CONTENT.items())
PERMISSIONS_POLICY = ", ".join(f"{what}=()" for what in DEVICE)


class BrowserRules:
    """Add the rules to every answer that has none of its own; those of the API are stricter (`gateway.middleware`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        # Names, addresses, recovery codes: nothing of it stays on a disk. Static files say themselves how long they do.
        response.headers.setdefault("Cache-Control", "no-store")
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's pages for developers run scripts
            response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response
