"""
Finding contacts by any part of their name, handle or addresses.

The index of trigrams knows for each three letters who has them. What everybody has ("gma" of gmail.com, the country
code of telephone numbers) makes long lists, and going through those takes longer than everything else. So a small
sample of the table, always the same rows, says beforehand how common a text and its parts are. A text that many
people have is answered from beginnings and the sample: nobody reads thousands of matches. Any other is looked up by
its rarest parts alone, and what they lead to is compared with the whole text.

What is looked through is folded (`crm.folding`), and so is every text that is looked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import add, and_, or_
from typing import Any

from django.db import connection
from django.db.models import Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Left, StrIndex
from django.db.models.lookups import GreaterThan

from crm.folding import fold
from crm.models import Contact, ContactPoint
from crm.models.contact import BEGINNING
from crm.search_text import SEARCH_TEXT
from crm.stages import has_bought_sql, stage_now
from crm.wishes import wishes_no_contact

NAMES = ("full_name", "preferred_name", "known_as")  # what everybody who sees contacts may search by
SHORTEST = 3  # letters that an index of trigrams needs
PHONE_SIGNS = frozenset("0123456789+()-./")

SAMPLED = 3_000  # rows
COMMON = 18  # of those: what six in a thousand people have is not looked up in all of the table
LISTED = 6  # of those: a list in its own order has a page of them soonest by going through the table
ASKED = 16  # parts of a text whose rarity is looked at, in a quarter of the sample
CHOSEN = 3  # of those that the index is asked for
BRIEF = 0.25  # share of people up to which a list is worth going through besides the shortest
CANDIDATES = 200  # people that are looked at more closely
FEW = 1_000  # contacts with a text, up to which a list looks for them once and not for each of its queries

_LINES_SQL = "concat_ws(E'\\n', NULLIF(c.full_name, ''), NULLIF(c.preferred_name, ''), NULLIF(c.known_as, ''))"
_NAMES_SQL = f"kith_fold({_LINES_SQL})"


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """
    A person found while typing. `email` and `phone` are None where there is none, or where they may not be shown.

    `do_not_contact` is their wish, on whichever of their records it stands.
    """

    id: int
    name: str
    known_as: str
    email: str | None
    phone: str | None
    company: str
    stage: str
    do_not_contact: bool


def search_contacts(contacts: QuerySet[Contact], text: str, *, with_addresses: bool) -> QuerySet[Contact]:
    """
    Narrow `contacts` to those in whose name, handle or addresses every word of `text` occurs; asks three queries.

    Without addresses every word has to stand in a name or a handle: nobody is found by an address that
    the reader may not know. A telephone number is found in any spelling, a name without its accents.

    LIKE on the column as it stands lets the trigram index answer (Django's `icontains` wraps it in
    UPPER), for words of three letters or more. psycopg writes the words into the statement, so the
    planner sees them. STRPOS asks no index, so that what many people have is found by going through
    the list in its order until the page is full. A text without a word narrows nothing, and asks nothing.
    """
    asked = _ask(text, with_addresses=with_addresses)
    if asked is None:
        return contacts
    return contacts.filter(*(asked.whole if asked.is_listed else asked.by_index))


def search_people(people: QuerySet[Contact], text: str, *, with_addresses: bool) -> QuerySet[Contact]:
    """
    Narrow `people` as `search_contacts` does, and keep those too one of whose merged records has the text.

    Where it comes to few they are found here and now, which is one query more: for a list that is counted and shown.
    Where many have the text, only what stands on their own record counts.
    """
    asked = _ask(text, with_addresses=with_addresses)
    if asked is None:
        return people
    if asked.estimated <= FEW:
        found = Contact.objects.filter(*asked.by_index).order_by().values_list("pk", "person_id")
        records = list(found[: FEW + 1])
        if len(records) <= FEW:
            return people.filter(pk__in={pk for record in records for pk in record})
    return people.filter(*(asked.whole if asked.is_listed else asked.by_index))


@dataclass(frozen=True)
class _Asked:
    """
    What a text asks for, as conditions: `whole` compares it and asks no index, `by_index` looks its parts up as well.

    `is_listed`: a list in its own order has a page of them soonest by going through it. `estimated` is about how many
    contacts have the text; 0 where they are few anyway.
    """

    whole: list[Any]
    by_index: list[Any]
    is_listed: bool
    estimated: float


def _ask(text: str, *, with_addresses: bool) -> _Asked | None:
    """Return what `text` asks for; None for a text without a word. Two queries, three with one that many have."""
    terms = _terms(text, with_addresses=with_addresses)
    if not terms:
        return None
    sample = _look_at_sample(terms)
    is_listed = len(sample.ids) >= LISTED and (with_addresses or _are_named(sample.ids, terms))
    whole: list[Any] = [_any(_holds("search_text", spelling) for spelling in spellings) for spellings in terms]
    if not with_addresses:
        whole += [condition for [word] in terms for condition in (_is_early(word), in_a_name(word))]
    looked_up = [
        _any(_all(Q(search_text__contains=part) for part in parts) for parts in alternatives)
        for alternatives in sample.parts
    ]
    return _Asked(whole, whole + looked_up, is_listed, sample.estimated)


def _are_named(ids: Sequence[int], terms: Sequence[Sequence[str]]) -> bool:
    """Whether of these contacts, in whose names or addresses the terms occur, many have them in their names."""
    named = Contact.objects.filter(pk__in=ids)
    for [word] in terms:
        named = named.filter(in_a_name(word))
    return 4 * named.count() >= len(ids)


def _holds(column: Any, text: str) -> Q:
    return Q(GreaterThan(StrIndex(column, Value(text)), 0))


def _is_early(text: str) -> Q:
    """
    Return the condition that `text` stands where the search text may have a name.

    It costs less than looking into the names, and leaves few of those whose addresses have the text. The names stand
    first, and folded none has more characters than it had octets.
    """
    octets = (Func(name, function="octet_length", output_field=IntegerField()) for name in NAMES)
    return _holds(Left("search_text", reduce(add, octets, Value(len(NAMES) - 1))), text)


def in_a_name(text: str, contact: str = "") -> Q:
    """
    Return the condition that `text` stands in one of a contact's names; goes with one that has an index.

    `contact` is the path to the contact, such as "member__contact__".
    """
    return _any(Q(**{f"{contact}{name}__reads": text}) for name in NAMES)


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def _all(conditions: Iterable[Q]) -> Q:
    return reduce(and_, conditions)


def find_people(text: str, *, limit: int = 20, with_addresses: bool) -> list[FoundPerson]:
    """
    Return the persons that `text` may mean, best matches first; at most six queries.

    Every word has to occur, in any order: in a name or handle, or with `with_addresses` in an e-mail
    address or a telephone number, whose spelling does not matter; accents never do. First come those whose name or
    address is the text, then those whose name begins with it, those with names that begin with its
    words, names that hold them, addresses that begin with them, addresses that hold them; among equals
    whoever changed last. Merged records lead to their survivor. Texts of one or two letters are
    compared with beginnings only. Nobody is missed unless more match than anybody reads.
    """
    terms = _terms(text, with_addresses=with_addresses)
    if not terms:
        return []
    wanted = _Wanted(terms, " ".join(fold(text).split()), with_addresses)
    found = _beginning_with(wanted, at_most=5 * limit)
    if len(found) < limit:
        found |= _holding(wanted)
    return _people(wanted, sorted(found), limit=limit)


def people_with(addresses: Sequence[str], *, limit: int = 8) -> list[FoundPerson]:
    """
    Return the persons who have one of these normalised addresses, the oldest first, each with what they have of them.

    For readers who may see addresses: to be told that somebody has one is to be told whose it is. Two queries.
    """
    had = ContactPoint.objects.filter(normalised__in=addresses).order_by("pk")
    points: dict[int, dict[str, str]] = {}
    for person, kind, raw in had.values_list("contact__person_id", "kind", "raw"):
        points.setdefault(person or 0, {}).setdefault(kind, raw)
    known: QuerySet[Any] = Contact.objects.annotate(
        leave_alone=wishes_no_contact(), at_stage=stage_now()
    ).select_related("company")
    people = known.filter(pk__in=points).order_by("pk")[:limit] if points else []
    return [
        FoundPerson(
            id=person.pk,
            name=str(person),
            known_as=person.known_as,
            email=points[person.pk].get(ContactPoint.Kind.EMAIL),
            phone=points[person.pk].get(ContactPoint.Kind.PHONE),
            company=str(person.company or ""),
            stage=person.at_stage,
            do_not_contact=person.leave_alone,
        )
        for person in people
    ]


def _terms(text: str, *, with_addresses: bool) -> list[list[str]]:
    """
    Return what has to occur: for each word its spellings, one of which is enough.

    Digits with the signs that people put between them are one telephone number, which is stored as
    its raw text and in E.164: 020 7946 is looked for as written, and without the zero in front.
    """
    terms = []
    words = fold(text).replace("\x00", "").split()
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

    def condition(self) -> tuple[str, list[str]]:
        """Every term occurs where the reader may look. Asks no index."""
        found, parameters = _each(self.terms, "c.search_text")
        if self.with_addresses:
            return found, parameters
        named, more = _each(self.terms, _NAMES_SQL)
        return f"{found} AND {named}", parameters + more

    def place(self) -> tuple[str, list[str]]:
        """How good a match is, 0 the best; over `found` with the columns `names` and `search_text`."""
        whole = "found.search_text" if self.with_addresses else "found.names"
        steps = [
            (_in(f"E'\\n' || replace({whole}, ', ', E'\\n') || E'\\n'"), [f"\n{self.whole}\n"]),
            (_in("E'\\n' || replace(found.names, ', ', E'\\n')"), [f"\n{self.whole}"]),
            _each(self.terms, "translate(E'\\n' || found.names, E'\\n-._@''', '      ')", " {}"),
            _each(self.terms, "found.names"),
            _each(self.terms, "E'\\n' || found.search_text", "\n{}"),
        ]
        cases = " ".join(f"WHEN {condition} THEN {number}" for number, (condition, _) in enumerate(steps))
        return f"CASE {cases} ELSE {len(steps)} END", [one for _, parameters in steps for one in parameters]


def _in(column: str) -> str:
    return f"strpos({column}, %s) > 0"


def _each(terms: Sequence[Sequence[str]], column: str, form: str = "{}") -> tuple[str, list[str]]:
    """Return the condition that of every term one spelling, put into `form`, stands in the column."""
    found = " AND ".join(f"({' OR '.join([_in(column)] * len(spellings))})" for spellings in terms)
    return found, [form.format(spelling) for spellings in terms for spelling in spellings]


def _literal(text: str) -> str:
    """What LIKE takes for the text itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class _Sample:
    """
    What a sample of the table says of a text.

    `ids` are contacts of the sample that have it, `is_common` says whether there are so many that no
    more need to be looked for, `estimated` about how many the table has. `parts` are what to ask the index for: of each
    term that is worth asking for, for each of its spellings, parts of three letters. Empty when the index knows none of
    them.
    """

    parts: list[list[list[str]]]
    ids: Sequence[int] = ()
    is_common: bool = False
    estimated: float = 0


def _look_at_sample(terms: Sequence[Sequence[str]]) -> _Sample:
    """Ask a sample how common the text is, and which of its parts are rare. Two queries."""
    # Of a telephone number that is spelled digit by digit the index knows the other spelling.
    known = [[parts for parts in map(_parts, spellings) if parts] for spellings in terms]
    usable = [alternatives for alternatives in known if alternatives]
    rows = _estimated_rows()
    if rows <= 2 * SAMPLED:  # anything is quick
        return _Sample([[parts[:CHOSEN] for parts in alternatives] for alternatives in usable])
    asked = sorted({part for alternatives in usable for parts in alternatives for part in parts})
    whole, parameters = _each(terms, "c.search_text")
    having = "".join(f", count(*) FILTER (WHERE c.id %% 4 = 0 AND {_in('c.search_text')})" for _ in asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT array_agg(c.id) FILTER (WHERE {whole}), count(*) FILTER (WHERE c.id %% 4 = 0){having}
            FROM crm_contact c TABLESAMPLE SYSTEM ({100 * SAMPLED / rows:.6f}) REPEATABLE (0)
            """,
            [*parameters, *asked],
        )
        ids, looked_at, *counts = cursor.fetchone()
    parts = _rarest(usable, dict(zip(asked, counts, strict=True)), brief=BRIEF * looked_at)
    have_it = ids or []
    estimated = len(have_it) * rows / SAMPLED
    return _Sample(parts, have_it[:CANDIDATES], is_common=len(have_it) >= COMMON, estimated=estimated)


def _rarest(terms: Sequence[Sequence[Sequence[str]]], having: dict[str, int], *, brief: float) -> list[list[list[str]]]:
    """Return the parts to look up: the rarest of the rarest term, and what is rare besides."""
    ranked = []
    for alternatives in terms:
        chosen = [_apart(sorted(parts, key=lambda part: (having[part], not part.isalnum()))) for parts in alternatives]
        chosen = [[first, *(part for part in others if having[part] <= brief)] for first, *others in chosen]
        ranked.append((sum(having[parts[0]] for parts in chosen), chosen))
    ranked.sort(key=lambda one: one[0])
    return [chosen for place, (rarity, chosen) in enumerate(ranked) if place == 0 or rarity <= brief]


def _apart(parts: Sequence[str]) -> list[str]:
    """Return the first few parts of which no two share two letters: whoever has "rci" and "cia" has "rcia" anyway."""
    chosen: list[str] = []
    for part in parts:
        if len(chosen) < CHOSEN and not any(part[:2] in one or part[1:] in one for one in chosen):
            chosen.append(part)
    return chosen


def _parts(spelling: str) -> list[str]:
    """Return parts of three letters that the index knows, spread over the text: at least two letters side by side."""
    windows = [spelling[start : start + SHORTEST] for start in range(len(spelling) - SHORTEST + 1)]
    known = list(dict.fromkeys(one for one in windows if one[:2].isalnum() or one[1:].isalnum()))
    return known[:: -(-len(known) // ASKED) or 1]


def _beginning_with(wanted: _Wanted, *, at_most: int) -> set[int]:
    """Return contacts whose name, or without one whose handle, begins with the text: the shortest first."""
    beginning = f"left(c.search_text, {BEGINNING})"
    # Names stand at the beginning of the search text: few of those found begin with an address.
    found = (
        f"SELECT c.* FROM crm_contact c WHERE {beginning} LIKE %s ORDER BY {beginning} USING ~<~"
        f" LIMIT {at_most if wanted.with_addresses else 3 * at_most}"
    )
    pattern = f"{_literal(wanted.whole[:BEGINNING])}%"
    if wanted.with_addresses:
        return _ids(f"SELECT c.id FROM ({found}) c", [pattern])
    return _ids(
        f"SELECT c.id FROM ({found}) c WHERE strpos({_NAMES_SQL}, %s) = 1 LIMIT {at_most}",
        [pattern, wanted.whole[:BEGINNING]],
    )


def _holding(wanted: _Wanted) -> set[int]:
    """Return contacts in which all terms occur: all, unless there are very many."""
    sample = _look_at_sample(wanted.terms)
    if not sample.parts:
        return set()
    if sample.is_common and wanted.with_addresses:
        return set(sample.ids)
    condition, parameters = wanted.condition()
    if sample.is_common:
        return _ids(
            f"SELECT c.id FROM crm_contact c WHERE c.id = ANY(%s) AND {condition}", [list(sample.ids), *parameters]
        )
    looked_up = " AND ".join(
        "(" + " OR ".join(" AND ".join(["c.search_text LIKE %s"] * len(parts)) for parts in alternatives) + ")"
        for alternatives in sample.parts
    )
    patterns = [f"%{_literal(part)}%" for alternatives in sample.parts for parts in alternatives for part in parts]
    return _ids(
        f"SELECT c.id FROM crm_contact c WHERE {looked_up} AND {condition} LIMIT {CANDIDATES}",
        [*patterns, *parameters],
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
            SELECT p.id, p.full_name, p.known_as,
                   CASE WHEN p.stage <> 'customer' AND {has_bought_sql("p")} THEN 'customer' ELSE p.stage END,
                   COALESCE(company.name, ''),
                   EXISTS (SELECT FROM crm_contact r WHERE r.person_id = p.id AND r.do_not_contact)
            FROM (
                SELECT found.person_id, min({place}) AS place
                FROM (
                    SELECT c.person_id, c.search_text, {_NAMES_SQL} AS names
                    FROM crm_contact c WHERE c.id = ANY(%s) OFFSET 0  -- names are computed once
                ) found
                GROUP BY found.person_id
            ) ranked
            JOIN crm_contact p ON p.id = ranked.person_id
            LEFT JOIN crm_company company ON company.id = p.company_id
            ORDER BY ranked.place, p.updated_at DESC, p.id DESC
            LIMIT {limit}
            """,
            [*parameters, list(contacts)],
        )
        rows = cursor.fetchall()
    addresses = _addresses(wanted, [pk for pk, *_ in rows]) if wanted.with_addresses and rows else {}
    return [
        FoundPerson(
            id=pk,
            name=str(Contact(pk=pk, full_name=full_name, known_as=known_as)),
            known_as=known_as,
            email=addresses.get((pk, ContactPoint.Kind.EMAIL.value)),
            phone=addresses.get((pk, ContactPoint.Kind.PHONE.value)),
            company=company,
            stage=stage,
            do_not_contact=do_not_contact,
        )
        for pk, full_name, known_as, stage, company, do_not_contact in rows
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
        written = f"{fold(normalised)}\n{fold(raw)}"
        matches = any(spelling in written for spelling in spellings)
        if (person, kind) not in chosen or (matches and (person, kind) not in is_match):
            chosen[person, kind] = raw
        if matches:
            is_match.add((person, kind))
    return chosen


def refresh_search_text(contact_ids: Sequence[int]) -> None:
    """Write anew what the search looks through, after names or addresses were changed outside a batch."""
    expression = SEARCH_TEXT.format(full_name="t.full_name", preferred_name="t.preferred_name", known_as="t.known_as")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Contact._meta.db_table} t SET search_text = {expression} WHERE t.id = ANY(%s)",
            [list(contact_ids)],
        )
