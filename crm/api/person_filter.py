"""Lists of what is a person's: the id of any of their records says whose."""

from typing import Any

from django.db.models import QuerySet

from crm.models import Contact
from gateway.filters import IdFilter


def person_named_by(contact_id: int) -> int:
    """Return the person that this contact is a record of; the id itself where there is no such contact. One query."""
    return Contact.objects.filter(pk=contact_id).values_list("person_id", flat=True).first() or contact_id


class PersonFilter(IdFilter):
    """Compares with the person of a contact, so that an id which a client kept leads to the survivor after a merge."""

    def filter(self, qs: QuerySet[Any], value: int | None) -> QuerySet[Any]:
        return qs if value is None else super().filter(qs, person_named_by(value))
