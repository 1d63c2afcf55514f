"""Folding: what it makes of letters, alike in Python and in the database, and of texts that were there before it."""

import importlib

import pytest
from django.db import connection

from crm.folding import fold
from crm.models import Contact
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

# Latin-1 Supplement, Latin Extended-A and -B, Greek, Cyrillic, Latin Extended Additional.
BLOCKS = [(0x20, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x1E00, 0x1EFF)]
SEQUENCES = [
    "Jose\u0301 Garci\u0301a", "A\u030ase", "o\u0338", "e\u0302\u0301", "e\u0301\u0302", "I\u0307stanbul", "\u0301a",
    "a\u0323\u0306", "ﬁn", "한국", "\u1112\u1161\u11ab", "か\u3099", "שָׁלוֹם", "\U0001f469\u200d\U0001f680 é",
]  # fmt: skip


def in_database(texts):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kith_fold(text) FROM unnest(%s::text[]) WITH ORDINALITY AS one (text, place) ORDER BY place",
            [list(texts)],
        )
        return [text for (text,) in cursor.fetchall()]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Søren KJÆR", "soren kjaer"),
        ("José García", "jose garcia"),
        ("Jose\u0301 Garci\u0301a", "jose garcia"),
        ("Jürgen WEIẞ, Groß", "jurgen weiss, gross"),
        ("Łukasz Ðorđe Þór", "lukasz dorde thor"),
        ("İstanbul ISPARTA ığdır", "istanbul isparta igdir"),
        ("Œuvre \u0132sselmeer \u0149", "oeuvre ijsselmeer 'n"),
        ("Nguyễn Thị Đào", "nguyen thi dao"),
        ("O\u2019Brien\u2013Smith", "o'brien-smith"),
        ("ΟΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ("Фёдор Йожеф", "федор иожеф"),
        ("한국 が", "한국 が"),  # what is no accent stays
        ("Plain Name-7", "plain name-7"),
        ("", ""),
    ],
)
def test_folded_text_has_no_accents_and_no_capitals(text, bare):
    assert fold(text) == bare
    assert in_database([text]) == [bare]


def test_database_folds_as_python_does_and_folding_twice_is_folding():
    texts = [chr(code) for first, last in BLOCKS for code in range(first, last + 1)] + SEQUENCES
    texts += [f"x{text}y {text.upper()}" for text in texts]
    by_database = in_database(texts)

    assert len(texts) > 2_000
    assert [(text, one) for text, one in zip(texts, by_database, strict=True) if one != fold(text)] == []
    assert in_database(by_database) == by_database


def test_every_letter_of_western_and_central_europe_becomes_ascii():
    letters = [chr(code) for code in [*range(0xC0, 0x100), *range(0x100, 0x180)] if chr(code).isalpha()]

    assert len(letters) == 190
    assert [letter for letter in letters if not fold(letter).isascii()] == []


def test_texts_that_were_there_before_are_folded_a_few_at_a_time(monkeypatch):
    migration = importlib.import_module("crm.migrations.0022_names_in_any_spelling")
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    old = ["josé garcía\njose@example.com", "søren", "plain name", "zoë\nzoe_w", "åse", "łukasz", "ø"]
    contacts = [ContactFactory(search_text=text) for text in old]
    before = dict(Contact.objects.values_list("pk", "updated_at"))

    with connection.schema_editor() as editor:
        migration.fold_search_texts(None, editor)

    assert [Contact.objects.get(pk=contact.pk).search_text for contact in contacts] == [
        "jose garcia\njose@example.com", "soren", "plain name", "zoe\nzoe_w", "ase", "lukasz", "o",
    ]  # fmt: skip
    assert dict(Contact.objects.values_list("pk", "updated_at")) == before  # nothing that a client could notice


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("full_name <> '' AND (kith_fold(full_name) COLLATE \"C\", id) > ('jose', 1)", "crm_contact_names"),
        (
            "full_name <> '' AND (reverse(kith_fold(full_name)) COLLATE \"C\", id) > ('jose', 1)",
            "crm_contact_name_ends",
        ),
        ("search_text LIKE '%jose%'", "crm_contact_search"),
        ("left(search_text, 64) LIKE 'jose%'", "crm_contact_beginning"),
    ],
)
def test_what_is_folded_is_looked_up_by_index(statement, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT id FROM crm_contact WHERE {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert index in plan
    assert "Index Cond" in plan
