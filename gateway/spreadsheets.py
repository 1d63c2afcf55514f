"""
Cells that a spreadsheet would take for a formula.

A text that begins with one of `= + - @`, a tab or a line end is run as a formula by the programs in
which people open CSV files (OWASP ASVS 1.2.10). What Kith writes gets a leading apostrophe there,
and what Kith reads loses exactly that apostrophe again, so that a round trip changes nothing.

Where a comma is written in numbers these programs part lines at semicolons, whatever the file says: of
`5,Joe;=1+1` they make a cell `=1+1`. So the same holds within a text, behind whatever may begin a cell or a line there.
"""

import re

_SIGNS = "=+\\-@＝＋－＠"
_FORMULA = re.compile(rf"""[ '"]*[{_SIGNS}\t\r\n]""")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")
_WITHIN = re.compile(rf"""(?<=[;|\t\r\n])(?=[ '"]*[{_SIGNS}])""")
_MARKED_WITHIN = re.compile(rf"""(?<=[;|\t\r\n])'(?=[ '"]*[{_SIGNS}])""")


def escape_formula(text: str) -> str:
    """
    Return `text` as it may stand in a CSV cell: with an apostrophe wherever a part of it could be run.

    Plain numbers such as -12.50 stay numbers. Examples: `=1+1` becomes `'=1+1`, and `Joe;=1+1` `Joe;'=1+1`.
    """
    marked = _WITHIN.sub("'", text)
    return f"'{marked}" if _could_be_run(text) else marked


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` made `cell` of; a cell that it did not touch comes back as it is."""
    marked = cell[1:] if cell.startswith("'") and _could_be_run(cell[1:]) else cell
    return _MARKED_WITHIN.sub("", marked)


def _could_be_run(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
