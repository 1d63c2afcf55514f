"""
Erasing a person: the names go, the figures stay.

One transaction does all of it, so nobody is ever half erased:

1. wait for batches that looked names up before (see suppression.py) and for merges, lock the person's records;
2. find every row about the person by the declared ways, and everything the person is known by;
3. treat the rows as declared, delete those that are nothing but identity;
4. rewrite history the same way: the one path in Kith that may;
5. take back what merges carried to records that are somebody else's by now;
6. blot the person's name out of other people's words and of all headings, end sessions that mention it;
7. note the erasure, without a word about whose it was, and suppress what the person was known by.

Interactions, credits, conversions and totals stay where they are, under a pseudonym: no figure reads
what goes, and a campaign's UTM code, which one does, stays.
"""

import json
import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from crm.duplicates.panel import suggested_for
from crm.folding import fold, folded
from crm.merging.merge import wait_for_merges
from crm.models import Company, Contact, Erasure
from crm.personal_data.blotting import Traces, blot_out, count_mentions
from crm.personal_data.carried import Carried, carried_from, take_back
from crm.personal_data.declarations import Becomes, Identity, Link, Pseudonym, Sort, Treatment, Words
from crm.personal_data.rows import PersonRows, contacts_of_person
from crm.personal_data.schema import declaration_of, personal_models, stored_models, tracked_model, treatments_of
from crm.personal_data.sessions import end_sessions_that_mention
from crm.personal_data.suppression import PREFIX, SourceName, digest_of, pseudonym, suppress, wait_for_writers
from gateway.errors import DomainError
from gateway.together import rows_together

logger = logging.getLogger(__name__)


class AlreadyErased(DomainError):
    """The person was erased before."""

    code = "already_erased"
    status = 409


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What an erasure does to one table: rows of the person, and what becomes of them."""

    label: str
    title: str
    rows: int
    fate: str  # "deleted", "emptied", "kept"
    fields: Sequence[str] = ()
    is_history: bool = False


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """
    Something that an erasure leaves as it is although it may be the person's: somebody should look at it by hand.

    `id` is that of a contact or a company, `why` says in a few words what speaks for it.
    """

    what: Literal["contact", "company"]
    id: int
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ErasureReport:
    """
    What an erasure does, or would do, to the person who is called `name`.

    `mentions` counts rows of others in whose words the person's name is blotted out, by model; `refusals`
    says why the person cannot be erased; `shared` are addresses that stay because somebody else has them too;
    `carried` are values that merges brought to records which are somebody else's by now; `remaining` are possible
    duplicates of the person and companies that may be theirs, all of which stay.
    """

    person_id: int
    name: str
    contacts: Sequence[int]
    tables: Sequence[TableReport]
    mentions: Mapping[str, int]
    shared: int = 0
    carried: int = 0
    refusals: Sequence[str] = ()
    remaining: Sequence[Remaining] = ()

    def counts(self) -> dict[str, int]:
        """Return the rows by table, as an erasure remembers them."""
        found = {table.label: table.rows for table in self.tables}
        return found | {f"mentions in {label}": count for label, count in self.mentions.items()}


def is_same_name(typed: str, name: str) -> bool:
    """Whether a name was typed as it stands; how many spaces there are between its words does not count."""
    return typed.split() == name.split()


@dataclass(frozen=True)
class Known:
    """What the person alone is known by, today and formerly, and how many addresses somebody else has too."""

    by_sort: Mapping[Sort, set[str]]
    shared: int


def plan_erasure(contact_id: int) -> ErasureReport:
    """Return what erasing this contact's person would do, and change nothing. Raises `NotFound`."""
    contacts = contacts_of_person(contact_id)
    rows = PersonRows(contacts)
    rows.look_up()
    known = known_by(rows)
    return _report(rows, known, Traces.made_of(known.by_sort), carried_from(contacts))


def erase_person(
    *, contact_id: int, reason: str, now: datetime, erased_by: int | None = None, through: str
) -> ErasureReport:
    """Erase the person of this contact and return what was done. Raises `NotFound`, `AlreadyErased`."""
    with transaction.atomic():
        wait_for_writers()
        wait_for_merges()
        contacts = contacts_of_person(contact_id)
        person = Contact.objects.values_list("person_id", flat=True).get(pk=contact_id)
        if not Contact.objects.filter(pk__in=contacts, erased_at=None).exists():
            raise AlreadyErased("This person was erased before: nothing is left to erase.")
        erasure = Erasure(
            person_id=person, reason=reason, erased_at=now, erased_by_id=erased_by, erased_through=through
        )
        report, _ = erase_contacts(contacts, erasure=erasure, now=now)
    return report


def erase_contacts(contacts: Sequence[int], *, erasure: Erasure, now: datetime) -> tuple[ErasureReport, set[bytes]]:
    """
    Erase these records, which are all of a person's, in the caller's transaction, and store `erasure`.

    Return what was done and the hashes of what was suppressed.
    """
    locked = Contact.objects.filter(pk__in=contacts).order_by("pk").select_for_update()
    made_at = dict(locked.values_list("pk", "created_at"))
    rows = PersonRows(list(contacts))
    rows.look_up()  # before anything changes: ways lead through other rows
    known = known_by(rows)
    traces = Traces.made_of(known.by_sort)
    carried = carried_from(rows.contacts)
    report = _report(rows, known, traces, carried)
    names = _suppressed_names(rows)

    models_of_facts = [model for model in personal_models() if tracked_model(model) is None]
    for model in models_of_facts:
        names |= _treat(model, rows, now=now)
    for model in models_of_facts:
        _delete(model, rows)
    names |= rewrite_history(rows, now=now)
    take_back(carried)
    _rename_everywhere(names)
    blot_out(traces)
    end_sessions_that_mention(traces)

    erasure.contacts = [[pk, at.isoformat()] for pk, at in sorted(made_at.items())]
    erasure.rows = report.counts()
    erasure.save()
    digests = {digest_of(name) for name in names}
    suppress(digests, erasure=erasure)
    transaction.on_commit(partial(add_to_list, erasure, digests))
    logger.info("Erased %s records of one person; %s names suppressed.", len(contacts), len(digests))
    return report, digests


def rewrite_history(rows: PersonRows, *, now: datetime) -> set[SourceName]:
    """
    Treat the history of the person's rows as the rows themselves: nothing else in Kith rewrites history.

    Return the names that were replaced: former external ids among them.
    """
    names: set[SourceName] = set()
    for model in personal_models():
        if tracked_model(model) is None:
            continue
        rows.look_again(model)  # the changes of this erasure are in it by now, with what was there before
        names |= _treat(model, rows, now=now)
        _delete(model, rows)
    return names


def known_by(rows: PersonRows) -> Known:
    """Collect what the person is known by, today and in history. What others are known by as well is left out."""
    places = [place for model in personal_models() for place in _known_by_fields(model)]
    mine = rows_together(
        [
            model._default_manager.filter(pk__in=rows.of(model)).order_by().values_list(name).distinct()
            for model, name, _ in places
        ]
    )
    values = [{value for value in some if value[0]} for some in mine]
    others = rows_together(
        [_rows_of_others(model, [name], wanted, rows) for (model, name, _), wanted in zip(places, values, strict=True)]
    )
    found: dict[Sort, set[str]] = {}
    shared: set[str] = set()
    for (model, _, sort), own, also in zip(places, values, others, strict=True):
        found.setdefault(sort, set()).update(value for (value,) in own.difference(also))
        if sort == "address" and tracked_model(model) is None:
            shared |= {value for (value,) in own.intersection(also)}
    addresses = found.get("address", set())
    return Known(found | {"address": addresses - shared} if addresses else found, len(shared))


def _known_by_fields(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str, Sort]]:
    """Yield the fields of a model that say what a person is known by."""
    declared = declaration_of(model)
    own = {column.name for column in model._meta.concrete_fields}
    for name, sort in (declared.known_by if declared else {}).items():
        if name in own:
            yield model, name, sort


def _report(rows: PersonRows, known: Known, traces: Traces, carried: Sequence[Carried]) -> ErasureReport:
    tables = []
    for model in personal_models():
        count = len(rows.of(model))
        declared = declaration_of(model)
        if declared is None or not count:
            continue
        changed = [] if declared.rows != "strip" else sorted(_changes(model))
        is_history = tracked_model(model) is not None
        tables.append(
            TableReport(
                label=model._meta.label,
                title=f"{declared.title}, history" if is_history else declared.title,
                rows=count,
                fate="deleted" if declared.rows == "delete" else "emptied" if changed else "kept",
                fields=changed,
                is_history=is_history,
            )
        )
    records = list(Contact.objects.filter(pk__in=rows.contacts).order_by("pk"))
    is_left = any(record.erased_at is None for record in records)
    refusals = [] if is_left else ["This person was erased before: nothing is left to erase."]
    person = next(record for record in records if record.pk == record.person_id)
    return ErasureReport(
        person_id=person.pk,
        name=str(person),
        contacts=rows.contacts,
        tables=tables,
        mentions=_mentions_of_others(rows, traces),
        shared=known.shared,
        carried=len(carried),
        refusals=refusals,
        remaining=[*_look_alikes(person), *_companies(records)] if not refusals else [],
    )


def _look_alikes(person: Contact) -> Iterator[Remaining]:
    """Yield the open possible duplicates of the person: whoever is the same keeps name and addresses."""
    for suggested in suggested_for(person.pk):
        other = suggested.person
        why = f"score {suggested.score}: {suggested.why[:1].lower()}{suggested.why[1:]}"
        yield Remaining(what="contact", id=other.pk, name=str(other), why=why)


def _companies(records: Sequence[Contact]) -> Iterator[Remaining]:
    """Yield companies that bear the name of one of these records of a person, and those that nobody else belongs to."""
    names = {fold(record.full_name) for record in records if record.full_name}
    others = Contact.objects.filter(company=OuterRef("pk")).exclude(pk__in=[record.pk for record in records])
    own = {record.company_id for record in records if record.company_id is not None}
    found = Company.objects.annotate(folded=folded("name"), has_others=Exists(others))
    for company in found.filter(Q(pk__in=own) | Q(folded__in=names)).order_by("name", "pk"):
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", fold(company.name)) for name in names):
            yield Remaining(what="company", id=company.pk, name=company.name, why="bears their name")
        elif not company.has_others:
            yield Remaining(what="company", id=company.pk, name=company.name, why="nobody else belongs to it")


def _mentions_of_others(rows: PersonRows, traces: Traces) -> Mapping[str, int]:
    """Return how many rows mention the person that are not the person's own."""
    return count_mentions(traces, besides=lambda model: rows.of(model) if declaration_of(model) else ())


def _changes(model: type[models.Model]) -> dict[str, Treatment]:
    """Return the fields that an erasure changes."""
    return {
        name: treatment
        for name, treatment in treatments_of(model).items()
        if isinstance(treatment, (Words, Link, Identity, Becomes, Pseudonym))
    }


def _treat(model: type[models.Model], rows: PersonRows, *, now: datetime) -> set[SourceName]:
    """Do to the person's rows of `model` what is declared, and return the names that were replaced."""
    declared = declaration_of(model)
    names: set[SourceName] = set()
    if declared is None or declared.rows != "strip":
        return names
    for only, pks in rows.only(model):
        treatments = {name: how for name, how in _changes(model).items() if only is None or name in only}
        for name, how in treatments.items():
            if isinstance(how, Pseudonym):
                names |= _rename(model, name, how, pks, rows)
        values = {
            name: _becomes(model, name, how, now=now)
            for name, how in treatments.items()
            if not isinstance(how, Pseudonym)
        }
        if values:
            if tracked_model(model) is None and any(f.name == "updated_at" for f in model._meta.concrete_fields):
                values["updated_at"] = now
            model._default_manager.filter(pk__in=pks).update(**values)
    return names


def _becomes(model: type[models.Model], name: str, how: Treatment, *, now: datetime) -> Any:
    """Return what an erasure sets the field to."""
    if isinstance(how, Becomes):
        return how.expression(now)
    if isinstance(how, Words) and how.instead:
        return Case(When(**{name: ""}, then=Value("")), default=Value(how.instead))
    declared = model._meta.get_field(name)
    assert isinstance(declared, models.Field)
    return None if declared.null else declared.get_default()


def _rename(
    model: type[models.Model], name: str, how: Pseudonym, pks: Iterable[Any], rows: PersonRows
) -> set[SourceName]:
    """
    Put pseudonyms in place of what the source calls these rows, and return what it called them.

    The history of a row that is somebody else's by now, such as an account that moved, keeps what that one is called.
    """
    found: dict[Any, SourceName] = {}
    for pk, *values in model._default_manager.filter(pk__in=pks).values_list("pk", *how.fields):
        if all(value not in (None, "") for value in values) and not str(values[-1]).startswith(PREFIX):
            found[pk] = (how.space, *values)
    if tracked_model(model) is not None:
        others = _held_by_others(model, how.fields, [called[1:] for called in found.values()], rows)
        found = {pk: called for pk, called in found.items() if called[1:] not in others}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {model._meta.db_table} t SET {name} = v.pseudonym"
                f" FROM unnest(%s::bigint[], %s::text[]) AS v(pk, pseudonym) WHERE t.{model._meta.pk.column} = v.pk",
                [list(found), [pseudonym(digest_of(called)) for called in found.values()]],
            )
    return set(found.values())


def _rename_everywhere(names: Iterable[SourceName]) -> None:
    """Let every row that names one of these by what the source called it name the pseudonym instead."""
    by_space: dict[object, list[SourceName]] = {}
    for called in names:
        by_space.setdefault(called[0], []).append(called)
    for model in stored_models():
        for name, how in treatments_of(model).items():
            if not (isinstance(how, Pseudonym) and how.everywhere and how.space in by_space):
                continue
            wanted = by_space[how.space]
            columns = list(zip(*(called[1:] for called in wanted), strict=True))
            arrays = ", ".join(["%s::text[]"] * (len(columns) + 1))
            matches = " AND ".join(f"t.{part} = v.part_{number}" for number, part in enumerate(how.fields))
            parts = ", ".join(f"part_{number}" for number in range(len(columns)))
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {model._meta.db_table} t SET {name} = v.pseudonym"
                    f" FROM unnest({arrays}) AS v({parts}, pseudonym) WHERE {matches}",
                    [*(list(column) for column in columns), [pseudonym(digest_of(called)) for called in wanted]],
                )


def _delete(model: type[models.Model], rows: PersonRows) -> None:
    declared = declaration_of(model)
    if declared is not None and declared.rows == "delete":
        model._default_manager.filter(pk__in=rows.of(model)).delete()


def _suppressed_names(rows: PersonRows) -> set[SourceName]:
    """Return what else may not come back: references, addresses, handles, today's and former, if nobody has them."""
    names: set[SourceName] = set()
    for model in personal_models():
        declared = declaration_of(model)
        own = {field.attname for field in model._meta.concrete_fields}
        for space, fields in (declared.suppress if declared else {}).items():
            if not own.issuperset(fields):
                continue
            found = model._default_manager.filter(pk__in=rows.of(model)).values_list(*fields).distinct()
            values = {value for value in found if all(part not in (None, "") for part in value)}
            names |= {(space, *value) for value in values - _held_by_others(model, fields, values, rows)}
    return names


def _held_by_others(
    model: type[models.Model], fields: Sequence[str], values: Iterable[tuple[Any, ...]], rows: PersonRows
) -> set[tuple[Any, ...]]:
    """Return those of `values` that rows of other people carry today."""
    wanted = set(values)
    return wanted.intersection(_rows_of_others(model, fields, wanted, rows))


def _rows_of_others(
    model: type[models.Model], fields: Sequence[str], wanted: Collection[tuple[Any, ...]], rows: PersonRows
) -> models.QuerySet[Any, Any]:
    """Return what finds, among the rows of other people today, at least those with one of the values `wanted`."""
    facts = tracked_model(model) or model
    if not wanted:
        return facts._default_manager.none().values_list(*fields)
    # One list for each field is compared many times as quick as hundreds of alternatives. What stands together is
    # looked at afterwards.
    columns = {f"{name}__in": column for name, column in zip(fields, zip(*wanted, strict=True), strict=True)}
    return facts._default_manager.filter(**columns).exclude(pk__in=rows.of(facts)).order_by().values_list(*fields)


def add_to_list(erasure: Erasure, digests: Iterable[bytes]) -> None:
    """
    Add the erasure to the file of KITH_ERASURE_LIST, so that it can be repeated after a restore.

    The person is erased by now, whatever becomes of the file: what cannot be written is told in the log.
    """
    if not settings.KITH_ERASURE_LIST:
        return
    try:
        with Path(settings.KITH_ERASURE_LIST).open("a", encoding="utf-8") as file:
            file.write(line_of(erasure, digests) + "\n")
    except OSError:
        logger.exception(
            "Erasure %s is not in KITH_ERASURE_LIST: the file cannot be written. Mend that, then write the list anew "
            "with `manage.py list_erasures`.",
            erasure.pk,
        )


def line_of(erasure: Erasure, digests: Iterable[bytes]) -> str:
    """Return an erasure as one line of JSON: ids, instants and hashes, and nothing that says whose they are."""
    return json.dumps(
        {
            "erased_at": erasure.erased_at.isoformat(),
            "reason": erasure.reason,
            "person": erasure.person_id,
            "contacts": erasure.contacts,
            "suppressions": sorted(digest.hex() for digest in digests),
        }
    )
