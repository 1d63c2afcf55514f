"""
Parts of a page that take long to work out: they load themselves once the page is there.

The page includes `gateway/admin/later.html` (or `later_table.html`) for each `LaterPart`: a place with the part's
heading that fetches the part by htmx. Without JavaScript its link leads to the same address, which then answers with
the part as a page of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers

PAGE = "gateway/admin/later_page.html"


@dataclass(frozen=True, kw_only=True)
class LaterPart:
    """A part that is not there yet: its heading, the address at which it is, and the id that it will have, if any."""

    title: str
    url: str
    id: str = ""


def later_answer(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, title: str, back: str
) -> HttpResponse:
    """
    Answer with the part that `template` draws: alone where htmx asks for it, else as a page named `title`.

    That page leads back to the one at `back`, of which it is a part.
    """
    if request.headers.get("HX-Request") == "true":
        response = TemplateResponse(request, template, {**context})
    else:
        around = {**admin.site.each_context(request), "title": title, "part": template, "back": back}
        response = TemplateResponse(request, PAGE, {**around, **context})
    patch_vary_headers(response, ["HX-Request"])
    return response
