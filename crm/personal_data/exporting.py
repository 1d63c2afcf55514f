"""
Everything that Kith knows about one person, in a ZIP: each collection as JSON and as CSV, and a text that explains.

Collections are written row by row as they come from the database, so the size of a person does not matter.
Other people are kept out: where a row names a colleague or somebody else's record, the file says *a colleague*
or *somebody else*. What others said **to** this person is in it, without who said it: it was said to them, by name or
as a reply to their words (`PersonalData.given`).
What others said *about* them elsewhere is others' own; `mentions` says where it stands.
"""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from psycopg.types.range import Range

from crm.models import Contact
from crm.money import AmountField, in_reporting_currency, readable
from crm.personal_data.blotting import Traces, find_mentions
from crm.personal_data.known_by import known_by
from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import declaration_of, personal_models, tracked_model
from gateway.spreadsheets import escape_formula

COLLEAGUE = "a colleague"
SOMEBODY_ELSE = "somebody else"
CHUNK = 2_000  # rows read at once


def write_export(
    contacts: Sequence[int], file: IO[bytes], *, now: datetime, on_rows: Callable[[int], None] = lambda rows: None
) -> dict[str, int]:
    """
    Write the ZIP about the person with these contacts to `file`; return the rows by collection.

    `on_rows` is told the rows of each finished collection. A constant number of queries for each collection
    and 2,000 rows.
    """
    rows = PersonRows(contacts)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for model in personal_models():
            declared = declaration_of(model)
            pks = rows.given(model)
            if declared is None or not pks:
                continue
            name = declared.title.replace(" ", "-")
            if tracked_model(model) is not None:
                name = f"history-of-{name}"
            counts[name] = _write_collection(archive, name, _columns(model), _records(model, pks, rows))
            on_rows(counts[name])
        mentions = _mentions(rows)
        if mentions:
            counts["mentions"] = _write_collection(archive, "mentions", ["table", "id", "field"], iter(mentions))
        archive.writestr("README.txt", _explained(counts, rows, now=now))
    return counts


def count_rows(contacts: Sequence[int]) -> int:
    """Return how many rows an export of this person has, mentions left out."""
    rows = PersonRows(contacts)
    return sum(len(rows.given(model)) for model in personal_models())


def _columns(model: type[models.Model]) -> list[str]:
    declared = declaration_of(model)
    hidden = declared.hidden if declared else {}
    return [field.name for field in model._meta.concrete_fields if field.name not in hidden]


def _records(model: type[models.Model], pks: Any, rows: PersonRows) -> Iterator[Sequence[Any]]:
    """Yield the rows in the order of their keys, with other people's names taken out."""
    names = _columns(model)
    shown = [_showing(model, name, rows) for name in names]
    attributes = [model._meta.get_field(name).attname for name in names]  # type: ignore[union-attr]
    amounts = {place for place, name in enumerate(names) if isinstance(model._meta.get_field(name), AmountField)}
    wanted = sorted(pks)
    for start in range(0, len(wanted), CHUNK):
        found = model._default_manager.filter(pk__in=wanted[start : start + CHUNK]).order_by("pk")
        for record in found.values_list(*attributes):
            told = [show(value) for show, value in zip(shown, record, strict=True)]
            for place in amounts:
                if (amount := record[place]) is not None:
                    told[place] = format(readable(amount, record[names.index("currency")]), "f")
            yield told


def _showing(model: type[models.Model], name: str, rows: PersonRows) -> Callable[[Any], Any]:
    """Return how a field is shown: a relation to a colleague or to somebody else's row does not say which."""
    field = model._meta.get_field(name)
    target = field.related_model if field.is_relation else None
    if not isinstance(target, type):
        return _plain
    if target is get_user_model():
        return lambda pk: None if pk is None else COLLEAGUE
    declared = declaration_of(target)
    if target is not Contact and (declared is None or not declared.reach):
        return _plain
    own = set(rows.given(target))
    return lambda pk: pk if pk is None or pk in own else SOMEBODY_ELSE


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Range):
        return [_plain(value.lower), _plain(value.upper)]
    if isinstance(value, (UUID, bytes, memoryview)):
        return str(value)
    return value


def _write_collection(
    archive: zipfile.ZipFile, name: str, columns: Sequence[str], records: Iterator[Sequence[Any]]
) -> int:
    """Write one collection as JSON and as CSV, row by row; return how many rows there were."""
    count = 0
    # One ZIP takes one open file at a time, so the CSV waits on the disk, where nothing outlives this process.
    with tempfile.TemporaryFile() as waiting:
        lines = io.TextIOWrapper(waiting, encoding="utf-8-sig", newline="")
        table = csv.writer(lines)
        table.writerow(columns)
        with archive.open(f"json/{name}.json", "w", force_zip64=True) as target:
            target.write(b"[")
            for record in records:
                laid_out = dict(zip(columns, record, strict=True))
                target.write(b",\n " if count else b"\n ")
                target.write(json.dumps(laid_out, ensure_ascii=False).encode())
                table.writerow([_cell(value) for value in record])
                count += 1
            target.write(b"\n]\n")
        lines.flush()
        waiting.seek(0)
        with archive.open(f"csv/{name}.csv", "w", force_zip64=True) as target:
            while piece := waiting.read(65_536):
                target.write(piece)
        lines.detach()
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape_formula(value)
    return escape_formula(json.dumps(value, ensure_ascii=False))


def _mentions(rows: PersonRows) -> list[Sequence[Any]]:
    """Return where other people's words name the person: the places, since the words are others' own."""
    held: dict[type[models.Model], set[Any]] = {}
    found: list[Sequence[Any]] = []
    for model, pk, name in find_mentions(Traces.made_of(known_by(rows).by_sort)):
        if model not in held:
            held[model] = set(rows.given(model)) if declaration_of(model) is not None else set()
        if pk not in held[model]:
            found.append((str(model._meta.verbose_name), str(pk), name))  # Django's own are called lazily
    return found


def _explained(counts: dict[str, int], rows: PersonRows, *, now: datetime) -> str:
    lines = "\n".join(f"  {count:>8,}  {name}" for name, count in counts.items())
    return f"""\
What is known about you
=======================

Made on {now:%Y-%m-%d at %H:%M} UTC, from {len(rows.contacts)} record{"" if len(rows.contacts) == 1 else "s"} about you.

Each collection stands here twice: in the folder json for programs, in the folder csv for spreadsheets.
Times are in UTC. In the folder csv an apostrophe stands before whatever a spreadsheet would take for a formula.

{lines}

Collections that begin with "history-of" hold what your records said before, and when that changed.
"somebody else" and "a colleague" stand where a row names another person: their names are theirs.
What others said to you is here, without who said it: what they addressed to you or your accounts, replies to
what you said, and answers in threads that you opened, unless they address somebody else. What names you elsewhere
is theirs; the collection "mentions", if there is one, says where it stands.
Amounts called "…_minor" are in units of {in_reporting_currency(1)} {settings.KITH_CURRENCY}.
"""
