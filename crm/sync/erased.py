"""Keeping out what belongs to people who were erased, and leading to their pseudonyms what names their facts."""

from collections.abc import Callable, Iterable, Sequence

from crm.models import Contact
from crm.personal_data.suppression import NAME_ERASED, PERSON_ERASED, PREFIX, SourceName, erased_names
from gateway.drafts import Draft

Named = Iterable[tuple[str, SourceName]]  # fields of an item, each with what it names


def refuse_erased(drafts: Sequence[Draft], named: Callable[[Draft], Named]) -> None:
    """Refuse, with the code *erased*, items that name something an erased person was known by."""
    drafts = [draft for draft in drafts if draft.is_open]
    names = {draft.index: list(named(draft)) for draft in drafts}
    gone = erased_names(name for pairs in names.values() for _, name in pairs)
    for draft in drafts:
        refused = [field for field, name in names[draft.index] if name in gone]
        if refused or str(draft.key[-1]).startswith(PREFIX):
            draft.fail(refused[0] if refused else "external_id", "erased", NAME_ERASED)


def refuse_changes_of_erased(drafts: Sequence[Draft]) -> None:
    """Refuse changes of contacts, by id, that were erased: they are pseudonyms and stay as they are."""
    ids = [draft.pk for draft in drafts if draft.is_open and draft.pk is not None]
    if not ids:
        return
    erased = set(Contact.objects.filter(pk__in=ids, erased_at__isnull=False).values_list("pk", flat=True))
    for draft in drafts:
        if draft.pk in erased:
            draft.fail("", "erased", PERSON_ERASED)


def pseudonyms(drafts: Sequence[Draft], named: Callable[[Draft], Iterable[SourceName]]) -> dict[SourceName, str]:
    """Return the pseudonyms of what these items name that belonged to erased persons."""
    return erased_names(name for draft in drafts if draft.is_open for name in named(draft))
