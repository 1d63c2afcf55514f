"""The demo as a newcomer runs it: a database and a broker of its own, a real worker, the report, and what is served."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import dropwhile, islice, takewhile
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest
import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.embedded.process import free_port
from config.embedded.programs import remove
from config.management.commands import first_look
from config.management.commands.serve import check_port_is_free
from demo.generator import collections
from demo.generator.joe import story
from jobs.models import Job
from tests.metrics.oracle import exact_decay_weight
from tests.processes import command_of, descendants, working_in
from tests.servers import SESSION, copy_into, new_folder
from tests.terminals import CONTROL_C, terminal

pytestmark = pytest.mark.timeout(300)  # seconds; the first test fills the company

UNTIL = "2026-11-01"
LOGIN = re.compile(r"Kith is at (http\S+): log in as (\S+) with (\S+); .*Ctrl-C ends it")
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
    """A database with the demo company in it, and of the first run the report and what a terminal showed."""

    environment: dict[str, str]
    report: dict
    shown: str


@dataclass(frozen=True)
class Served:
    """What `make demo` printed until it was ended, and what came of it."""

    printed: str
    form: requests.Response
    page: requests.Response
    commands: list[str]  # of the processes that it consisted of, and of those that were left of them
    left: list[str]


def manage(
    environment: dict[str, str], *arguments: str, stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def demo(migrated_environment: dict[str, str]) -> Demo:
    environment = {**migrated_environment, "DEMO_UNTIL": UNTIL, "TERM": "xterm"}
    with terminal() as screen:
        run = manage(environment, "demo", "--json", stderr=screen.device)
    assert run.returncode == 0, screen.shows()
    return Demo(migrated_environment, json.loads(run.stdout), screen.shows())


def servers_are_kiths() -> bool:
    """Whether the session runs on a PostgreSQL of Kith's own, and not on one that DATABASE_URL named."""
    return SESSION in os.environ and (Path(os.environ[SESSION]) / "postgres").exists()


def bare() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    return {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}


def copy_into_servers_of(checkout: Path, database: str) -> None:
    """Copy a database into the servers of a checkout; they run meanwhile and no longer."""
    script = (
        "import os, subprocess, sys\n"
        "from config.embedded import ensure_running\n"
        "ensure_running()\n"
        "sys.exit(subprocess.run([os.path.expandvars(word) for word in sys.argv[1:]]).returncode)\n"
    )
    copy_into("$DATABASE_URL", database=database, behind=[sys.executable, "-c", script], cwd=checkout, env=bare())


@pytest.fixture(scope="module")
def served(demo: Demo) -> Iterator[Served]:
    """
    `make demo` where the company is there already: somebody logs in with what it prints, and presses Ctrl-C.

    In a checkout below names with a space and an ø, on servers of its own. A session on somebody else's servers
    stays on those: what one PostgreSQL dumps, another one need not read.
    """
    folder = new_folder()
    try:
        yield serve_in(folder / "a space, an ø" / ("x" * 150) / "kith", demo)
    finally:
        remove(folder)  # now: to remove so much while this process ends takes longer than it may be given


def serve_in(checkout: Path, demo: Demo) -> Served:
    """Run `make demo` in a checkout made for it until somebody has logged in, and return what came of it."""
    checkout.mkdir(parents=True)
    for program in ("Makefile", "manage.py"):
        shutil.copy(settings.BASE_DIR / program, checkout)
    for package in ("config", "demo", "metrics", "community", "crm", "jobs", "gateway"):
        shutil.copytree(settings.BASE_DIR / package, checkout / package)
    environment = bare()
    if servers_are_kiths():
        copy_into_servers_of(checkout, demo.environment["DATABASE_URL"])
    else:
        environment |= {name: demo.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    port, output, deadline = free_port(), checkout / "output", time.monotonic() + 120
    command = ["make", "demo", f"PORT={port}", f"VENV={sys.prefix}"]
    with terminal() as screen:
        make = screen.start(command, folder=checkout, environment=environment, output=output)
        try:
            while not (found := LOGIN.search(output.read_text())):
                assert make.poll() is None, output.read_text()
                assert time.monotonic() < deadline, output.read_text()
                time.sleep(0.05)
            started = descendants(make.pid)
            commands = [command_of(pid) for pid in started]
            form, page = log_in(*found.groups())
            screen.press(CONTROL_C)
            make.wait(60)
        finally:
            if make.poll() is None:
                os.killpg(make.pid, signal.SIGKILL)
                make.wait()
    left = {*working_in(checkout), *(pid for pid in started if Path(f"/proc/{pid}").exists())}
    check_port_is_free("127.0.0.1", port)
    return Served(output.read_text(), form, page, commands, [command_of(pid) for pid in left])


def log_in(address: str, name: str, password: str) -> tuple[requests.Response, requests.Response]:
    """Ask for the admin and log in where that leads; return the form and what comes after it."""
    with requests.Session() as browser:
        form = browser.get(f"{address}admin/")
        token = browser.cookies["csrftoken"]
        fields = {"login": name, "password": password, "csrfmiddlewaretoken": token}
        return form, browser.post(form.url, data=fields, headers={"Referer": form.url})


def people_in(printed: str, title: str) -> list[str]:
    """Return who stands in a printed table: between the rule below its head and the blank line after the last."""
    below_head = dropwhile(lambda line: "──" not in line, printed.partition(title)[2].splitlines())
    rows = takewhile(str.strip, islice(below_head, 1, None))
    return [re.split("  +", row.strip())[0] for row in rows if not row.startswith("   ")]  # long ones go on below


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


def test_four_platforms_are_there_and_all_of_them_earned_something(demo):
    platforms = {each["code"]: each for each in demo.report["channels"]["rows"]}

    assert platforms.keys() == {"forum", "instagram", "discord", "phone", "total"}
    assert all(Decimal(each["revenue_credited"]["linear"]) > 0 for each in platforms.values())


def test_staff_help_on_the_telephone_and_members_where_they_meet(demo):
    with psycopg.connect(demo.environment["DATABASE_URL"]) as database:
        helped = database.execute(
            "SELECT channel.slug, help.helper_user_id IS NOT NULL, count(*) FROM community_helprecord AS help"
            " JOIN community_interaction AS said ON said.id = help.interaction_id"
            " JOIN community_channel AS channel ON channel.id = said.channel_id GROUP BY 1, 2"
        ).fetchall()

    records = {(channel, "staff" if by_staff else "member"): count for channel, by_staff, count in helped}
    assert records.keys() == {("phone", "staff"), ("forum", "member"), ("discord", "member")}
    assert records["phone", "staff"] == 901  # Joe's call, and those of 900 others
    assert records["forum", "member"] > 400
    assert records["discord", "member"] > 100


def test_first_run_shows_on_a_terminal_how_far_it_is(demo):
    assert re.search(r"✓ Upserting interactions +\d\d,\d{3} ", demo.shown)
    assert re.search(r"Recomputing on a Celery worker +(\d+) of \1 chunks ", demo.shown)
    assert "Filled the 24 months up to 2026-11-01: " in demo.shown


def test_second_run_keeps_the_data_and_tells_joes_story_and_the_sums(served):
    assert "there already: 24 months up to 2026-11-01" in served.printed
    assert "Joe's question 200.00 / 0.00 / 66.67 / 80.00 / 33.27" in " ".join(served.printed.split())
    printed = {" ".join(line.split()) for line in served.printed.splitlines()}
    assert [line for line in lines_in_readme() if line not in printed] == []
    assert served.printed.count("✓") == 30  # five reports, each with five models and the cost
    assert "30 of 30 sums of the demo" in readme()
    assert "✗" not in served.printed


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("The ten who brought most, as customers", "people_as_customers"),
        ("The ten who earned most, as helpers", "people_as_helpers"),
    ],
)
def test_ten_people_are_printed_as_customers_and_ten_as_helpers(demo, served, title, part):
    people = people_in(served.printed, title)

    assert len(people) == 10
    assert [*people, "Total"] == [each["name"] for each in demo.report[part]["rows"]]


def test_login_that_is_printed_opens_the_admin(served):
    assert urlsplit(served.form.url).path == "/accounts/login/"
    assert "Log out" not in served.form.text
    assert (served.page.status_code, urlsplit(served.page.url).path) == (200, "/admin/")
    assert "Log out" in served.page.text


def test_control_c_ends_all_of_it_and_leaves_no_process_behind(served):
    parts = ["first_look", "gunicorn", " worker ", " beat "]
    if servers_are_kiths():
        parts += ["supervisor postgres", "supervisor valkey", "bin/postgres -D", "valkey-server"]

    assert [part for part in parts if not any(part in command for command in served.commands)] == []
    assert served.left == []


@pytest.mark.django_db
def test_day_that_is_none_is_refused_in_a_sentence():
    with pytest.raises(CommandError, match=r"'tomorrow' is not a day. Write it as 2026-11-01."):
        call_command("demo", "--until", "tomorrow")


@pytest.mark.django_db
def test_day_of_the_environment_that_is_none_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv("DEMO_UNTIL", "2026-02-30")

    with pytest.raises(CommandError, match=r"^DEMO_UNTIL: '2026-02-30' is not a day. Write it as 2026-11-01.$"):
        call_command("demo")


@pytest.mark.django_db
def test_day_of_the_command_line_is_the_one_that_counts():
    Job.objects.create(
        kind="demo", parameters={"until": UNTIL}, state=Job.State.SUCCEEDED, finished_at=timezone.now(), report={}
    )

    with pytest.raises(CommandError, match="ends on 2026-11-01. On Kith's own servers `make clean` removes it;"):
        call_command("demo", "--until", "2026-11-02")


@pytest.mark.django_db
def test_login_is_kept_from_the_first_time_on_although_kith_has_no_folder_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(first_look, "STATE", tmp_path / "kith" / ".kith")

    name, password = first_look.demo_login()

    assert first_look.demo_login() == (name, password)
    assert get_user_model().objects.get(username=name).check_password(password)


@pytest.mark.django_db
def test_demo_is_not_for_production(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="KITH_PRODUCTION is on"):
        call_command("demo")
