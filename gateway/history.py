"""Who changed what, when and through what: read from the event tables that the database keeps itself."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, Case, ForeignKey, Model, OuterRef, QuerySet, Subquery, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from gateway.registry import Registry
from gateway.screen import read_of
from gateway.tracking import BEFORE
from gateway.users import name_of_user, user_called

SHOWN = 200  # events; the newest
THE_SYSTEM = "the system"  # who acted where nobody is known

_BOOKKEEPING = {"created_at", "updated_at", "source_updated_at", "search_text", "person", "normalised"}
_KINDS = {
    "insert": "created",
    "update": "changed",
    "delete": "deleted",
    "relinked": "moved to another contact",
    "password": "given another password",
    "begin": "as it was when its history began",
}
_REWORDED = "changed"  # instead of words that are not kept
NOT_SHOWN = "changed, not shown"  # instead of what is told to nobody
_DONE = {ADDITION: "created", CHANGE: "changed", DELETION: "deleted"}


@dataclass(frozen=True)
class Confidence:
    """
    A field of a tracked model that may be told of some objects only: everybody else reads that it changed.

    `kept_of` returns those of these ids of objects of which it is told to nobody, in one query; what is gone is among
    them. `key` is the model's label and the field's name.
    """

    key: str
    kept_of: Callable[[Collection[Any]], Collection[Any]]


confidences: Registry[Confidence] = Registry("field told in confidence")


@dataclass(frozen=True)
class Change:
    """
    One field's step: its label, what it was (None: nothing known before) and what it became.

    Where words are not kept it became "changed"; where they are told to nobody, "changed, not shown".
    """

    label: str
    before: object
    after: object


@dataclass(frozen=True)
class HistoryEntry:
    """One event: when, what kind, by whom, through what, which fields; or in words, where those were not kept."""

    at: datetime
    kind: str
    who: str
    through: str
    changes: list[Change]
    said: str = ""


def is_tracked(model: type[Model]) -> bool:
    """Whether the database keeps this model's history."""
    return _keeper(model) is not None


@cache
def _keeper(model: type[Model]) -> type[Model] | None:
    """Return what this model's history is kept by: itself, or a proxy of ours where it is somebody else's; or None."""
    proxies = (proxy for proxy in apps.get_models() if proxy._meta.proxy and proxy._meta.concrete_model is model)
    return next((keeper for keeper in (model, *proxies) if getattr(keeper, "pgh_event_models", None)), None)


def history_of(instance: Model) -> list[HistoryEntry]:
    """
    Return the newest changes of a tracked object, newest first; empty when it never changed.

    What it was before the first of them is no entry of its own, nor is what was only written so that clients hear of
    it. A query for the events and the records that changes lead to or from, such as the company of a contact, and one
    for each kind of those that cannot be missing, such as the channel of a thread.
    """
    events = list(
        events_of(type(instance)).filter(pgh_obj_id=instance.pk).order_by("-pgh_created_at", "-pgh_id")[: SHOWN + 1]
    )
    steps = [(event, before) for event, before in zip(events, [*events[1:], None], strict=False)][:SHOWN]
    entries = entries_of([(event, before) for event, before in steps if event.pgh_label != BEFORE])
    return [entry for entry in entries if entry.changes or entry.kind != _KINDS["update"]]


def event_model_of(model: type[Model]) -> type[Model]:
    """Return the model of the events that the database keeps about `model`."""
    return next(iter(set(_keeper(model).pgh_event_models.values())))  # type: ignore[union-attr]  # set by pghistory


def forms_of(instance: Model) -> list[HistoryEntry]:
    """
    Return what was done to an object by forms of the admin, newest first, as the admin's own log has it.

    It names the fields, not what was in them: for what the database keeps only a part of. One query.
    """
    kind = ContentType.objects.get_for_model(instance, for_concrete_model=False)
    log = LogEntry.objects.filter(content_type=kind, object_id=str(instance.pk)).select_related("user")
    return [
        HistoryEntry(
            at=entry.action_time,
            kind=_DONE[entry.action_flag],
            who=_called(entry.user),
            through="admin",
            changes=[],
            said=entry.get_change_message(),
        )
        for entry in log.order_by("-action_time", "-pk")[:SHOWN]
    ]


def events_of(model: type[Model]) -> QuerySet[Any]:
    """Return the events that the database keeps about `model`, each with its context and the name of who acted."""
    users = get_user_model()._default_manager.annotate(called=user_called())
    # Whatever a context holds there: only a number is the id of a user.
    user_id = Case(
        When(
            pgh_context__metadata__user__regex=r"^\d{1,18}$",
            then=Cast(KeyTextTransform("user", "pgh_context__metadata"), BigIntegerField()),
        )
    )
    # What a change leads to or from comes along, where a row that is gone takes no event with it.
    named = [
        field.name for field in _tracked_fields(event_model_of(model)) if isinstance(field, ForeignKey) and field.null
    ]
    return (
        event_model_of(model)
        ._default_manager.select_related("pgh_context", *named)
        .annotate(acted_id=user_id)
        .annotate(acted=Subquery(users.filter(pk=OuterRef("acted_id")).values("called")))
    )


def entries_of(steps: Sequence[tuple[Model, Model | None]], *, leave_out: Sequence[str] = ()) -> list[HistoryEntry]:
    """
    Return what each event changed against the event before it (None: nothing known before), in the same order.

    Events are those of `events_of`. Fields named in `leave_out` are not looked at. Queries: one for each
    kind of record that changes name and that cannot be missing, and one for each field that is told in confidence and
    changed; the others came with the events.
    """
    names = _names_of_records(steps, leave_out)
    kept = _kept_back(steps)
    return [
        HistoryEntry(
            at=event.pgh_created_at,  # type: ignore[attr-defined]
            kind=_kind(event),
            who=_who(event),
            through=_through(_context(event)),
            changes=_changes(event, before, names, leave_out, kept),
        )
        for event, before in steps
    ]


def _kept_back(steps: Sequence[tuple[Model, Model | None]]) -> Collection[tuple[str, object]]:
    """Return the fields of objects that changed in these steps and are told to nobody: name and id."""
    kept: set[tuple[str, object]] = set()
    for model in {event.pgh_tracked_model for event, _ in steps}:  # type: ignore[attr-defined]
        for name in [field.name for field in model._meta.concrete_fields]:
            if (key := f"{model._meta.label}.{name}") in confidences:
                changed = {
                    event.pgh_obj_id  # type: ignore[attr-defined]
                    for event, before in steps
                    if getattr(event, name) or getattr(before, name, None)
                }
                kept |= {(name, pk) for pk in (confidences[key].kept_of(changed) if changed else ())}
    return kept


def _kind(event: Model) -> str:
    label = str(event.pgh_label)  # type: ignore[attr-defined]
    return _KINDS.get(label, label)


def _context(event: Model) -> Mapping[str, object]:
    context = event.pgh_context  # type: ignore[attr-defined]
    return context.metadata if context else {}


def _who(event: Model) -> str:
    return event.acted or str(_context(event).get("key", "")) or THE_SYSTEM  # type: ignore[attr-defined]


def _names_of_records(
    steps: Sequence[tuple[Model, Model | None]], leave_out: Sequence[str]
) -> dict[tuple[type[Model], object], str]:
    """Return what the records that changed foreign keys lead to are called; not those that are gone."""
    wanted: dict[type[Model], set[object]] = {}
    names: dict[tuple[type[Model], object], str] = {}
    for event, before in steps:
        for field in _tracked_fields(event, leave_out):
            if not isinstance(field, ForeignKey):
                continue
            ends = {getattr(end, field.attname, None): end for end in (before, event)}
            for pk, end in ends.items() if len(ends) > 1 else ():
                if pk is None or end is None:
                    continue
                if not field.is_cached(end):
                    wanted.setdefault(field.related_model, set()).add(pk)
                elif record := getattr(end, field.name):
                    names[field.related_model, pk] = _called(record)
    return names | {
        (model, record.pk): _called(record)
        for model, ids in wanted.items()
        for record in model._default_manager.filter(pk__in=ids)
    }


def _called(record: Model) -> str:
    return name_of_user(record) if isinstance(record, AbstractBaseUser) else str(record)


def _through(context: Mapping[str, object]) -> str:
    url = str(context.get("url") or "")
    if url.startswith("/admin/"):
        return "admin"
    if url.startswith("/api/"):
        return "API"
    return str(context.get("through") or context.get("command") or url or "direct")


def _tracked_fields(event: Model | type[Model], leave_out: Sequence[str] = ()) -> list[Any]:
    return [
        field
        for field in event._meta.concrete_fields
        if not field.name.startswith("pgh_") and field.name not in {*_BOOKKEEPING, "id", *leave_out}
    ]


def _changes(
    event: Model,
    before: Model | None,
    names: Mapping[tuple[type[Model], object], str],
    leave_out: Sequence[str],
    kept: Collection[tuple[str, object]],
) -> list[Change]:
    def shown(holder: Model, field: Any) -> object:
        if (field.name, event.pgh_obj_id) in kept:  # type: ignore[attr-defined]
            return NOT_SHOWN if holder is event else None
        value = getattr(holder, field.attname)
        return (
            names.get((field.related_model, value), value)
            if isinstance(field, ForeignKey)
            else read_of(holder, field, value)
        )

    changes = []
    for field in _tracked_fields(event, leave_out):
        label = str(field.verbose_name)
        is_empty = getattr(event, field.attname) in (None, "", [], {}, False)
        if event.pgh_label == "delete":  # type: ignore[attr-defined]
            if not is_empty:
                changes.append(Change(label, shown(event, field), None))
        elif before is None:
            if not is_empty:
                changes.append(Change(label, None, shown(event, field)))
        elif getattr(event, field.attname) != getattr(before, field.attname):
            changes.append(Change(label, shown(before, field), shown(event, field)))
    tracked = event.pgh_tracked_model._meta  # type: ignore[attr-defined]
    reworded = getattr(event, "pgh_reworded", None) or ()
    return changes + [Change(str(tracked.get_field(name).verbose_name), None, _REWORDED) for name in reworded]
