"""What the admin shows of texts said in private to those who may not read them: that they are there."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import BooleanField, F, Model, QuerySet, Value
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils.safestring import SafeString

from community.private_texts import PRIVATE, READ_PRIVATE
from gateway.admin import display, object_link


def mark_hidden(rows: QuerySet[Any], request: HttpRequest, *, privacy: str | Combinable) -> QuerySet[Any]:
    """
    Give each row `is_hidden`: whether the reader may not know what was said.

    `privacy` leads to `is_private`, or says whether it is.
    """
    if request.user.has_perm(READ_PRIVATE):
        return rows.annotate(is_hidden=Value(False, BooleanField()))
    return rows.annotate(is_hidden=F(privacy) if isinstance(privacy, str) else privacy)


THREAD = "thread"  # a relation to a conversation, whose title may tell what was said


class PrivateTexts:
    """
    For the admin of a model that holds what was said, in `private_fields`.

    Where it is private (`privacy`, see `mark_hidden`) and the reader may not read that, the fields are
    hidden on the page and in its history, its thread is shown by its id alone, the row is only looked at, and
    nobody finds it by searching or filtering for what was said. A list shows `row.is_hidden` as it likes.
    """

    private_fields: ClassVar[Sequence[str]] = ()
    privacy: ClassVar[str | Combinable] = "is_private"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return mark_hidden(super().get_queryset(request), request, privacy=self.privacy)

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if search_term and not request.user.has_perm(READ_PRIVATE):
            queryset = queryset.filter(is_hidden=False)
        return super().search(request, queryset, search_term)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes what they cannot read."""
        return not getattr(obj, "is_hidden", False) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not getattr(obj, "is_hidden", False) and super().has_delete_permission(request, obj)

    def may_take_out(self, request: HttpRequest, instance: Model) -> bool:
        return not getattr(instance, "is_hidden", False) and super().may_take_out(request, instance)

    def to_take_out(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().to_take_out(request, queryset).filter(is_hidden=False)

    def hidden_fields(self, request: HttpRequest, obj: Model) -> Mapping[str, str]:
        hidden: list[str] = []
        if getattr(obj, "is_hidden", False):
            hidden = [field.name for field in obj._meta.fields if field.name in (*self.private_fields, THREAD)]
        return {**super().hidden_fields(request, obj), **dict.fromkeys(hidden, PRIVATE)}

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """Put the word "Private." in the place of the first hidden field, leave out the others, name no thread."""
        fieldsets = super().get_fieldsets(request, obj)
        if not getattr(obj, "is_hidden", False):
            return fieldsets
        first = self.private_fields[0]
        others = set(self.private_fields) - {first}
        shown = {first: "withheld", THREAD: "thread_by_id"}
        return [
            (title, {**options, "fields": _replaced(options["fields"], shown, without=others)})
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return (*super().get_readonly_fields(request, obj), "withheld", "thread_by_id")

    @display(description="What was said")
    def withheld(self, _: Model) -> str:
        return PRIVATE

    @display(description="Thread")
    def thread_by_id(self, row: Any) -> SafeString | str:
        """Return a link to the conversation without its title, which may tell what was said."""
        return object_link(row.thread, text=row.thread.external_id if row.thread else "")


def _replaced(fields: Sequence[Any], names: Mapping[str, str], *, without: set[str]) -> list[Any]:
    """Return the fields of a fieldset, lines of several included, with some renamed and some left out."""
    kept: list[Any] = []
    for field in fields:
        if isinstance(field, str):
            if field not in without:
                kept.append(names.get(field, field))
        else:
            line = _replaced(field, names, without=without)
            if line:
                kept.append(tuple(line))
    return kept
