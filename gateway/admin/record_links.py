"""
Links from a page to the records that its fields name: to those alone that the reader may open.

Django links every record named by a field that is only looked at. Whoever may see an interaction but no users would
be refused behind the link to the colleague who takes care of it: they are shown the name.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import ForeignObjectRel, Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from unfold import forms as unfold_forms
from unfold.fields import UnfoldAdminReadonlyField

from gateway.users import name_of_user

MayOpen = Callable[[type[Model]], bool]


def opened_by(request: HttpRequest, site: AdminSite) -> MayOpen:
    """Return whether the reader may open the page of a record of a model."""

    def may_open(model: type[Model]) -> bool:
        return site.is_registered(model) and site.get_model_admin(model).has_view_or_change_permission(request)

    return may_open


class NamedRecord(UnfoldAdminReadonlyField):
    """A field that is only looked at; its form says in `may_open` which records the reader may open."""

    def get_admin_url(self, remote_field: ForeignObjectRel, remote_obj: Any) -> str:
        called = name_of_user(remote_obj) if isinstance(remote_obj, AbstractBaseUser) else str(remote_obj)
        meta = remote_field.model._meta
        may_open: MayOpen | None = getattr(self.form, "may_open", None)
        if may_open is not None and not may_open(remote_field.model):
            return called
        try:
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(remote_obj.pk)])
        except NoReverseMatch:
            return called
        return format_html('<a href="{}" class="text-link">{}</a>', url, called)


def install() -> None:
    """Let Unfold's pages use it; once, when the admin is loaded."""
    unfold_forms.UnfoldAdminReadonlyField = NamedRecord
