"""
Pages that are also dialogs: one view, one template, shown on top of another page or as a page of its own.

A link with `hx-get` and `hx-target="#kith-dialog"` beside its `href` opens the page's form in the one dialog that
every page has (config/static/kith/dialog.js); without JavaScript the `href` does. The template extends
`dialog_base`, which is either `gateway/admin/dialog.html`, a fragment, or `gateway/admin/dialog_page.html`.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

FRAGMENT = "gateway/admin/dialog.html"
PAGE = "gateway/admin/dialog_page.html"


def is_dialog(request: HttpRequest) -> bool:
    """Whether the answer is shown in the dialog of a page rather than as a page."""
    return request.headers.get("HX-Request") == "true"


def dialog_answer(request: HttpRequest, template: Any, context: Mapping[str, Any]) -> HttpResponse:
    """Answer with `template`, which extends `dialog_base`: also with errors, which stay where they were made."""
    bare = is_dialog(request)
    around = {} if bare else admin.site.each_context(request)
    return TemplateResponse(request, template, {**around, "dialog_base": FRAGMENT if bare else PAGE, **context})


def saved_answer(
    request: HttpRequest,
    message: str,
    *,
    back: str,
    undo: str = "",
    undo_label: str = "Undo",
    edit: str = "",
    edit_label: str = "",
) -> HttpResponse:
    """
    Answer that something was saved: the dialog closes, a toast says `message`, what shows it reloads itself.

    `undo` is the address that takes it back by POST, `edit` one whose form changes it (or does what `edit_label`
    says): both are offered beside the message. Outside of a dialog the page at `back` follows and says the same,
    `undo` by a button, and by a link what has a label of its own.
    """
    if not is_dialog(request):
        offer = format_html(" {}", _posting_button(request, undo, undo_label)) if undo else ""
        if edit and edit_label:
            offer += format_html(' <a class="kith-link" href="{}">{}</a>', edit, edit_label)
        messages.success(request, format_html("{}{}", message, offer))
        return HttpResponseRedirect(back)
    detail = {"message": message}
    if undo:
        detail |= {"undo": undo, "undo_label": undo_label}
    if edit:
        detail["edit"] = edit
        if edit_label:
            detail["edit_label"] = edit_label
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"kith:saved": detail})})


def _posting_button(request: HttpRequest, address: str, label: str) -> SafeString:
    """Return a button that posts to `address`, for the page that follows: a form of its own, since links only look."""
    return format_html(
        '<form method="post" action="{}" class="kith-undo"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<button type="submit" class="kith-link">{}</button></form>',
        address,
        get_token(request),
        label,
    )
