"""
The page of a contact: who this is, what happened, what they bring, what should happen next.

The form with all fields stands in a tab of its own (`?tab=details`), and timeline and panels load themselves
(`?tab=timeline`, `?tab=figures`), so that the page itself stays quick. Everything of the page has the page's own
address: htmx asks for parts of it by the id of what is to be replaced, and without JavaScript the same links lead
to whole pages.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from crm.contact_page import contact_header, contact_tiles_of, next_steps, records_of
from crm.extensions import contact_actions, contact_panels
from crm.models import Contact
from crm.timeline.reading import asked_of, channel_choices, kind_choices, read_timeline
from gateway.admin.later import LaterPart
from gateway.items import is_id
from gateway.panels import actions_for, panels_for
from gateway.problems import InvalidInput

ENTRIES_SHOWN = 20
DETAILS, FIGURES, TIMELINE = "details", "figures", "timeline"
FRAGMENTS = {
    "kith-timeline": "crm/admin/contact/timeline.html",
    "kith-older": "crm/admin/contact/entries.html",
    "kith-panels": "crm/admin/contact/panels.html",
}


class ContactPageMixin:
    """Shows a contact as a page to read and act on; the form is its tab Details."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" or request.GET.get("tab") == DETAILS:
            context = {"contact_tabs": self._tabs(object_id, active=DETAILS), **(extra_context or {})}
            return super().change_view(request, object_id, form_url, context)
        return self._page(request, object_id)

    def response_change(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        """After saving to go on editing, show the details again."""
        response = super().response_change(request, obj)
        if "_continue" in request.POST and isinstance(response, HttpResponseRedirect):
            return HttpResponseRedirect(f"{page_of(obj.pk)}?tab={DETAILS}")
        return response

    def response_post_save_change(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        """After saving, show the contact whose details they were."""
        return HttpResponseRedirect(page_of(obj.pk))

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        records = records_of(int(object_id)) if is_id(object_id) else []
        if not records:
            return self._get_obj_does_not_exist_redirect(request, self.model._meta, object_id)
        contact = next(record for record in records if str(record.pk) == str(int(object_id)))
        if not self.has_view_or_change_permission(request, contact):
            raise PermissionDenied
        if contact.merged_into_id:
            return super().change_view(request, object_id)  # which leads to the record that goes on
        wanted, tab = FRAGMENTS.get(request.headers.get("HX-Target", "")), request.GET.get("tab")
        if tab == FIGURES or wanted == FRAGMENTS["kith-panels"]:
            context = self._panels(request, contact)
        elif tab == TIMELINE or wanted:
            context = self._timeline(request, contact, records=[record.pk for record in records])
        else:
            context = self._overview(request, contact, records)
        context |= {"contact": contact, "page_url": page_of(contact.pk)}
        if wanted is None:
            context |= self.admin_site.each_context(request) | {
                "title": str(contact),
                "opts": self.model._meta,
                "contact_tabs": self._tabs(object_id, active=FIGURES if "panels" in context else ""),
            }
        response = TemplateResponse(request, wanted or "crm/admin/contact/page.html", context)
        patch_vary_headers(response, ["HX-Target"])
        return response

    def _overview(self, request: HttpRequest, contact: Contact, records: Sequence[Contact]) -> dict[str, Any]:
        may, now = request.user.has_perm, timezone.now()
        steps = next_steps(records, may=may, now=now)
        tiles = contact_tiles_of(contact.pk, steps, may=may, now=now)
        # Of somebody who was erased nothing new is said: no page offers what would be refused.
        can = may if contact.erased_at is None else lambda permission: False
        return {
            "later_timeline": LaterPart(
                title="Timeline", url=f"{page_of(contact.pk)}{_timeline_query(request)}", id="kith-timeline"
            ),
            "header": contact_header(records, may=may, tiles=tiles),
            "steps": steps,
            "tiles": tiles,
            "actions": actions_for(contact_actions, may=can),
            "may_write_notes": can("crm.add_note"),
            "may_plan": can("crm.add_followup"),
            "may_change_notes": can("crm.change_note"),
            "may_change_follow_ups": can("crm.change_followup"),
        }

    def _timeline(self, request: HttpRequest, contact: Contact, *, records: Sequence[int]) -> dict[str, Any]:
        may, now = request.user.has_perm, timezone.now()
        kind, channel = request.GET.get("kind", ""), request.GET.get("channel", "")
        asked = asked_of(contact.pk, may=may, now=now, kind=kind, channel=channel, contacts=records, on_a_page=True)
        try:
            page = read_timeline(asked, cursor=request.GET.get("cursor") or None, limit=ENTRIES_SHOWN)
        except InvalidInput as refusal:
            return {"timeline_error": str(refusal), "entries": []}
        return {
            "entries": page.entries,
            "older": page.next_cursor and _timeline_query(request, cursor=page.next_cursor),
            "newest": _timeline_query(request, cursor=""),
            "is_continued": "cursor" in request.GET,
            "kinds": kind_choices(may),
            "channels": channel_choices(asked),
            "kind": kind,
            "channel": channel,
        }

    def _panels(self, request: HttpRequest, contact: Contact) -> dict[str, Any]:
        may = request.user.has_perm
        return {"panels": panels_for(contact_panels, instance_id=contact.pk, may=may, now=timezone.now())}

    def _tabs(self, object_id: str, *, active: str) -> list[dict[str, object]]:
        url = page_of(object_id)
        tabs = [("", "Overview", url), (FIGURES, "Figures", f"{url}?tab={FIGURES}")]
        tabs.append((DETAILS, "Details", f"{url}?tab={DETAILS}"))
        tabs.append(("history", "History", reverse("admin:crm_contact_history", args=[object_id])))
        return [{"label": label, "url": address, "is_active": key == active} for key, label, address in tabs]


def _timeline_query(request: HttpRequest, **changed: str) -> str:
    """Return what an address asks for the timeline with, as it was asked for but for what is `changed`."""
    asked = {name: request.GET.get(name, "") for name in ("kind", "channel", "cursor")} | changed
    return f"?{urlencode({'tab': TIMELINE} | {name: value for name, value in asked.items() if value})}"


def page_of(contact: object) -> str:
    """Return the address of a contact's page."""
    return reverse("admin:crm_contact_change", args=[contact])


def person_of(contact_id: int) -> Contact:
    """Return the person that a record belongs to: whoever was merged leads to the survivor. Raises `Http404`."""
    person = Contact.objects.filter(contacts__pk=contact_id).first()
    if person is None:
        raise Http404("There is no such contact.")
    return person
