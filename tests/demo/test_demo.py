"""`manage.py demo` as a newcomer runs it: a database and a broker of its own, a real worker, the report it prints."""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from demo.generator import collections
from demo.generator.joe import story
from tests.metrics.oracle import exact_decay_weight

pytestmark = pytest.mark.timeout(300)  # seconds; the first test fills the company

UNTIL = "2026-11-01"
MODELS = ["first_touch", "last_touch", "linear", "position_based", "time_decay"]

# Worked by hand in README.md: what is left of 250.00 after a refund of 50.00, question / answer / call.
JOE = {
    "first_touch": ["200.00", "0.00", "0.00"],
    "last_touch": ["0.00", "0.00", "200.00"],
    "linear": ["66.67", "66.66", "66.67"],
    "position_based": ["80.00", "40.00", "80.00"],
    "time_decay": ["33.27", "33.34", "133.39"],
}


@dataclass(frozen=True)
class Demo:
    """A database with the demo company in it, and the report of the first run."""

    environment: dict[str, str]
    report: dict


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def demo(migrated_environment: dict[str, str]) -> Demo:
    run = manage(migrated_environment, "demo", "--until", UNTIL, "--json")
    assert run.returncode == 0, run.stderr
    return Demo(migrated_environment, json.loads(run.stdout))


def readme() -> str:
    """Return the README as it stands."""
    return (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")


def lines_in_readme() -> list[str]:
    """Return the lines of the demo's report that the README quotes, single-spaced."""
    excerpt = readme().partition(f"What `DEMO_UNTIL={UNTIL} make demo` prints")[2].split("```")[1]
    return [" ".join(line.split()) for line in excerpt.splitlines() if line.strip()]


def row(report, part, code):
    return next(each for each in report[part]["rows"] if each["code"] == code)


def line(report, part, key):
    return report[part]["lines"][key]


def test_joes_figures_are_those_worked_by_hand(demo):
    touches = demo.report["joe"]["touches"]

    assert [(touch["who"], touch["kind"], touch["channel"]) for touch in touches] == [
        ("Joe", "question", "Forum"),
        ("Mia", "answer", "Forum"),
        ("Ana", "help", "Telephone"),
    ]
    assert {model: [touch["credited"][model] for touch in touches] for model in MODELS} == JOE
    assert f"{sum(len(touch['credited']) for touch in touches)} of 15 credits of Joe" in readme()
    assert demo.report["joe"]["brought"] == "380.00"
    assert demo.report["joe"]["unattributed"] == "180.00"


def test_community_gets_exactly_joes_credit_by_every_model(demo):
    touches = demo.report["joe"]["touches"]

    assert {touch["community"] for touch in touches} == {"Students get answers"}
    for model in MODELS:
        assert sum(Decimal(touch["credited"][model]) for touch in touches) == Decimal("200.00")


def test_readme_tells_joes_figures():
    for model, shares in JOE.items():
        assert f"| `{model}` | {' | '.join(shares)} | **200.00** |" in readme()


def test_readme_reckons_right():
    pencil = " ".join(readme().partition("With a pencil")[2].partition("\n`manage.py")[0].split())
    steps = re.findall(r"⌊([\d,]+) × ([\d,⅓⅔]+)(?: / ([\d,]+))?⌋(?: − ([\d,]+))? = ([\d,]+)", pencil)

    def number(text):
        return {"⅓": Fraction(1, 3), "⅔": Fraction(2, 3)}.get(text) or int(text.replace(",", "") or 0)

    assert len(steps) == pencil.count("⌊") == 8
    for step in steps:
        whole, weight, weights, given, part = map(number, step)
        assert whole * weight // (weights or 1) - given == part, step

    older, oldest = (exact_decay_weight(timedelta(days=14, minutes=minutes)) for minutes in (0, 35))
    assert f"a quarter, {older:,.0f}. Joe's question is 35 minutes older still: {int(oldest):,}." in pencil
    assert f"Together {2**24 + older + int(oldest):,.0f}." in pencil


def test_readme_tells_what_stands_on_joes_page(demo):
    joe = demo.report["joe"]
    credited = sum(Decimal(touch["credited"]["linear"]) for touch in joe["touches"])
    ratings = [step.item["rating"] for step in story(date.fromisoformat(UNTIL)) if "rating" in step.item]

    told = f"brought {joe['brought']} EUR, {credited} of it touched by the community"
    assert f"{told}, rated its help {sum(ratings) / len(ratings):.2f}" in readme()


def test_rows_and_lines_sum_to_revenue_and_cost_for_every_model(demo):
    for part in ("campaigns", "communities", "channels", "people_as_customers", "people_as_helpers"):
        sums = demo.report[part]["sums"]
        assert [check["name"] for check in sums] == [*(f"revenue, {model}" for model in MODELS), "cost"]
        assert all(Decimal(check["rows"]) + Decimal(check["lines"]) == Decimal(check["total"]) for check in sums)

    totals = {check["total"] for part in ("campaigns", "channels") for check in demo.report[part]["sums"][:-1]}
    assert len(totals) == 1  # the same revenue, whatever the rows and the model
    assert Decimal(totals.pop()) > 100_000


def test_revenue_is_what_the_books_say(demo):
    """The same sum from the items themselves: each order at the rate of its day, refunds at their order's."""
    streams = dict(collections(date.fromisoformat(UNTIL)))
    conversions = list(streams["conversions"])
    rates = {date.fromisoformat(each["date"]): Decimal(each["rate"]) for each in streams["exchange-rates"]}
    zone = ZoneInfo("Europe/London")

    def cents(order, amount):
        if order["currency"] == "EUR":
            return int(amount * 100)
        day = datetime.fromisoformat(order["occurred_at"]).astimezone(zone).date()
        rate = next(rates[day - timedelta(days=back)] for back in range(8) if day - timedelta(days=back) in rates)
        return int((amount * rate * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    orders = {item["external_id"]: item for item in conversions if "currency" in item}
    refunded = dict.fromkeys(orders, Decimal(0))
    for item in conversions:
        if "refund_of" in item:
            refunded[item["refund_of"]["external_id"]] += Decimal(item["amount"])
    books = sum(cents(each, Decimal(each["amount"])) - cents(each, refunded[key]) for key, each in orders.items())

    assert demo.report["campaigns"]["sums"][0]["total"] == str(Decimal(books).scaleb(-2))


def test_every_line_that_the_demo_shows_has_something_on_it(demo):
    for key in ("unattributed", "staff_purchases", "no_campaign"):
        assert Decimal(line(demo.report, "campaigns", key)["revenue"]["linear"]) > 0
    for key in ("self", "staff"):
        assert Decimal(line(demo.report, "people_as_helpers", key)["revenue"]["linear"]) > 0
    assert Decimal(line(demo.report, "campaigns", "not_assigned")["cost"]) > 0
    assert Decimal(line(demo.report, "communities", "not_assigned")["cost"]) > 0


def test_one_campaign_clearly_loses_money_and_one_has_no_cost(demo):
    loser, free = row(demo.report, "campaigns", "influencer-reels"), row(demo.report, "campaigns", "excel-friday")

    assert Decimal(loser["cost"]) > 9_000
    assert Decimal(loser["roi"]["linear"]) < Decimal("-0.5")
    assert Decimal(free["cost"]) == 0
    assert free["roi"]["linear"] is None
    assert Decimal(free["revenue_credited"]["linear"]) > 0


def test_communities_show_business_and_social_side_by_side(demo):
    for code in ("students", "teachers"):
        community = row(demo.report, "communities", code)
        assert Decimal(community["cost"]) > 0
        assert Decimal(community["revenue_credited"]["linear"]) > 0
    students = row(demo.report, "communities", "students")
    assert students["people_helped"] > 500
    assert students["questions_answered"] > 300
    assert Decimal("3.5") < Decimal(students["mean_rating"]) < Decimal("4.8")


def test_second_run_keeps_the_data_and_tells_joes_story_and_the_sums(demo):
    began = time.monotonic()

    again = manage(demo.environment, "demo")

    assert again.returncode == 0, again.stderr
    assert "there already: 24 months up to 2026-11-01" in again.stdout
    assert "Joe's question 200.00 / 0.00 / 66.67 / 80.00 / 33.27" in " ".join(again.stdout.split())
    printed = {" ".join(line.split()) for line in again.stdout.splitlines()}
    assert [line for line in lines_in_readme() if line not in printed] == []
    # Five reports, each with five models and the cost.
    assert f"{again.stdout.count('✓')} of 30 sums of the demo" in readme()
    assert "✗" not in again.stdout
    assert time.monotonic() - began < 60


@pytest.mark.django_db
def test_day_that_is_none_is_refused_in_a_sentence():
    with pytest.raises(CommandError, match=r"'tomorrow' is not a day. Write it as 2026-11-01."):
        call_command("demo", "--until", "tomorrow")


@pytest.mark.django_db
def test_demo_is_not_for_production(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="KITH_PRODUCTION is on"):
        call_command("demo")
