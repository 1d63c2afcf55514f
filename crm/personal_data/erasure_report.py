"""What an erasure does, or would do, to a person: told before it, printed after it, remembered as numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Exists, OuterRef, Q

from crm.duplicates.panel import suggested_for
from crm.folding import fold, folded
from crm.models import Company, Contact
from crm.personal_data.blotting import Traces, count_mentions
from crm.personal_data.carried import Carried
from crm.personal_data.known_by import Known
from crm.personal_data.rows import PersonRows
from crm.personal_data.schema import declaration_of, personal_models, tracked_model
from crm.personal_data.treating import changes_of


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


def report_of(rows: PersonRows, known: Known, traces: Traces, carried: Sequence[Carried]) -> ErasureReport:
    """Return what erasing the person of these rows does, as they are before it."""
    tables = []
    for model in personal_models():
        count = len(rows.of(model))
        declared = declaration_of(model)
        if declared is None or not count:
            continue
        changed = [] if declared.rows != "strip" else sorted(changes_of(model))
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
