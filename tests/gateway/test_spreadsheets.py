import csv
import io
import re

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
        ("Joe;=1+1", "Joe;'=1+1"),
        ("Joe; '\"@x", "Joe;' '\"@x"),
        ("Joe;'=1", "Joe;''=1"),
        ("one\n- two\r\n+3", "one\n'- two\r\n'+3"),
        ("a\t=1|-2", "a\t'=1|'-2"),
        ("=1;=2", "'=1;'=2"),
        ("a;b\n\nc; 5;-", "a;b\n\nc; 5;'-"),
        ("so, -5; 1,-2", "so, -5; 1,-2"),
        ("", ""),
    ],
)
def test_escape_formula_marks_what_a_spreadsheet_would_run(text, cell):
    assert escape_formula(text) == cell
    assert unescape_formula(cell) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(text=st.text(alphabet="=+-@;|\t\n＝'\" a"))
@example(text="Joe;=1+1")
@example(text='Joe\n=1+1"')
def test_no_cell_is_run_by_whatever_a_spreadsheet_parts_a_line(delimiter, text):
    file = io.StringIO()
    csv.writer(file).writerows([["5", escape_formula(text), "en"]])
    cells = [cell for row in csv.reader(io.StringIO(file.getvalue()), delimiter=delimiter) for cell in row]

    assert [cell for cell in cells if re.match(r"[ '\"]*[=+\-@＝]", cell) and not cell.startswith("'")] == []


@given(st.text(alphabet="=+-@\t\r\n＝'\" 12.a;|") | st.text())
@example("'=")
@example("-1")
@example("'-1")
def test_unescape_formula_undoes_escape_formula(text):
    assert unescape_formula(escape_formula(text)) == text
