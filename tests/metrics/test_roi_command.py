"""`manage.py roi`: a table for people, exact JSON and CSV for machines, and exit codes."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from metrics.management.commands.roi import Command
from metrics.models import TotalDay
from tests.factories.community import CostFactory
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.metrics.ledger import add_cost_days, add_credit, add_result, roll_up


@pytest.fixture
def spring(db):
    """1,000.00 credited to spring by two touches, 500.00 spent on it, 7.00 that nobody earned."""
    campaign = CampaignFactory(code="spring", name="=Spring course")
    bought = add_result(date(2026, 3, 20), 100000, person=ContactFactory(full_name="Joe"), touches=1)
    add_credit(bought, 1, 100000, campaign=campaign, actor_kind="self")
    add_result(date(2026, 3, 21), 700, line="unattributed")
    add_cost_days(CostFactory(campaign=campaign), {date(2026, 3, 1): 50000})
    roll_up()
    return campaign


def roi(*arguments):
    out = io.StringIO()
    call_command("roi", *arguments, stdout=out)
    return out.getvalue()


def test_table_shows_rows_lines_total_and_that_the_sums_hold(spring):
    printed = roi("--by", "campaign", "--from", "2026-03-01", "--to", "2026-04-01")

    assert "ROI by campaign · 2026-03-01 to 2026-03-31 · linear · EUR" in printed
    assert "+100.0 %" in printed
    assert "✓ revenue, linear: 1,000.00 rows + 7.00 lines = 1,007.00" in printed
    assert "✓ cost: 500.00 rows + 0.00 lines = 500.00" in printed
    assert "not proof of cause" in printed


@pytest.mark.parametrize("by", ["campaign", "channel", "community", "member", "month"])
def test_every_scope_prints_every_model(spring, by):
    printed = roi("--by", by, "--model", "all")

    assert printed.count("✓") == 6
    assert "Position-based" in printed


def test_json_is_what_the_api_answers(spring):
    answer = json.loads(roi("--by", "campaign", "--json"))

    assert answer["rows"][0]["roi"] == "1.0000"
    assert answer["lines"]["unattributed"]["revenue"] == "7.00"
    assert answer["total"]["revenue"] == "1007.00"


def test_csv_is_exact_and_safe_to_open(spring):
    lines = list(csv.DictReader(io.StringIO(roi("--by", "campaign", "--model", "all", "--csv"))))

    assert [line["model"] for line in lines if line["section"] == "row"] == [
        "first_touch",
        "last_touch",
        "linear",
        "position_based",
        "time_decay",
    ]
    row = lines[0]
    assert (row["code"], row["revenue_credited"], row["roi"]) == ("spring", "1000.00", "1.0000")
    assert row["name"] == "'=Spring course"
    assert row["cost_per_person_helped"] == ""  # undefined is empty, not zero
    linear = [line for line in lines if line["model"] == "linear" and line["section"] != "total"]
    assert sum(Decimal(line["revenue_credited"]) for line in linear) == Decimal("1007.00")


NOBODY = {"unattributed": ("7.00", "0.00")}


@pytest.mark.parametrize(
    ("by", "rows", "lines"),
    [
        ("campaign", [("=Spring course", "1000.00", "500.00", "1.0000")], NOBODY),
        ("channel", [], {"no_channel": ("1000.00", "0.00"), **NOBODY, "not_assigned": ("0.00", "500.00")}),
        ("community", [], {"no_channel": ("1000.00", "0.00"), **NOBODY, "not_assigned": ("0.00", "500.00")}),
        ("member", [("Joe", "1000.00", "0.00", None)], {**NOBODY, "not_assigned": ("0.00", "500.00")}),
        ("month", [("March 2026", "1000.00", "500.00", "1.0000")], NOBODY),
    ],
)
def test_each_scope_says_the_same_in_json_and_csv(spring, by, rows, lines):
    answer = json.loads(roi("--by", by, "--json"))
    table = list(csv.DictReader(io.StringIO(roi("--by", by, "--csv"))))

    figures = "name", "revenue_credited", "cost", "roi"
    assert [tuple(row[name] for name in figures) for row in answer["rows"]] == rows
    amounts = {key: (line["revenue"], line["cost"]) for key, line in answer["lines"].items() if key != "not_converted"}
    assert {key: both for key, both in amounts.items() if both != ("0.00", "0.00")} == lines
    assert (answer["total"]["revenue"], answer["total"]["cost"]) == ("1007.00", "500.00")

    written = [tuple(line[name] or None for name in figures) for line in table if line["section"] == "row"]
    assert written == [(name.replace("=", "'="), *rest) for name, *rest in rows]
    written_lines = {
        line["code"]: (line["revenue_credited"], line["cost"]) for line in table if line["section"] == "line"
    }
    assert {key: both for key, both in written_lines.items() if both != ("0.00", "0.00")} == lines
    assert [(line["revenue"], line["cost"]) for line in table if line["section"] == "total"] == [("1007.00", "500.00")]


def test_order_and_limit_leave_the_sums_whole(spring):
    add_credit(add_result(date(2026, 3, 22), 300, touches=1), 1, 300, campaign=CampaignFactory(code="autumn"))
    roll_up()

    answer = json.loads(roi("--by", "campaign", "--order", "revenue_credited", "--limit", "1", "--json"))

    assert [row["code"] for row in answer["rows"]] == ["autumn"]
    assert answer["lines"]["other_rows"]["revenue"] == "1000.00"
    assert answer["total"]["revenue"] == "1010.00"


def test_people_as_helpers_by_period(spring):
    printed = roi("--by", "member", "--as", "helper", "--period", "all_time", "--cost", "loaded", "--limit", "3")

    assert "ROI by person, as helper, loaded cost · all time" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--by", "month", "--period", "this_month", "--from", "2026-01-01"], "not both"),
        (["--by", "month", "--from", "2026-02-01", "--to", "2026-01-01"], "before it starts"),
    ],
)
def test_wrong_usage_is_exit_code_2(db, arguments, said):
    with pytest.raises(CommandError, match=said) as refused:
        roi(*arguments)

    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: --by"),
        (
            ["--by", "moon"],
            "invalid choice: 'moon' (choose from 'campaign', 'channel', 'community', 'member', 'month')",
        ),
        (["--by", "month", "--model", "markov"], "invalid choice: 'markov'"),
        (["--by", "month", "--from", "1 March"], "'1 March' is not a day such as 2026-03-01"),
        (["--by", "month", "--to", "0001-01-01"], "'0001-01-01' does not lie between the years 1900 and 2999"),
        (["--by", "month", "--from", "9999-12-31"], "'9999-12-31' does not lie between the years 1900 and 2999"),
        (["--by", "month", "--limit", "0"], "'0' is not a whole number from 1 on"),
        (["--by", "month", "--json", "--csv"], "not allowed with argument"),
        (["--by", "month", "--order", "luck"], "invalid choice: 'luck'"),
        (["--by", "member", "--as", "lurker"], "invalid choice: 'lurker'"),
    ],
)
def test_arguments_that_there_are_not_are_exit_code_2(capsys, arguments, said):
    with pytest.raises(SystemExit) as refused:
        Command().run_from_argv(["manage.py", "roi", *arguments])

    assert refused.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--as", "helper"), ("--cost", "loaded")])
def test_what_only_people_have_is_asked_of_nothing_else(option):
    with pytest.raises(CommandError, match="give them with --by member") as refused:
        roi("--by", "channel", *option)

    assert refused.value.returncode == 2


def test_sums_that_do_not_hold_are_exit_code_1(spring):
    TotalDay.objects.filter(day=date(2026, 3, 21)).update(revenue_minor=701)

    with pytest.raises(CommandError, match="do not hold") as failed:
        roi("--by", "campaign")

    assert failed.value.returncode == 1
