import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.spreadsheets import escape_formula, unescape_formula


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+45 12 34", "'+45 12 34"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ('"=1', "'\"=1"),
        ("＝1", "'＝1"),
        ("-12.50", "-12.50"),
        ("+4512345678", "+4512345678"),
        ("-1.234,56", "-1.234,56"),
        ("a=1", "a=1"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_escape_formula_marks_what_a_spreadsheet_would_run(text, cell):
    assert escape_formula(text) == cell
    assert unescape_formula(cell) == text


@given(st.text(alphabet="=+-@\t\r\n＝'\" 12.a") | st.text())
@example("'=")
@example("-1")
@example("'-1")
def test_unescape_formula_undoes_escape_formula(text):
    assert unescape_formula(escape_formula(text)) == text
