"""One page of a timeline: the sources' statements united, cut to a page, and filled in."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from crm.extensions import timeline_details, timeline_sources
from crm.models import Contact
from crm.timeline.entry import Entry
from crm.timeline.source import Asked, TimelineSource
from gateway.panels import PermissionCheck, Table
from gateway.problems import InputError, InvalidInput

NEWEST = datetime(9999, 1, 1, tzinfo=UTC)  # later than anything that happens
ANY_ID = 2**63 - 1  # at this instant, every row is older than the place
NO_ID = 0  # at this instant, none is
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")


@dataclass(frozen=True)
class TimelinePage:
    """Entries, newest first, and the cursor of the older ones (None at the end)."""

    entries: list[Entry]
    next_cursor: str | None


@dataclass(frozen=True)
class KindChoice:
    """A kind of entry that one can ask for, and the heading it stands under."""

    key: str
    label: str
    group: str


@dataclass(frozen=True)
class _Place:
    """A place in the order of the timeline: by time, then by the key of the source, then by id, all descending."""

    at: datetime
    source: str
    id: int

    def bound_for(self, source: str) -> int:
        """Return the id below which rows of `source` at this very instant come after this place."""
        if source == self.source:
            return self.id
        return ANY_ID if source < self.source else NO_ID


_BEGINNING = _Place(NEWEST, "", 0)


def read_timeline(asked: Asked, *, cursor: str | None = None, limit: int = 50) -> TimelinePage:
    """
    Return up to `limit` of the entries asked for, after `cursor`.

    One statement over all sources, and a fixed number of queries for each source that has entries on
    the page. Raises `InvalidInput` for a kind that nothing has, a channel that is no slug and a cursor
    that is none.
    """
    if asked.kind and asked.kind not in {choice.key for choice in kind_choices()}:
        known = ", ".join(choice.key for choice in kind_choices())
        raise InvalidInput([InputError("unknown_choice", f"There is no such kind. Known: {known}.", parameter="kind")])
    if asked.channel and not SLUG.fullmatch(asked.channel):
        message = "A channel is named by its slug: letters of a to z, digits, hyphen and underscore."
        raise InvalidInput([InputError("unknown_choice", message, parameter="channel")])
    place = _BEGINNING if cursor is None else _decode(cursor)
    places = _places(_sources(asked), asked, after=place, limit=limit + 1)
    shown = places[:limit]
    return TimelinePage(
        entries=_entries(shown, asked),
        next_cursor=_encode(shown[-1]) if len(places) > limit else None,
    )


def asked_of(
    person: int,
    *,
    may: PermissionCheck,
    now: datetime,
    kind: str = "",
    channel: str = "",
    contacts: Sequence[int] | None = None,
    on_a_page: bool = False,
) -> Asked:
    """Return what is asked of a person's timeline. All their records are looked up, unless `contacts` gives them."""
    if contacts is None:
        contacts = list(Contact.objects.filter(person=person).order_by("pk").values_list("pk", flat=True))
    return Asked(person=person, contacts=contacts, may=may, now=now, kind=kind, channel=channel, on_a_page=on_a_page)


def kind_choices(may: PermissionCheck | None = None) -> list[KindChoice]:
    """Return the kinds that one can ask for, each once; with `may`, only those that may be seen."""
    found: dict[str, KindChoice] = {}
    for source in timeline_sources:
        if may is None or may(source.permission):
            for key, label in source.kinds.items():
                found.setdefault(key, KindChoice(key, label, source.group))
    return list(found.values())


def channel_choices(asked: Asked) -> dict[str, str]:
    """Return the channels that the person's entries may stand on, by slug, with their names, by name."""
    found: dict[str, str] = {}
    for source in timeline_sources:
        if source.has_channels and asked.may(source.permission):
            found |= source.channels(asked)
    return dict(sorted(found.items(), key=lambda choice: choice[1].casefold()))


def _sources(asked: Asked) -> list[TimelineSource]:
    """Return the sources that can have what is asked for and whose entries the reader may see."""
    return [
        source
        for source in timeline_sources
        if asked.may(source.permission)
        and (not asked.kind or asked.kind in source.kinds)
        and (not asked.channel or source.has_channels)
    ]


def _places(sources: Sequence[TimelineSource], asked: Asked, *, after: _Place, limit: int) -> list[_Place]:
    """Return the places of the next entries: one statement over all sources, which reads `limit` rows of each."""
    if not sources or not asked.contacts:
        return []
    parameters: dict[str, Any] = {
        "person": asked.person,
        "contacts": list(asked.contacts),
        "kind": asked.kind,
        "channel": asked.channel,
        "at": after.at,
        "limit": limit,
    }
    parts = []
    for number, source in enumerate(sources):
        parameters |= {f"bound_{number}": after.bound_for(source.key), f"source_{number}": source.key}
        statement = source.statement(asked).replace("%(bound)s", f"%(bound_{number})s")
        parts.append(
            f'(SELECT %(source_{number})s::text COLLATE "C" AS source, found.at, found.id FROM ({statement}) found'
            " ORDER BY found.at DESC, found.id DESC LIMIT %(limit)s)"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT at, source, id FROM ({' UNION ALL '.join(parts)}) everything"
            " ORDER BY at DESC, source DESC, id DESC LIMIT %(limit)s",
            parameters,
        )
        return [_Place(*row) for row in cursor.fetchall()]


def _entries(places: Sequence[_Place], asked: Asked) -> list[Entry]:
    ids: dict[str, list[int]] = {}
    for place in places:
        ids.setdefault(place.source, []).append(place.id)
    found = {key: dict(timeline_sources[key].load(wanted, asked)) for key, wanted in ids.items()}
    for detail in timeline_details:
        wanted = list(found.get(detail.source, ()))
        if wanted and asked.may(detail.permission):
            _add(found[detail.source], detail.load(wanted, asked))
    return [entry for place in places if (entry := found[place.source].get(place.id)) is not None]


def _add(entries: dict[int, Entry], tables: Mapping[int, Sequence[Table]]) -> None:
    for pk, added in tables.items():
        entries[pk] = replace(entries[pk], tables=(*entries[pk].tables, *added))


def _encode(place: _Place) -> str:
    packed = orjson.dumps([place.at.astimezone(UTC).isoformat(), place.source, place.id])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _decode(cursor: str) -> _Place:
    try:
        at, source, pk = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = _Place(datetime.fromisoformat(at), source, pk)
        if place.at.tzinfo is None or source not in timeline_sources or type(pk) is not int or not 0 <= pk <= ANY_ID:
            raise ValueError("no place in a timeline")
    except (ValueError, TypeError, binascii.Error):
        message = "This cursor does not belong to a timeline. Take it from 'next' of the page before."
        raise InvalidInput([InputError("invalid_cursor", message, parameter="cursor")]) from None
    return place
