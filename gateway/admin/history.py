"""Who changed what, when and through what: read from the event tables that the database keeps itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import Model

SHOWN = 200  # events; the newest

_BOOKKEEPING = {"created_at", "updated_at", "source_updated_at", "search_text", "person"}
_KINDS = {"insert": "created", "update": "changed", "delete": "deleted", "relinked": "moved to another contact"}


@dataclass(frozen=True)
class Change:
    """One field's step: its label, what it was (None: nothing known before) and what it became."""

    label: str
    before: object
    after: object


@dataclass(frozen=True)
class HistoryEntry:
    """One event: when, what kind, by whom, through what, which fields."""

    at: datetime
    kind: str
    who: str
    through: str
    changes: list[Change]


def is_tracked(model: type[Model]) -> bool:
    """Whether the database keeps this model's history."""
    return bool(getattr(model, "pgh_event_models", None))


def history_of(instance: Model) -> list[HistoryEntry]:
    """
    Return the newest events of a tracked object, newest first; empty when it never changed.

    Two queries: the events with their context, and the users that the contexts name.
    """
    event_model = next(iter(set(type(instance).pgh_event_models.values())))
    events = list(
        event_model.objects.filter(pgh_obj_id=instance.pk)
        .select_related("pgh_context")
        .order_by("-pgh_created_at", "-pgh_id")[: SHOWN + 1]
    )
    names = _names_of_users(events)
    entries = []
    for index, event in enumerate(events[:SHOWN]):
        before = events[index + 1] if index + 1 < len(events) else None
        context = _context(event)
        entries.append(
            HistoryEntry(
                at=event.pgh_created_at,
                kind=_KINDS.get(event.pgh_label, event.pgh_label),
                who=names.get(_user_id(context), "") or str(context.get("key", "")) or "the system",
                through=_through(context),
                changes=_changes(event, before),
            )
        )
    return entries


def _context(event: Model) -> Mapping[str, object]:
    return event.pgh_context.metadata if event.pgh_context else {}


def _user_id(context: Mapping[str, object]) -> int | None:
    user = str(context.get("user"))
    return int(user) if user.isdigit() else None


def _names_of_users(events: list[Model]) -> dict[int | None, str]:
    ids = {user for event in events if (user := _user_id(_context(event))) is not None}
    if not ids:
        return {}
    return {
        user.pk: user.get_full_name() or user.get_username() for user in get_user_model().objects.filter(pk__in=ids)
    }


def _through(context: Mapping[str, object]) -> str:
    url = str(context.get("url") or "")
    if url.startswith("/admin/"):
        return "admin"
    if url.startswith("/api/"):
        return "API"
    return str(context.get("through") or context.get("command") or url or "direct")


def _changes(event: Model, before: Model | None) -> list[Change]:
    changes = []
    for field in event._meta.concrete_fields:
        if field.name.startswith("pgh_") or field.name in _BOOKKEEPING or field.name == "id":
            continue
        new = _shown(event, field.attname)
        old = _shown(before, field.attname) if before else None
        if before is None:
            if new not in (None, "", [], {}, False):
                changes.append(Change(str(field.verbose_name), None, new))
        elif new != old:
            changes.append(Change(str(field.verbose_name), old, new))
    return changes


def _shown(event: Model, attname: str) -> object:
    return getattr(event, attname)
