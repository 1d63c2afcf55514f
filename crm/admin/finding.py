"""The page that finds a person while somebody types, for every form of the admin."""

from dataclasses import asdict

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path

from crm.admin.contact_page import page_of
from crm.permissions import VIEW_ADDRESSES
from crm.search import find_people

LONGEST = 320  # characters of a text to look for


class FindingMixin:
    """Gives the contact admin its page `admin:crm_contact_find`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.find_view)
        return [path("find/", view, name="crm_contact_find"), *super().get_urls()]

    def find_view(self, request: HttpRequest) -> JsonResponse:
        """Answer `{"results": […]}`: the persons that `?q=` may mean, each with the address of its page."""
        if not request.user.has_perm("crm.view_contact"):
            raise PermissionDenied
        people = find_people(request.GET.get("q", "")[:LONGEST], with_addresses=request.user.has_perm(VIEW_ADDRESSES))
        return JsonResponse({"results": [{**asdict(person), "url": page_of(person.id)} for person in people]})
