"""
A person's name in the words of others: found and blotted out.

Nobody can read a million texts, so only what is unmistakable is looked for: addresses, full names of at
least two words, handles written with an @, and handles and external ids that no word looks like; however many spaces or
line ends stand between words, and whichever way accents are stored. What another
contact or account carries as well (a namesake, a shared address) is left alone.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, quote_plus

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils.text import slugify

from crm.personal_data.declarations import Heading, Link, Sort, Words
from crm.personal_data.rows import keys_of
from crm.personal_data.schema import stored_models, tracked_model, treatments_of
from gateway.together import Select, select_together

BLOT = "[erased]"
SHORTEST = 6  # characters of a handle or external id that is looked for without an @
SHORTEST_HINT = 3  # characters: what is shorter is in most texts
# What may stand between the words of a name, in a text and in one that is written as in JSON.
GAP, GAP_IN_JSON = r"[\s\u00a0\u202f]+", r"(?:[\s\u00a0\u202f]|\\[nrt])+"


def is_unmistakable(name: str) -> bool:
    """Whether a handle or external id looks like no word and no number: it has letters and something else."""
    return (
        len(name) >= SHORTEST
        and any(sign.isalpha() for sign in name)
        and any(not sign.isalpha() and not sign.isspace() for sign in name)
    )


@dataclass(frozen=True)
class Traces:
    """What to look for in the words of others: the longest first, so that a part never hides the whole."""

    texts: Sequence[str]

    @classmethod
    def made_of(cls, known: Mapping[Sort, Iterable[str]]) -> "Traces":
        """Choose what is unmistakable among the names that a person is known by."""
        names, addresses, handles, codes = (known.get(sort, ()) for sort in ("name", "address", "handle", "code"))
        found = {name.strip() for name in names if len(name.split()) > 1}
        found |= set(addresses)
        found |= {f"@{handle}" for handle in handles}
        found |= {code for code in [*handles, *codes] if is_unmistakable(code)}
        found |= {normalize(form, text) for text in found for form in ("NFC", "NFD")}
        return cls(sorted(found, key=lambda text: (-len(text), text)))

    def in_links(self) -> "Traces":
        """Return what to look for in addresses of the web, which write names otherwise: joe-bloggs, joe%40x.example."""
        found = set(self.texts)
        for text in self.texts:
            found |= {quote(text), quote(text, safe=""), quote_plus(text)}
            if " " in text:
                parts = slugify(text).split("-"), slugify(text, allow_unicode=True).split("-")
                found |= {sign.join(words) for words in parts for sign in "-_.+" if len("".join(words)) >= SHORTEST}
        return Traces(sorted(found, key=lambda text: (-len(text), text)))

    def pattern(self, *, in_json: bool = False) -> str:
        """Return the regular expression of PostgreSQL that finds any of them as a whole word."""
        texts = [text.split() for text in self.texts]
        if in_json:
            texts = [[json.dumps(word, ensure_ascii=False)[1:-1] for word in words] for words in texts]
        gap = GAP_IN_JSON if in_json else GAP
        return rf"(?<!\w)(?:{'|'.join(gap.join(map(re.escape, words)) for words in texts)})(?!\w)"

    def hints(self) -> Sequence[str]:
        """
        Return parts of them, one of which is in the text of whatever mentions the person, but for its case.

        Looking for those first takes a quarter of the time that the expression takes alone. Each is the longest part
        that is written the same in JSON and has no letter but those of English, about whose case there is no doubt.
        Where that is short for any of them, there are none.
        """
        parts = {max(re.findall(r"[ !#-\[\]-~]+", text), key=len, default="") for text in self.texts}
        if any(len(part) < SHORTEST_HINT for part in parts):
            return ()
        return sorted(part for part in parts if not any(other in part for other in parts - {part}))

    def occur_in(self, text: str) -> bool:
        """Whether any of them stands in `text`."""
        return bool(self.texts) and re.search(self.pattern(), text, re.IGNORECASE) is not None


def worded_columns() -> Iterator[tuple[type[models.Model], Sequence[models.Field]]]:
    """Yield each model with the fields in which people write, headings among them, history tables too."""
    for model in stored_models():
        named = {
            name for name, treatment in treatments_of(model).items() if isinstance(treatment, (Words, Link, Heading))
        }
        fields = [field for field in model._meta.concrete_fields if field.name in named]
        if fields:
            yield model, fields


def count_mentions(traces: Traces, *, besides: Callable[[type[models.Model]], Collection[Any]]) -> Mapping[str, int]:
    """Return how many rows of each table, `besides` some, mention the person, by the model's label. One query."""
    if not traces.texts:
        return {}
    selects: dict[type[models.Model], Select] = {}
    for model, fields in worded_columns():
        conditions, parameters = _conditions(model, fields, traces)
        selects[model] = (
            f"SELECT {model._meta.pk.column} FROM {model._meta.db_table} WHERE {conditions}",
            parameters,
        )
    found = zip(selects, select_together(list(selects.values())), strict=True)
    counts = {model._meta.label: len(keys_of(model, rows).difference(besides(model))) for model, rows in found}
    return {label: count for label, count in counts.items() if count}


def find_mentions(traces: Traces) -> Iterator[tuple[type[models.Model], object, str]]:
    """Yield model, id and field of every row whose words mention the person."""
    if not traces.texts:
        return
    for model, fields in worded_columns():
        key = model._meta.pk.column
        with connection.cursor() as cursor:
            for field in fields:
                conditions, parameters = _conditions(model, [field], traces)
                cursor.execute(
                    f"SELECT {key} FROM {model._meta.db_table} WHERE {conditions} ORDER BY {key}", parameters
                )
                for (pk,) in cursor.fetchall():
                    yield model, pk, field.name


def blot_out(traces: Traces) -> Mapping[str, int]:
    """Replace the person's names in the words of every table; return how many rows changed, by the model's label."""
    if not traces.texts:
        return {}
    changed = {}
    with connection.cursor() as cursor:
        for model, fields in worded_columns():
            conditions, parameters = _conditions(model, fields, traces)
            assignments, values = _assignments(model, fields, traces)
            if any(field.name == "updated_at" for field in model._meta.concrete_fields) and not tracked_model(model):
                assignments += ", updated_at = now()"
            cursor.execute(f"UPDATE {model._meta.db_table} SET {assignments} WHERE {conditions}", values + parameters)
            changed[model._meta.label] = cursor.rowcount
    return {label: count for label, count in changed.items() if count}


def _is_escaped(field: models.Field) -> bool:
    """Whether quotes and backslashes stand in the field's text as in JSON."""
    return isinstance(field, (models.JSONField, ArrayField))


def _looked_for(model: type[models.Model], field: models.Field, traces: Traces) -> Traces:
    return traces.in_links() if isinstance(treatments_of(model)[field.name], Link) else traces


def _conditions(model: type[models.Model], fields: Sequence[models.Field], traces: Traces) -> tuple[str, list[str]]:
    conditions: list[str] = []
    parameters: list[str] = []
    for field in fields:
        looked_for = _looked_for(model, field, traces)
        # A % or _ in them stands for anything, and so does a space: no less is found.
        hints = [f"%{hint.replace(' ', '%')}%" for hint in looked_for.hints()]
        lowered = ", ".join(["lower(%s)"] * len(hints))
        words, pattern = f"{field.column}::text", looked_for.pattern(in_json=_is_escaped(field))
        # A CASE keeps the order: PostgreSQL takes the expression for the cheaper of the two.
        hinted = f"CASE WHEN lower({words}) LIKE ANY(ARRAY[{lowered}]) THEN {words} ~* %s END"
        conditions.append(hinted if hints else f"{words} ~* %s")
        parameters += [*hints, pattern]
    return " OR ".join(conditions), parameters


def _assignments(model: type[models.Model], fields: Sequence[models.Field], traces: Traces) -> tuple[str, list[str]]:
    parts = []
    for field in fields:
        replaced = f"regexp_replace({field.column}::text, %s, '{BLOT}', 'gi')"
        if _is_escaped(field):
            replaced = f"{replaced}::{field.db_type(connection)}"
        elif field.max_length:
            replaced = f"left({replaced}, {field.max_length})"
        parts.append(f"{field.column} = {replaced}")
    patterns = [_looked_for(model, field, traces).pattern(in_json=_is_escaped(field)) for field in fields]
    return ", ".join(parts), patterns
