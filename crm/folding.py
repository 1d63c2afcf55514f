"""
Names as they are searched and compared: in lower case, without accents.

Whoever is told a name on the telephone knows neither its accents nor the letters of every language, and two systems
spell one person in two ways. `fold` and the database's function `kith_fold` do the same; a test holds them to each
other. What is folded is looked through and compared, and never shown.
"""

import unicodedata
from typing import Any

from django.db.models import BooleanField, CharField, Func, Lookup, TextField

FIRST_MARK, LAST_MARK = "\u0300", "\u036f"  # what stands above, below and across letters

# Letters that are no others with a mark, and signs that keyboards lack. The database's copy stands in the migration
# that made `kith_fold`.
_LETTERS = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "\u0133": "ij", "\u0149": "'n",
        "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "\u0140": "l", "ł": "l", "ŋ": "n", "\u0138": "q",
        "\u017f": "s", "ŧ": "t", "\u03c2": "\u03c3",
        "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "\u2010": "-", "\u2011": "-", "\u2013": "-",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Return the text in lower case and without accents: “Søren García” is `soren garcia`. Folding twice is folding."""
    if text.isascii():
        return text.lower()
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not FIRST_MARK <= sign <= LAST_MARK)
    return unicodedata.normalize("NFC", bare.lower().translate(_LETTERS))


def folded(expression: Any) -> Func:
    """Return an expression as the indexes of names have it: what `fold` makes of it, computed by the database."""
    return Func(expression, function="kith_fold")


@CharField.register_lookup
@TextField.register_lookup
class Reads(Lookup):
    """
    `full_name__reads="jose"`: the text stands somewhere in the column, both folded. Asks no index.

    What is ASCII needs no function of ours: among a million that takes half of the time.
    """

    lookup_name = "reads"
    output_field = BooleanField()

    def get_prep_lookup(self) -> str:
        return fold(str(self.rhs))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        text, more = self.process_rhs(compiler, connection)
        is_ascii = f"octet_length({column}) = length({column})"
        read = f"CASE WHEN {is_ascii} THEN lower({column}) ELSE kith_fold({column}) END"
        return f"strpos({read}, {text}) > 0", (*4 * tuple(parameters), *more)
