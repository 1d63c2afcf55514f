"""
The admin site: the theme's, with a menu of our own.

Every admin module registers with it, so it stands outside of their package and imports none of them beforehand.
"""

from typing import TYPE_CHECKING, Any, cast

import unfold.sites
from django.core.cache.backends.dummy import DummyCache
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

if TYPE_CHECKING:
    from config.admin.menu import ShownGroup

# The theme would keep for five minutes what a search over the whole admin found: the names of people who are erased
# meanwhile, and what whoever searched may no longer see.
unfold.sites.cache = DummyCache("", {})


class KithAdminSite(UnfoldAdminSite):
    """
    What every page of the admin stands in.

    The theme would copy the menu for each page, ask for the address of each entry several times, and list every
    model with what may be done to it, whether or not the page shows it: a third of the time of a small page.
    """

    index_title = "Start"

    def get_sidebar_list(self, request: HttpRequest) -> "list[ShownGroup]":
        """Return the menu, for `unfold/helpers/app_list.html`, which is ours."""
        from config.admin.menu import menu

        return menu(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the apps and their models, made when somebody reads them: most pages do not."""
        make = super().get_app_list
        return cast(list[dict[str, Any]], SimpleLazyObject(lambda: make(request, app_label)))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        try:
            return super().search(request, extra_context)
        except InvalidPage:
            raise Http404("There is no such page of what was found.") from None
