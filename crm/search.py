"""Finding contacts by any part of their name, handle or addresses."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from crm.models import Contact, ContactPoint
from crm.models.contact import BEGINNING
from crm.sync.references import CONTACTS

NAMES = ("full_name", "preferred_name", "known_as")  # what everybody who sees contacts may search by
SHORTEST = 3  # letters that an index of trigrams needs
PHONE_SIGNS = frozenset("0123456789+()-./")

# A word that stands in more rows than this share of the table is not looked up in all of them: what a
# sample and the beginnings of names give is more than anybody reads, and takes the same time however
# large the table is.
SAMPLED = 10_000  # rows
COMMON = 15  # of those
CANDIDATES = 500  # of those that are looked at more closely: ranking all of what everybody has takes half a second

_NAMES_SQL = "lower(normalize(concat_ws(E'\\n', c.full_name, c.preferred_name, c.known_as)))"


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """A person found while typing. `email` and `phone` are None where there is none, or where they may not be shown."""

    id: int
    name: str
    known_as: str
    email: str | None
    phone: str | None
    company: str
    stage: str


def search_contacts(contacts: QuerySet[Contact], text: str, *, with_addresses: bool) -> QuerySet[Contact]:
    """
    Narrow `contacts` to those in whose name, handle or addresses every word of `text` occurs.

    Without addresses every word has to stand in a name or a handle: nobody is found by an address that
    the reader may not know. A telephone number is found in any spelling.

    LIKE on the column as it stands lets the trigram index answer (Django's `icontains` wraps it in
    UPPER), for words of three letters or more. psycopg writes the words into the statement, so the
    planner sees them.
    """
    for spellings in _terms(text, with_addresses=with_addresses):
        contacts = contacts.filter(reduce(or_, (Q(search_text__contains=spelling) for spelling in spellings)))
        if not with_addresses:
            contacts = contacts.filter(in_a_name(spellings[0]))
    return contacts


def in_a_name(text: str) -> Q:
    """Return the condition that `text` stands in one of a contact's names; goes with one that has an index."""
    return reduce(or_, (Q(**{f"{name}__icontains": text}) for name in NAMES))


def find_people(text: str, *, limit: int = 20, with_addresses: bool) -> list[FoundPerson]:
    """
    Return the persons that `text` may mean, best matches first; at most six queries.

    Every word has to occur, in any order: in a name or handle, or with `with_addresses` in an e-mail
    address or a telephone number, whose spelling does not matter. First come those whose name begins
    with the text, then those with names that begin with its words, names that hold them, addresses
    that begin with them, addresses that hold them; among equals whoever changed last. Merged records
    lead to their survivor. Texts of one or two letters are compared with beginnings only.
    """
    terms = _terms(text, with_addresses=with_addresses)
    if not terms:
        return []
    wanted = _Wanted(terms, " ".join(unicodedata.normalize("NFC", text).lower().split()), with_addresses)
    found = _beginning_with(wanted, at_most=5 * limit)
    if len(found) < limit and any(len(spelling) >= SHORTEST for spellings in terms for spelling in spellings):
        found |= _holding(wanted, at_most=5 * limit)
    return _people(wanted, sorted(found), limit=limit)


def _terms(text: str, *, with_addresses: bool) -> list[list[str]]:
    """
    Return what has to occur: for each word its spellings, one of which is enough.

    Digits with the signs that people put between them are one telephone number, which is stored as
    its raw text and in E.164: 020 7946 is looked for as written, and without the zero in front.
    """
    terms = []
    words = unicodedata.normalize("NFC", text).replace("\x00", "").lower().split()
    for is_phone, group in groupby(words, key=lambda word: with_addresses and PHONE_SIGNS.issuperset(word)):
        parts = list(group)
        number = "".join(filter(str.isdigit, "".join(parts).replace("(0)", ""))).lstrip("0")
        if is_phone and len(number) >= SHORTEST:
            terms.append(list(dict.fromkeys([" ".join(parts), number])))
        else:
            terms.extend([part] for part in parts)
    return terms


@dataclass(frozen=True)
class _Wanted:
    """What is looked for, as SQL over `crm_contact c`."""

    terms: list[list[str]]
    whole: str
    with_addresses: bool

    def anywhere(self, column: str) -> tuple[str, list[str]]:
        """Every term occurs in the column."""
        return self._each(column, "%{}%")

    def condition(self) -> tuple[str, list[str]]:
        """Every term occurs where the reader may look."""
        found, parameters = self.anywhere("c.search_text")
        if self.with_addresses:
            return found, parameters
        named, more = self.anywhere(_NAMES_SQL)
        return f"{found} AND {named}", parameters + more

    def place(self) -> tuple[str, list[str]]:
        """How good a match is: 0 is the best."""
        steps = [
            ("(E'\\n' || " + _NAMES_SQL + ") LIKE %s", [f"%\n{_literal(self.whole)}%"]),
            self._each(f"translate(E'\\n' || {_NAMES_SQL}, E'\\n-._@''', '      ')", "% {}%"),
            self.anywhere(_NAMES_SQL),
            self._each("(E'\\n' || c.search_text)", "%\n{}%"),
        ]
        cases = " ".join(f"WHEN {condition} THEN {number}" for number, (condition, _) in enumerate(steps))
        return f"CASE {cases} ELSE {len(steps)} END", [one for _, parameters in steps for one in parameters]

    def _each(self, column: str, pattern: str) -> tuple[str, list[str]]:
        alternatives = [" OR ".join([f"{column} LIKE %s"] * len(spellings)) for spellings in self.terms]
        parameters = [pattern.format(_literal(spelling)) for spellings in self.terms for spelling in spellings]
        return " AND ".join(f"({one})" for one in alternatives), parameters


def _literal(text: str) -> str:
    """What LIKE takes for the text itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _beginning_with(wanted: _Wanted, *, at_most: int) -> set[int]:
    """Return contacts whose name, or without one whose handle, begins with the text."""
    beginning = f"{_literal(wanted.whole[:BEGINNING])}%"
    named = "" if wanted.with_addresses else f" AND {_NAMES_SQL} LIKE %s"
    return _ids(
        f"SELECT c.id FROM crm_contact c WHERE left(c.search_text, {BEGINNING}) LIKE %s{named} LIMIT {at_most}",
        [beginning] if wanted.with_addresses else [beginning, beginning],
    )


def _holding(wanted: _Wanted, *, at_most: int) -> set[int]:
    """Return contacts in which all terms occur: the best of all, or of a sample where there are too many."""
    condition, parameters = wanted.condition()
    rows = _estimated_rows()
    if rows > 2 * SAMPLED:
        indexed, its_parameters = wanted.anywhere("c.search_text")
        sample = (
            f"crm_contact c TABLESAMPLE SYSTEM ({100 * SAMPLED / rows:.4f}) REPEATABLE (0)"  # the same rows every time
        )
        hits = _ids(f"SELECT c.id FROM {sample} WHERE {indexed} LIMIT {CANDIDATES}", its_parameters)
        if len(hits) >= COMMON:
            if wanted.with_addresses:
                return set(sorted(hits)[:at_most])
            return _ids(
                f"SELECT c.id FROM crm_contact c WHERE c.id = ANY(%s) AND {condition}", [list(hits), *parameters]
            )
    place, its_parameters = wanted.place()
    return _ids(
        f"SELECT c.id FROM crm_contact c WHERE {condition} ORDER BY {place}, c.updated_at DESC LIMIT {at_most}",
        [*parameters, *its_parameters],
    )


def _estimated_rows() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'crm_contact'::regclass")
        return float(cursor.fetchone()[0])


def _ids(sql: str, parameters: Sequence[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {pk for (pk,) in cursor.fetchall()}


def _people(wanted: _Wanted, contacts: Sequence[int], *, limit: int) -> list[FoundPerson]:
    """Return the persons behind these contacts, the best first. Two queries."""
    place, parameters = wanted.place()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.id, p.full_name, p.known_as, p.stage, COALESCE(company.name, '')
            FROM (
                SELECT c.person_id, min({place}) AS place
                FROM crm_contact c WHERE c.id = ANY(%s) GROUP BY c.person_id
            ) found
            JOIN crm_contact p ON p.id = found.person_id
            LEFT JOIN crm_company company ON company.id = p.company_id
            ORDER BY found.place, p.updated_at DESC, p.id DESC
            LIMIT {limit}
            """,
            [*parameters, list(contacts)],
        )
        rows = cursor.fetchall()
    addresses = _addresses(wanted, [pk for pk, *_ in rows]) if wanted.with_addresses and rows else {}
    return [
        FoundPerson(
            id=pk,
            name=full_name or known_as or f"Contact {pk}",
            known_as=known_as,
            email=addresses.get((pk, ContactPoint.Kind.EMAIL.value)),
            phone=addresses.get((pk, ContactPoint.Kind.PHONE.value)),
            company=company,
            stage=stage,
        )
        for pk, full_name, known_as, stage, company in rows
    ]


def _addresses(wanted: _Wanted, people: Sequence[int]) -> dict[tuple[int | None, str], str]:
    """Return one address of each kind for each person: the one that was looked for, else the oldest."""
    points = (
        ContactPoint.objects.filter(contact__person__in=people)
        .order_by("pk")
        .values_list("contact__person_id", "kind", "raw", "normalised")
    )
    chosen: dict[tuple[int | None, str], str] = {}
    is_match: set[tuple[int | None, str]] = set()
    spellings = [spelling for spellings in wanted.terms for spelling in spellings]
    for person, kind, raw, normalised in points:
        matches = any(spelling in normalised or spelling in raw.lower() for spelling in spellings)
        if (person, kind) not in chosen or (matches and (person, kind) not in is_match):
            chosen[person, kind] = raw
        if matches:
            is_match.add((person, kind))
    return chosen


def refresh_search_text(contact_ids: Sequence[int]) -> None:
    """Write anew what the search looks through, after names or addresses were changed outside a batch."""
    expression = CONTACTS.derived["search_text"].format(
        full_name="t.full_name", preferred_name="t.preferred_name", known_as="t.known_as"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Contact._meta.db_table} t SET search_text = {expression} WHERE t.id = ANY(%s)",
            [list(contact_ids)],
        )
