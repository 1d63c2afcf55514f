"""
Cells that a spreadsheet would take for a formula.

A text that begins with one of `= + - @`, a tab or a line end is run as a formula by the programs in
which people open CSV files (OWASP ASVS 1.2.10). What Kith writes gets a leading apostrophe there,
and what Kith reads loses exactly that apostrophe again, so that a round trip changes nothing.
"""

import re

_FORMULA = re.compile(r"""[ '"]*[=+\-@\t\r\n＝＋－＠]""")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")


def escape_formula(text: str) -> str:
    """
    Return `text` as it may stand in a CSV cell: with a leading apostrophe if it could be run.

    Plain numbers such as -12.50 stay numbers. Example: `=1+1` becomes `'=1+1`.
    """
    return f"'{text}" if _could_be_run(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` made `cell` of; a cell that it did not touch comes back as it is."""
    return cell[1:] if cell.startswith("'") and _could_be_run(cell[1:]) else cell


def _could_be_run(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
