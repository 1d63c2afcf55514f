"""Forms that keep erased people out: nothing that they were known by comes back, nothing new is said about them."""

from collections.abc import Iterator, Mapping, Sequence

from crm.models import Contact
from crm.personal_data.suppression import NAME_ERASED, PERSON_ERASED, SourceName, erased_names
from gateway.admin import FactForm

WHOLE_FORM = ""  # stands for the form where the person is given with the address of the page


class ErasedRefusingForm(FactForm):
    """
    The form of a fact about people: refuses what belonged to an erased person, and facts about one.

    A form says in `names` what its row is known by, and in `persons` whom it is about. The same rule as for
    batches (`crm.sync.erased`), in the words of a form. The transaction of the page holds what was looked up.
    """

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        """Yield what the row is known by, each with the fields that make it, the one to mend first."""
        return iter(())

    def persons(self) -> Mapping[str, Contact | None]:
        """Return fields of the form, each with the contact that it makes the row about."""
        return {"contact": self.cleaned_data.get("contact")}

    def _post_clean(self) -> None:
        """Look when everything else is checked: names are made of several fields, and of what follows from them."""
        persons = self.persons()
        super()._post_clean()
        named = [
            (fields[0], name)
            for fields, name in self.names()
            if set(fields) & set(self.changed_data) and not set(fields) & self.errors.keys()
        ]
        gone = erased_names(name for _, name in named)
        for field, name in named:
            if name in gone:
                self.add_error(field, NAME_ERASED)
        for field, contact in persons.items():
            is_new = self.instance.pk is None if field == WHOLE_FORM else field in self.changed_data
            if contact is not None and contact.erased_at is not None and is_new:
                self.add_error(field or None, PERSON_ERASED)
