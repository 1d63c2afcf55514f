"""Finding contacts by any part of their name or addresses."""

import unicodedata
from collections.abc import Sequence

from django.db import connection
from django.db.models import QuerySet

from crm.models import Contact
from crm.sync.references import CONTACTS


def search_contacts(contacts: QuerySet[Contact], text: str) -> QuerySet[Contact]:
    """
    Narrow `contacts` to those in whose name or addresses every word of `text` occurs.

    LIKE on the column as it stands lets the trigram index answer (Django's `icontains` wraps it in
    UPPER), for words of three letters or more. psycopg writes the words into the statement, so the
    planner sees them.
    """
    for word in unicodedata.normalize("NFC", text).lower().split():
        contacts = contacts.filter(search_text__contains=word)
    return contacts


def refresh_search_text(contact_ids: Sequence[int]) -> None:
    """Write anew what the search looks through, after names or addresses were changed outside a batch."""
    expression = CONTACTS.derived["search_text"].format(full_name="t.full_name", preferred_name="t.preferred_name")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Contact._meta.db_table} t SET search_text = {expression} WHERE t.id = ANY(%s)",
            [list(contact_ids)],
        )
