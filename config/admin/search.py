"""The search over the whole admin: people as the finder of every form has them, the best match first."""

from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from crm.admin.contact_page import page_of
from crm.permissions import VIEW_ADDRESSES
from crm.search import FoundPerson, find_people

LONGEST = 320  # characters of a text to look for


def people(request: HttpRequest, text: str) -> list[SearchResult]:
    """Return the persons that a text may mean, each told from others of the same name; nobody to who may see nobody."""
    if not request.user.has_perm("crm.view_contact"):
        return []
    found = find_people(text[:LONGEST], with_addresses=request.user.has_perm(VIEW_ADDRESSES))
    return [
        SearchResult(
            title=person.name,
            description=_hint(person),
            link=page_of(person.id),
            icon="person",
        )
        for person in found
    ]


def _hint(person: FoundPerson) -> str:
    """Return what tells a person from another of the same name: handle, address and company, or else the stage."""
    known_as = person.known_as if person.known_as != person.name else ""
    parts = [part for part in (known_as, person.email or person.phone, person.company) if part]
    wish = ["Do not contact"] if person.do_not_contact else []
    return " · ".join([*wish, *(parts or [person.stage.capitalize()])])
