import gzip

import pytest

from community.sources import csv_file
from community.sources.csv_file import check_csv
from community.sources.source import UnreadableFile, WrongOptions


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str, name: str = "people.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(file):
    return [cells for _, cells in file.records()]


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,Æble\n2,Øl\n".encode(),
        "id,name\n1,Æble\n2,Øl".encode(),
        "id,name\r\n1,Æble\r\n2,Øl\r\n".encode(),
        "id,name\r1,Æble\r2,Øl\r".encode(),
        "id,name\r\n1,Æble\n2,Øl\r".encode(),
        "\ufeffid,name\n1,Æble\n2,Øl\n".encode(),
        "\n\nid,name\n\n1,Æble\n,\n2,Øl\n\n".encode(),
        "id;name\n1;Æble\n2;Øl\n".encode(),
        "id\tname\n1\tÆble\n2\tØl\n".encode(),
        "id|name\n1|Æble\n2|Øl\n".encode(),
        '"id","name"\n"1","Æble"\n"2","Øl"\n'.encode(),
        " id , name \n1,Æble\n2,Øl\n".encode(),
    ],
)
def test_check_csv_reads_the_usual_forms(write, content):
    file = check_csv(write(content))

    assert file.header == ("id", "name")
    assert file.total == 2
    assert rows(file) == [["1", "Æble"], ["2", "Øl"]]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "iso-8859-1", "UTF-8", "cp850"])
def test_check_csv_reads_a_named_encoding(write, encoding):
    file = check_csv(write("id,name\n1,Æble\n".encode(encoding)), encoding=encoding)

    assert rows(file) == [["1", "Æble"]]


def test_check_csv_takes_quoted_delimiters_quotes_and_line_ends(write):
    file = check_csv(write('id;text\n1;"a;b"\n2;"she said ""no"""\n3;"two\nlines"\n'))

    assert rows(file) == [["1", "a;b"], ["2", 'she said "no"'], ["3", "two\nlines"]]


def test_check_csv_numbers_rows_with_the_header_as_row_1(write):
    file = check_csv(write("id,name\n1,a\n\n2,b\n"))

    assert [number for number, _ in file.records()] == [2, 4]


def test_check_csv_takes_off_the_apostrophe_against_formulas(write):
    file = check_csv(write("id,name\n1,'=1+1\n2,'tis\n"))

    assert rows(file) == [["1", "=1+1"], ["2", "'tis"]]


@pytest.mark.parametrize(("name", "character"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("|", "|")])
def test_check_csv_takes_the_named_delimiter(write, name, character):
    file = check_csv(write(f"id{character}a,b\n1{character}2\n"), delimiter=name)

    assert file.header == ("id", "a,b")


def test_check_csv_reads_a_single_column(write):
    assert check_csv(write("id\n1\n2\n")).header == ("id",)


def test_check_csv_finds_the_delimiter_despite_a_ragged_row(write):
    assert check_csv(write("id;name;note\n1;a;x,y\n2;b\n")).delimiter == ";"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("id,name\n1,Æble\n".encode("cp1252"), r"is not UTF-8: line 2 holds the byte 0xc6\..*--encoding cp1252"),
        ("id,name\n1,Æble\n".encode("utf-16"), r"UTF-16, not UTF-8\. Add --encoding utf-16"),
        ("id,name\n1,Æ\n".encode("utf-16-le"), r"UTF-16 without a byte order mark\. Add --encoding utf-16-le\."),
        ("id,name\n1,Æ\n".encode("utf-16-be"), r"UTF-16 without a byte order mark\. Add --encoding utf-16-be\."),
        (b"i\0d,name\n1,a\n", r"NUL characters in its header\. .*--encoding utf-16"),
        (b"PK\x03\x04rest", "Excel workbook or a zip archive.*Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (gzip.compress(b"id\n1\n", mtime=0), "compressed with gzip"),
        (b"%PDF-1.7", "a PDF"),
        (b"", "is empty. Its first row must name the columns"),
        (b"\n\n \n"[:2], "is empty"),
        ('id,name\n1,a\n2,"never closed\n3,b\n', r"Row 3 \(line 3\) opens a quote that is never closed"),
        ('id,name\n1,"two\nlines"\n2,"never closed\n', r"Row 3 \(line 4\) opens a quote that is never closed"),
        ('id,name\n1,"a" b\n', r"Row 2 \(line 2\) closes a quote in the middle of a cell"),
        ("id,name,name\n1,a,b\n", r"The column 'name' stands more than once \(columns 2, 3\)\. Rename one\."),
        (",".join(f"c{i}" for i in range(10_000)) + "\n", r"has 10,000 columns parted by a comma; at most 1,000"),
        ("a,b;c\n1,2;3\n", "could be parted by comma or semicolon. Say which with --delimiter"),
    ],
)
def test_check_csv_refuses_with_a_sentence_that_names_the_fix(write, content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        check_csv(write(content))


@pytest.mark.parametrize("named", ["utf-16", "cp1252"])
def test_check_csv_says_which_utf16_it_is_where_another_encoding_is_named(write, named):
    path = write("id,name\n1,Æ\n".encode("utf-16-be"))

    with pytest.raises(UnreadableFile, match=r"Add --encoding utf-16-be\."):
        check_csv(path, encoding=named)
    assert check_csv(path, encoding="utf-16-be").header == ("id", "name")


def test_check_csv_refuses_a_huge_cell(write):
    path = write("id,text\n1," + "x" * (csv_file.MAX_CELL + 1) + "\n")

    with pytest.raises(UnreadableFile, match=r"Row 2 \(line 2\) holds a cell of more than 1,048,576 characters"):
        check_csv(path)


def test_check_csv_refuses_a_huge_line_without_holding_it(write):
    path = write("id,text\n1," + "x" * (csv_file.MAX_LINE + 1) + "\n")

    with pytest.raises(UnreadableFile, match="Line 2 is longer than 4,194,304 characters"):
        check_csv(path)


def test_check_csv_names_the_byte_that_a_wrong_encoding_cannot_hold(write):
    with pytest.raises(UnreadableFile, match=r"is not ascii: line 2 holds the byte 0xc3\. Is the encoding right\?"):
        check_csv(write("id,name\n1,Æble\n"), encoding="ascii")


def test_check_csv_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnreadableFile, match=r"nowhere\.csv cannot be opened: No such file or directory"):
        check_csv(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoding": "utf-9"}, "no text encoding 'utf-9'"),
        ({"encoding": "idna"}, "no text encoding 'idna'"),
        ({"encoding": "undefined"}, "no text encoding 'undefined'"),
        ({"delimiter": "::"}, "A delimiter is one character"),
        ({"delimiter": '"'}, "A delimiter is one character"),
    ],
)
def test_check_csv_refuses_options_that_cannot_be(write, options, sentence):
    with pytest.raises(WrongOptions, match=sentence):
        check_csv(write("id,name\n1,a\n"), **options)
