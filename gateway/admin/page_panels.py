"""The panels above the form of an object's page: there at once, or loading themselves where they take long."""

from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from gateway.admin.later import LaterPart, later_answer
from gateway.panels import Panel, panels_for, permitted_panels
from gateway.registry import Registry


class PanelsMixin:
    """
    Gives a model admin its `panels`, a registry of what higher apps show on the page of an object.

    Where `panels_load_later`, the page opens with the form and each panel comes from an address of its own.
    """

    panels: ClassVar[Registry[Panel] | None] = None
    panels_load_later: ClassVar[bool] = False

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        if not self.panels_load_later:
            return urls
        view = self.admin_site.admin_view(self._panel_view)
        return [path("<path:object_id>/panel/<slug:key>/", view, name=self._route("panel")), *urls]

    def panel_context(self, request: HttpRequest, instance: Model) -> dict[str, Any]:
        """Return what the page of `instance` shows above its form: `panels` with content, or `later_panels` without."""
        may = request.user.has_perm
        if self.panels is None:
            return {}
        if not self.panels_load_later:
            return {"panels": panels_for(self.panels, instance_id=instance.pk, may=may, now=timezone.now())}
        return {
            "later_panels": [
                LaterPart(
                    title=panel.title,
                    url=reverse(f"admin:{self._route('panel')}", args=[instance.pk, panel.key]),
                    id=f"panel-{panel.key}",
                )
                for panel in permitted_panels(self.panels, may=may)
            ]
        }

    def _panel_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """Return one panel of an object, to whoever may open the object's page and see the panel."""
        instance = self.get_object(request, unquote(object_id))
        if instance is None:
            raise Http404
        may = request.user.has_perm
        if not self.has_view_or_change_permission(request, instance):
            raise PermissionDenied
        if self.panels is None or key not in self.panels:
            raise Http404
        panel = self.panels[key]
        if not may(panel.permission):
            raise PermissionDenied
        content = panel.load([instance.pk], now=timezone.now(), may=may)[instance.pk]
        return later_answer(
            request,
            "gateway/admin/panel.html",
            {"panel": panel, "content": content},
            title=f"{panel.title}: {instance}",
            back=reverse(f"admin:{self._route('change')}", args=[instance.pk]),
        )

    def _route(self, page: str) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"
