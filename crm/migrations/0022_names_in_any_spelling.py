"""
Names are searched and compared without accents: the functions that do it, and what is indexed.

The search text is stored folded, so its indexes stay as they are, and only rows with other than ASCII letters are
written, some thousands to a transaction. Indexes are made while everybody reads and writes. Whatever stops this may
begin again: folding a text twice changes nothing.
"""

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

AT_ONCE = 20_000  # rows

# As `crm.folding.fold` does it. PostgreSQL's own unaccent goes by a file of rules that differs between its versions:
# an index must not depend on it, and neither can Python. Most names are ASCII and cost nothing more than before.
KITH_FOLD = """
CREATE OR REPLACE FUNCTION kith_fold(spelled text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 AS $$
BEGIN
    IF octet_length(spelled) = length(spelled) THEN
        RETURN lower(spelled);
    END IF;
    spelled := lower(regexp_replace(normalize(spelled, NFD), '[\\u0300-\\u036f]', '', 'g'));
    spelled := replace(replace(replace(spelled, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
    spelled := replace(replace(replace(spelled, 'þ', 'th'), '\u0133', 'ij'), '\u0149', '\u2019n');
    RETURN normalize(
        translate(
            spelled,
            'øđðħ\u0131\u0140łŋ\u0138\u017fŧ\u03c2\u2019\u2018\u02bc\u00b4\u2010\u2011\u2013',
            'oddhillnqst\u03c3''''''''---'
        ),
        NFC
    );
END
$$;
COMMENT ON FUNCTION kith_fold IS 'A text in lower case and without accents, as names are searched and compared.';
"""

# The letters in common at the front are counted, and what is left has to fit. A letter that is doubled, and an h that
# nobody hears, are slips wherever they stand. Any other is one inside the first name: at the edge of a word it makes
# another name (Daniel and Daniela, Simon and Simone), and in a family's as well (Baker and Barker).
KITH_SAME_BUT_A_LETTER = """
CREATE OR REPLACE FUNCTION kith_same_but_a_letter(one text, other text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 AS $$
DECLARE
    no_letters CONSTANT text := ' -.,''0123456789';
    shorter text := one;
    longer text := other;
    place integer := 1;
    letter text;
    before text;
    word text;
BEGIN
    IF length(one) > length(other) THEN
        shorter := other;
        longer := one;
    END IF;
    IF length(longer) <> length(shorter) + 1 THEN
        RETURN false;
    END IF;
    WHILE place <= length(shorter) AND substr(shorter, place, 1) = substr(longer, place, 1) LOOP
        place := place + 1;
    END LOOP;
    letter := substr(longer, place, 1);
    IF substr(shorter, place) <> substr(longer, place + 1) OR position(letter IN no_letters) > 0 THEN
        RETURN false;
    END IF;
    word := substring(left(longer, place) FROM '[^ ]*$') || substring(substr(longer, place + 1) FROM '^[^ ]*');
    IF length(word) < 4 THEN
        RETURN false;
    END IF;
    before := substr(longer, place - 1, 1);
    RETURN position(before IN no_letters) = 0 AND (
        letter IN (before, 'h')
        OR position(' ' IN left(longer, place)) = 0 AND position(substr(longer, place + 1, 1) IN no_letters) = 0
    );
END
$$;
COMMENT ON FUNCTION kith_same_but_a_letter IS
    'Whether one of two folded names does not double a letter, lacks an h, or leaves one out inside the first name.';
"""

FUNCTIONS_GO = "DROP FUNCTION kith_same_but_a_letter(text, text); DROP FUNCTION kith_fold(text)"


def fold_search_texts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Rows are locked in the order of their ids, as everybody does."""
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while last is not None:
            cursor.execute(
                """
                WITH accented AS MATERIALIZED (
                    SELECT id FROM crm_contact
                    WHERE id > %s AND octet_length(search_text) <> length(search_text)
                        AND search_text <> kith_fold(search_text)
                    ORDER BY id LIMIT %s FOR NO KEY UPDATE
                ), folded AS (
                    UPDATE crm_contact c SET search_text = kith_fold(c.search_text)
                    FROM accented WHERE c.id = accented.id
                )
                SELECT max(id) FROM accented
                """,
                [last, AT_ONCE],
            )
            [last] = cursor.fetchone()


def of_names(expression: object, name: str) -> models.Index:
    return models.Index(
        django.db.models.functions.comparison.Collate(expression, "C"),
        models.F("id"),
        condition=models.Q(("full_name", ""), _negated=True),
        include=("full_name", "erased_at"),
        name=name,
    )


FOLDED_NAME = models.Func("full_name", function="kith_fold")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0021_notes_of_wishes")]

    operations = [
        migrations.RunSQL([KITH_FOLD, KITH_SAME_BUT_A_LETTER], FUNCTIONS_GO),
        RemoveIndexConcurrently(model_name="contact", name="crm_contact_names"),
        AddIndexConcurrently(model_name="contact", index=of_names(FOLDED_NAME, "crm_contact_names")),
        RemoveIndexConcurrently(model_name="contact", name="crm_contact_name_ends"),
        AddIndexConcurrently(
            model_name="contact",
            index=of_names(django.db.models.functions.text.Reverse(FOLDED_NAME), "crm_contact_name_ends"),
        ),
        migrations.RunPython(fold_search_texts, migrations.RunPython.noop),
    ]
