"""The command as people run it: files in, rows, report, error file and exit code out."""

import json
import stat
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from community.models import Cost, Interaction, Member
from crm.models import Contact, ContactPoint, ContactRef, Conversion
from tests.factories.community import ChannelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "data.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def run(*arguments):
    """Run the command and return (exit code, report, the sentence on standard error)."""
    out = StringIO()
    try:
        call_command("import", *map(str, arguments), "--json", stdout=out)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue() or "null"), str(error)
    return 0, json.loads(out.getvalue()), ""


def counts(report):
    return {status: report[status] for status in ("created", "updated", "unchanged", "failed")}


CUSTOMERS = "No,Name,Mail,Firm,Labels,Shoe\nc1,Åse Ørsted,ase@k.example,f1,new;vip,39\nc2,Bo,,,,\n"
CONTACTS = [
    *("--as", "contacts", "--source", "shop", "--map", "external_id=No", "--map", "full_name=Name"),
    *("--map", "email=Mail", "--map", "company.external_id=Firm", "--map", "tags=Labels"),
    *("--map", "custom_fields.shoe_size=Shoe"),
]


def test_contacts_are_created_once_and_unchanged_the_second_time(write):
    path = write(CUSTOMERS)

    first = run("csv", path, *CONTACTS)
    changed_at = set(Contact.objects.values_list("updated_at", flat=True))
    second = run("csv", path, *CONTACTS)

    assert (first[0], counts(first[1])) == (0, {"created": 2, "updated": 0, "unchanged": 0, "failed": 0})
    assert (second[0], counts(second[1])) == (0, {"created": 0, "updated": 0, "unchanged": 2, "failed": 0})
    assert set(Contact.objects.values_list("updated_at", flat=True)) == changed_at
    ase = ContactRef.objects.get(source="shop", external_id="c1").contact
    assert (ase.full_name, ase.tags, ase.custom_fields) == ("Åse Ørsted", ["new", "vip"], {"shoe_size": "39"})
    assert (ase.company.source, ase.company.external_id) == ("shop", "f1")
    assert list(ase.points.values_list("raw", flat=True)) == ["ase@k.example"]
    bo = ContactRef.objects.get(source="shop", external_id="c2").contact
    assert (bo.company, bo.tags, bo.custom_fields) == (None, [], {})


def test_error_file_is_readable_by_whoever_imports_alone(write, tmp_path):
    errors = tmp_path / "errors.csv"

    run("csv", write(CUSTOMERS.replace("ase@k.example", "ase at home")), *CONTACTS, "--errors", errors)

    assert "Åse Ørsted" in errors.read_text()
    assert stat.S_IMODE(errors.stat().st_mode) == 0o600


def test_empty_cell_leaves_a_field_alone_unless_told_to_clear(write):
    run("csv", write(CUSTOMERS), *CONTACTS)
    emptied = write("No,Name,Mail,Firm,Labels,Shoe\nc1,Åse,,,,\n", "emptied.csv")

    run("csv", emptied, *CONTACTS)
    left = Contact.objects.get(refs__external_id="c1")
    run("csv", emptied, *CONTACTS, "--empty-clears")
    cleared = Contact.objects.get(refs__external_id="c1")

    assert (left.full_name, left.company.external_id, left.tags) == ("Åse", "f1", ["new", "vip"])
    assert (cleared.full_name, cleared.company, cleared.tags) == ("Åse", None, [])
    assert not ContactPoint.objects.filter(contact=cleared).exists()


def test_columns_that_are_called_like_fields_need_no_map(write):
    path = write("external_id,full_name,colour\nc1,Åse,red\n")

    code, report, _ = run("csv", path, "--as", "contacts", "--source", "shop")

    assert (code, report["created"], report["unused_columns"]) == (0, 1, ["colour"])
    assert Contact.objects.get().full_name == "Åse"


ORDERS = [
    *("--as", "conversions", "--source", "shop", "--set", "kind=purchase", "--set", "currency=DKK"),
    *("--map", "external_id=Order", "--map", "contact.external_id=Customer"),
    *("--map", "amount=Total", "--map", "occurred_at=Date"),
]


def test_conversions_of_a_danish_file_from_windows(write):
    path = write("Order;Customer;Total;Date\r\no1;c1;1.234,50;29.03.2027\r\no2;;8,00;30.03.2027\r\n".encode("cp1252"))

    code, report, _ = run("csv", path, *ORDERS, "--decimal-comma", "--date-format", "%d.%m.%Y", "--encoding", "cp1252")

    assert (code, counts(report)) == (0, {"created": 2, "updated": 0, "unchanged": 0, "failed": 0})
    bought, guest = Conversion.objects.order_by("external_id")
    assert (bought.amount, bought.currency, bought.kind_id) == (Decimal("1234.500"), "DKK", "purchase")
    # London, the organisation's zone here, is in summer time on that day.
    assert bought.occurred_at == datetime(2027, 3, 29, 22, 59, 59, 999_999, tzinfo=UTC)
    assert bought.contact == ContactRef.objects.get(source="shop", external_id="c1").contact
    assert guest.contact is None


def test_refunds_in_a_file_of_orders_take_the_kind_of_their_original_instead_of_the_one_that_is_set(write):
    path = write("Order,Customer,Total,Date,Refunds\no1,c1,8.00,2026-03-01,\nr1,,3.00,2026-03-02,o1\n")

    code, report, _ = run("csv", path, *ORDERS, "--map", "refund_of.external_id=Refunds")

    assert (code, counts(report)) == (0, {"created": 2, "updated": 0, "unchanged": 0, "failed": 0})
    stored = Conversion.objects.order_by("pk").values_list("kind_id", "refund_of_external_id", "currency", "amount")
    assert list(stored) == [("purchase", None, "DKK", Decimal("8.000")), (None, "o1", "DKK", Decimal("3.000"))]


def test_semicolons_and_latin_1_are_read_once_both_are_named_and_the_refusals_name_the_option(write):
    path = write("No;Name, first\nc1;Ørsted, Åse\n".encode("iso-8859-1"))
    arguments = ["csv", path, "--as", "contacts", "--source", "shop", "--map", "external_id=No"]
    arguments += ["--map", "full_name=Name, first"]

    assert run(*arguments, "--delimiter", ";") == (
        1,
        None,
        "data.csv is not UTF-8: line 2 holds the byte 0xd8. Save it as UTF-8, or name its encoding, "
        "such as --encoding cp1252 for a file from Windows.",
    )
    assert run(*arguments, "--encoding", "iso-8859-1") == (
        1,
        None,
        "The cells of data.csv could be parted by comma or semicolon. Say which with --delimiter.",
    )
    assert not Contact.objects.exists()
    code, report, _ = run(*arguments, "--delimiter", ";", "--encoding", "iso-8859-1")
    assert (code, counts(report)) == (0, {"created": 1, "updated": 0, "unchanged": 0, "failed": 0})
    assert Contact.objects.get().full_name == "Ørsted, Åse"


def test_row_number_can_stand_for_an_id(write):
    path = write("Customer,Total,Date\nc1,8.00,2026-03-01\nc1,8.00,2026-03-01\n")
    arguments = [argument if argument != "external_id=Order" else "external_id=#" for argument in ORDERS]

    run("csv", path, *arguments)
    again = run("csv", path, *arguments)

    assert list(Conversion.objects.order_by("external_id").values_list("external_id", flat=True)) == ["2", "3"]
    assert counts(again[1]) == {"created": 0, "updated": 0, "unchanged": 2, "failed": 0}


def test_members_interactions_and_costs(write):
    ChannelFactory(slug="forum")
    members = write("id,name,customer\nu1,Åse,c1\n", "members.csv")
    posts = write("id,who,when,what\np1,u1,2026-10-25T01:30,Hej?\np2,u1,2026-03-29,Hej!\n", "posts.csv")
    costs = write("external_id,amount,starts_on,ends_on\na1,100.00,2026-03-01,2026-03-31\n", "costs.csv")

    run(
        *("csv", members, "--as", "members", "--set", "channel=forum", "--source", "shop"),
        *("--map", "external_id=id", "--map", "handle=name", "--map", "contact.external_id=customer"),
    )
    _, report, _ = run(
        *("csv", posts, "--as", "interactions", "--set", "channel=forum", "--set", "kind=question"),
        *("--map", "external_id=id", "--map", "member=who", "--map", "occurred_at=when", "--map", "text=what"),
    )
    run("csv", costs, "--as", "costs", "--source", "ads", "--set", "category=advertising", "--set", "currency=EUR")

    member = Member.objects.get()
    assert (member.handle, member.contact.refs.get().external_id) == ("Åse", "c1")
    assert list(Interaction.objects.order_by("external_id").values_list("occurred_at", "text", "member_id")) == [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Hej?", member.pk),
        (datetime(2026, 3, 29, 0, 0, tzinfo=UTC), "Hej!", member.pk),
    ]
    assert report["notes"] == {"times in an hour that came twice": 1}
    cost = Cost.objects.get()
    assert (cost.days.lower.isoformat(), cost.days.upper.isoformat()) == ("2026-03-01", "2026-04-01")


MIXED = (
    "Order,Customer,Total,Date,Note\n"
    "o1,c1,8.00,2026-03-01,good\n"
    'o2,c1,"8,00",2026-03-01,comma\n'
    "o3,c1,8.00,01/03/2026,date\n"
    "o4,c1,8.00\n"
    "o5,c1,8.00,2026-03-01,nul\0\n"
    "o6,c1,8.001,2026-03-01,too fine\n"
    "o7,c1,8.00,2026-03-01,=1+1\n"
)


def test_bad_rows_are_named_and_the_good_ones_taken(write):
    path = write(MIXED)

    code, report, sentence = run("csv", path, *ORDERS)

    assert code == 3
    assert sentence == f"5 of 7 rows failed. They are in {path}.errors.csv: mend and import it."
    assert counts(report) == {"created": 2, "updated": 0, "unchanged": 0, "failed": 5}
    assert sorted(Conversion.objects.values_list("external_id", flat=True)) == ["o1", "o7"]
    problems = {failure["row"]: failure["problems"][0] for failure in report["failures"]}
    assert {row: (problem["column"], problem["value"]) for row, problem in problems.items()} == {
        3: ("Total", "8,00"),
        4: ("Date", "01/03/2026"),
        5: ("", ""),
        6: ("Note", "nul␀"),
        7: ("Total", "8.001"),
    }
    assert "--decimal-comma" in problems[3]["reason"]
    assert "--date-format" in problems[4]["reason"]
    assert problems[5]["reason"] == "the row has 3 cells where the header has 5 columns"
    assert problems[6]["reason"] == "the cell holds a NUL character"


def test_error_file_can_be_mended_and_imported_again(write):
    path = write(MIXED)
    run("csv", path, *ORDERS)
    errors = path.with_name("data.csv.errors.csv")
    lines = errors.read_bytes().decode("utf-8-sig").split("\r\n")

    assert lines[0] == "import_row,import_error,Order,Customer,Total,Date,Note"
    assert lines[1].startswith("3,")
    assert lines[1].endswith('o2,c1,"8,00",2026-03-01,comma')
    assert lines[3] == "5,the row has 3 cells where the header has 5 columns,o4,c1,8.00"

    mended = errors.read_text("utf-8-sig").replace('"8,00"', "8.00").replace("01/03/2026", "2026-03-01")
    mended = mended.replace("o4,c1,8.00", "o4,c1,8.00,2026-03-01,").replace("\0", "").replace("8.001", "8.01")
    errors.write_text(mended, newline="")
    code, report, _ = run("csv", errors, *ORDERS)

    assert (code, counts(report)) == (0, {"created": 5, "updated": 0, "unchanged": 0, "failed": 0})
    assert Conversion.objects.count() == 7


def test_error_file_keeps_the_row_numbers_of_the_original(write):
    path = write("Customer,Total,Date\nc1,8.00,2026-03-01\nc1,x,2026-03-02\nc1,y,2026-03-03\n")
    arguments = [argument if argument != "external_id=Order" else "external_id=#" for argument in ORDERS]
    run("csv", path, *arguments)
    errors = path.with_name("data.csv.errors.csv")
    errors.write_text(errors.read_text("utf-8-sig").replace(",x,", ",9.00,"), newline="")

    code, report, _ = run("csv", errors, *arguments)

    assert (code, [failure["row"] for failure in report["failures"]]) == (3, [4])
    assert sorted(Conversion.objects.values_list("external_id", flat=True)) == ["2", "3"]


def test_error_file_is_written_like_the_original_and_safe_to_open(write):
    path = write("Order;Customer;Total;Date\no1;=HYPERLINK(1);x;2026-03-01\no2;Å;y;2026-03-01\n".encode("utf-16"))

    run("csv", path, *ORDERS, "--encoding", "utf-16")

    lines = path.with_name("data.csv.errors.csv").read_bytes().decode("utf-16").splitlines()
    assert lines[1].endswith("o1;'=HYPERLINK(1);x;2026-03-01")
    assert lines[2].endswith("o2;Å;y;2026-03-01")


DUMP = {
    "Users.xml": '<users><row Id="5" DisplayName="Åse" CreationDate="2012-02-01T00:00:00" />'
    '<row Id="6" DisplayName="Bo" /></users>',
    "Posts.xml": '<posts><row Id="1" PostTypeId="1" CreationDate="2012-03-01T10:00:00" OwnerUserId="5" /></posts>',
    "Comments.xml": '<comments><row Id="1" PostId="1" CreationDate="12-03-01" Text="Hm" UserId="5" /></comments>',
}
FORUM = {
    "users.csv": "user_id,username,is_staff\n5,ase,0\n,bo,0\n",
    "topics.csv": "topic_id,category_id,created_at,author_user_id,views,closed,accepted_post_number\n"
    "1,fees,2026-03-01T10:00:00Z,5,7,0,\n",
    "posts.csv": "post_id,topic_id,post_number,user_id,created_at,post_type,reply_to_post_number,like_count,is_staff,"
    "is_accepted_answer\n11,1,1,5,2026-03-01T10:00:00Z,1,,0,0,0\n12,1,2,5,yesterday,1,,0,0,0\n",
}
NOT_A_TIME = "Give a time of ISO 8601, such as 2026-03-02T09:00:00Z."


@pytest.mark.parametrize(
    ("source", "files", "header", "failed", "mended"),
    [
        (
            "stackexchange",
            DUMP,
            "import_row,import_error,file,Id",
            [
                "2,Users.xml: the row has no CreationDate,Users.xml,6",
                f"1,\"Comments.xml Id 1, occurred_at '12-03-01+00:00': {NOT_A_TIME}\",Comments.xml,1",
            ],
            {
                "Users.xml": ('DisplayName="Bo"', 'DisplayName="Bo" CreationDate="2012-02-02T00:00:00"'),
                "Comments.xml": ("12-03-01", "2012-03-01T12:00:00"),
            },
        ),
        (
            "discourse",
            FORUM,
            "import_row,import_error,file,id",
            [
                "3,\"users.csv , external_id '': This may not be empty.\",users.csv,",
                f"3,\"posts.csv 12, occurred_at 'yesterday': {NOT_A_TIME}\",posts.csv,12",
            ],
            {"users.csv": (",bo", "6,bo"), "posts.csv": ("yesterday", "2026-03-02T10:00:00Z")},
        ),
    ],
)
def test_what_fails_in_a_folder_is_named_mended_there_and_taken_with_the_folder(
    tmp_path, source, files, header, failed, mended
):
    ChannelFactory(slug="forum")
    folder = tmp_path / "site"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)

    code, report, sentence = run(source, folder, "--channel", "forum")

    errors = tmp_path / "site.errors.csv"
    assert (code, counts(report)) == (3, {"created": 3, "updated": 0, "unchanged": 0, "failed": 2})
    assert sentence == (
        f"2 of 5 rows failed. {errors} names them: mend them in the files of {folder} and import it again."
    )
    assert errors.read_text("utf-8-sig").splitlines() == [header, *failed]

    for name, (wrong, right) in mended.items():
        (folder / name).write_text(files[name].replace(wrong, right))
    code, report, _ = run(source, folder, "--channel", "forum")

    assert (code, counts(report)) == (0, {"created": 2, "updated": 0, "unchanged": 3, "failed": 0})
    assert set(Member.objects.values_list("external_id", flat=True)) == {"5", "6"}
    assert Interaction.objects.count() == 2


@pytest.mark.parametrize(
    ("file", "number", "text", "sentence"),
    [
        ("topics.csv", "5,7,", "5,7.0,", "topics.csv, row 2: views is not a whole number: '7.0'."),
        (
            "posts.csv",
            "yesterday,1,,0",
            "yesterday,1,,many",
            "posts.csv, row 3: like_count is not a whole number: 'many'.",
        ),
    ],
)
def test_number_of_a_forum_that_is_none_is_named_before_anything_is_written(tmp_path, file, number, text, sentence):
    ChannelFactory(slug="forum")
    for name, content in FORUM.items():
        (tmp_path / name).write_text(content.replace(number, text) if name == file else content)

    assert run("discourse", tmp_path, "--channel", "forum") == (1, None, sentence)
    assert not Member.objects.exists()


def test_error_file_of_a_folder_without_a_name_stands_beside_it(tmp_path, monkeypatch):
    ChannelFactory(slug="forum")
    (tmp_path / "site").mkdir()
    for name, content in FORUM.items():
        (tmp_path / "site" / name).write_text(content)
    monkeypatch.chdir(tmp_path / "site")

    code, report, _ = run("discourse", ".", "--channel", "forum")

    assert (code, report["errors_file"]) == (3, str(tmp_path / "site.errors.csv"))


def test_no_good_row_is_a_failure(write):
    code, report, sentence = run("csv", write("Order,Customer,Total,Date\no1,c1,x,2026-03-01\n"), *ORDERS)

    assert (code, report["failed"]) == (1, 1)
    assert sentence.startswith("1 of 1 rows failed.")


def test_file_without_rows_is_fine(write):
    assert run("csv", write("Order,Customer,Total,Date\n"), *ORDERS)[0] == 0


def test_dry_run_says_what_a_real_run_then_does_and_writes_nothing(write):
    run("csv", write("Order,Customer,Total,Date\no1,c1,8.00,2026-03-01\no7,c1,9.00,2026-03-01\n", "first.csv"), *ORDERS)
    before = list(Conversion.objects.order_by("id").values())
    path = write(MIXED)

    dry_code, dry, dry_sentence = run("csv", path, *ORDERS, "--dry-run")

    assert list(Conversion.objects.order_by("id").values()) == before
    assert not path.with_name("data.csv.errors.csv").exists()
    assert counts(dry) == {"created": 0, "updated": 1, "unchanged": 1, "failed": 5}
    assert dry_sentence == "5 of 7 rows failed."

    code, real, _ = run("csv", path, *ORDERS)

    assert (dry_code, dry["dry_run"]) == (code, True)
    different = {"dry_run", "errors_file"}
    assert {k: v for k, v in dry.items() if k not in different} == {k: v for k, v in real.items() if k not in different}


def test_later_row_of_the_same_key_supersedes_the_earlier(write):
    path = write("Order,Customer,Total,Date\no1,c1,8.00,2026-03-01\no1,c1,9.00,2026-03-01\n")

    code, report, _ = run("csv", path, *ORDERS)

    assert (code, report["created"], report["superseded"]) == (0, 1, 1)
    assert Conversion.objects.get().amount == Decimal("9.000")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--map", "mail=Mail"], "contacts have no field 'mail'. Fields: source, external_id"),
        (
            ["--map", "full_name=name"],
            "data.csv has no column 'name'. Its columns: No, Name, Mail, Firm, Labels, Shoe.",
        ),
        (["--map", "full_name=Name"], "contacts need source, external_id: add --map source=COLUMN"),
        (["--map", "full_name"], "--map takes FIELD=…, such as --map email=Mail."),
        (["--map", "full_name=Name", "--map", "full_name=Mail"], "--map names the field 'full_name' twice."),
        ([], "No column of data.csv is called like a field."),
        (["--set", "nonsense=1", "--map", "full_name=Name"], "contacts have no field 'nonsense'."),
        (["--map", "full_name=Name", "--date-format", "%d/%m"], "must name year, month and day"),
        (["--map", "full_name=Name", "--encoding", "utf-9"], "There is no text encoding 'utf-9'"),
    ],
)
def test_command_that_does_not_fit_lists_what_there_is(write, arguments, sentence):
    code, report, said = run("csv", write(CUSTOMERS), "--as", "contacts", *arguments)

    assert (code, report) == (2, None)
    assert sentence in said
    assert not Contact.objects.exists()


def test_source_that_nothing_has_is_refused(write):
    ChannelFactory(slug="forum")
    path = write("external_id\nu1\n")

    code, _, said = run("csv", path, "--as", "members", "--set", "channel=forum", "--source", "shop")

    assert (code, said) == (2, "--source does not apply: members have no field 'source' here.")


def test_unreadable_file_is_a_failure_and_writes_nothing(write):
    code, _, said = run("csv", write(CUSTOMERS + 'c3,"never closed\n'), *CONTACTS)

    assert code == 1
    assert said.startswith("Row 4 (line 4) opens a quote that is never closed.")
    assert not Contact.objects.exists()


def test_error_file_that_cannot_be_written_is_a_failure_that_names_the_fix(write, tmp_path):
    code, _, said = run(
        "csv", write("Order,Customer,Total,Date\no1,c1,x,2026-03-01\n"), *ORDERS, "--errors", tmp_path / "no" / "x.csv"
    )

    assert code == 1
    assert "Name another place with --errors FILE" in said


def test_failed_rows_never_take_the_place_of_the_file_that_is_imported(write):
    path = write("Order,Customer,Total,Date\no1,c1,x,2026-03-01\n")
    before = path.read_bytes()

    code, report, said = run("csv", path, *ORDERS, "--errors", path.parent / "." / path.name)

    assert (code, report) == (2, None)
    assert said.endswith("is the file that is imported. Name another for the rows that fail.")
    assert path.read_bytes() == before


def test_report_for_people_names_rows_columns_and_reasons(write):
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("import", "csv", str(write(MIXED)), *ORDERS, stdout=out)

    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines[0].split() == ["created", "updated", "unchanged", "superseded", "failed"]
    assert lines[1].split() == ["conversions", "2", "0", "0", "0", "5"]
    assert "columns not used: Note" in lines
    assert "row 5: the row has 3 cells where the header has 5 columns" in lines


def test_progress_is_shown_on_a_terminal_and_nowhere_else(write, written):
    path = write(CUSTOMERS)

    on_terminal, in_pipe = written(lambda: run("csv", path, *CONTACTS))

    assert "Rows" in on_terminal
    assert "2/2" in on_terminal
    assert in_pipe == ""


def test_a_file_opens_what_was_said_in_private_only_where_the_command_says_so(write):
    ChannelFactory(slug="forum")
    columns = ["--as", "interactions", "--map", "external_id=Id", "--map", "kind=Kind", "--map", "occurred_at=At"]
    columns += ["--map", "text=Text", "--map", "is_private=Private", "--map", "channel=Where"]
    rows = "Id,Where,Kind,At,Text,Private\np1,forum,direct_message,2026-03-02T09:00:00Z,Whispered,{}\n"
    run("csv", write(rows.format("true")), *columns)
    opening = write(rows.format("false"), "opening.csv")

    refused = run("csv", opening, *columns)
    kept = Interaction.objects.get().is_private
    opened = run("csv", opening, *columns, "--open-private")

    assert (refused[0], counts(refused[1])) == (1, {"created": 0, "updated": 0, "unchanged": 0, "failed": 1})
    [problem] = refused[1]["failures"][0]["problems"]
    assert (problem["column"], problem["value"]) == ("Private", "false")
    assert "--open-private" in problem["reason"]
    assert kept
    assert (opened[0], counts(opened[1])) == (0, {"created": 0, "updated": 1, "unchanged": 0, "failed": 0})
    assert not Interaction.objects.get().is_private
