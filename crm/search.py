"""Finding contacts by any part of their name or addresses."""

import unicodedata
from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q, QuerySet

from crm.models import Contact
from crm.sync.references import CONTACTS

NAMES = ("full_name", "preferred_name")  # what everybody who sees contacts may search by


def search_contacts(contacts: QuerySet[Contact], text: str, *, with_addresses: bool) -> QuerySet[Contact]:
    """
    Narrow `contacts` to those in whose name or addresses every word of `text` occurs.

    Without addresses every word has to stand in a name: nobody is found by an address that the
    reader may not know.

    LIKE on the column as it stands lets the trigram index answer (Django's `icontains` wraps it in
    UPPER), for words of three letters or more. psycopg writes the words into the statement, so the
    planner sees them.
    """
    for word in unicodedata.normalize("NFC", text).lower().split():
        contacts = contacts.filter(search_text__contains=word)
        if not with_addresses:
            contacts = contacts.filter(in_a_name(word))
    return contacts


def in_a_name(text: str) -> Q:
    """Return the condition that `text` stands in one of a contact's names; goes with one that has an index."""
    return reduce(or_, (Q(**{f"{name}__icontains": text}) for name in NAMES))


def refresh_search_text(contact_ids: Sequence[int]) -> None:
    """Write anew what the search looks through, after names or addresses were changed outside a batch."""
    expression = CONTACTS.derived["search_text"].format(
        full_name="t.full_name", preferred_name="t.preferred_name", known_as="t.known_as"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Contact._meta.db_table} t SET search_text = {expression} WHERE t.id = ANY(%s)",
            [list(contact_ids)],
        )
