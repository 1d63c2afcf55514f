"""A list of addresses for those who may be contacted, from the list of contacts."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from crm.audiences import hand_out, known_purposes, reach
from crm.models import Contact
from crm.permissions import VIEW_ADDRESSES

EXPORT_AUDIENCE = "crm.export_audience"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 .-]")
SHOWN_IDS = 1_000  # contacts that are handed on one by one; more are chosen by "select all"


class AudienceForm(forms.Form):
    """What for, and by which way."""

    purpose = forms.ChoiceField(widget=UnfoldAdminSelectWidget, help_text="Only who agreed to it is in the list.")
    channel = forms.ChoiceField(
        choices=[("email", "e-mail"), ("phone", "phone")], initial="email", widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [(purpose, purpose) for purpose in known_purposes()]


class AudienceMixin:
    """Gives the list of contacts the action “Export addresses”: of those ticked, or of all that a filter left."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if not _may_export(request):
            actions.pop("export_addresses", None)
        return actions

    @admin.action(description="Export addresses of the selected contacts")
    def export_addresses(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponseBase:
        """Ask what for, say who is left out and why, then stream the CSV."""
        if not _may_export(request):
            raise PermissionDenied
        now = timezone.now()
        form = AudienceForm(request.POST if "purpose" in request.POST else None)
        if form.is_valid() and "download" in request.POST:
            asked = form.cleaned_data
            lines = hand_out(queryset, **asked, now=now, user_id=request.user.pk, through="admin")
            name = f"{_for_a_file(asked['purpose'])}-{asked['channel']}-{now:%Y-%m-%d}.csv"
            return StreamingHttpResponse(
                lines,
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
            )
        context = {
            **self.admin_site.each_context(request),
            "title": "Export addresses",
            "opts": Contact._meta,
            "form": form,
            "reach": reach(queryset, now=now, **form.cleaned_data) if form.is_valid() else None,
            "is_all": request.POST.get("select_across") == "1",
            "ids": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)[:SHOWN_IDS],
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "crm/admin/export_addresses.html", context)


def _for_a_file(purpose: str) -> str:
    """Return a purpose as it may stand in the name of a file, whatever a client called it: a line break, a slash."""
    return _NOT_IN_NAMES.sub("_", purpose)


def _may_export(request: HttpRequest) -> bool:
    return request.user.has_perm(EXPORT_AUDIENCE) and request.user.has_perm(VIEW_ADDRESSES)
