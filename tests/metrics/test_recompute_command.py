"""`manage.py recompute`: what it recomputes, in this process and on workers, and what its exit code says."""

import datetime as dt
import io
import json
import re
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.embedded.lease import CHECKOUT
from jobs.models import Job
from metrics.management.commands import recompute as command
from metrics.models import Credit, RecomputeChunk, StaleMark, TotalDay
from metrics.recompute import recompute_all
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ConversionFactory

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ASKED = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)  # ten days before the factory's purchases


def buyer(touches):
    """Somebody who wrote so many questions and then bought something for 100.00 EUR."""
    member = MemberFactory()
    for number in range(touches):
        InteractionFactory(member=member, channel=member.channel, occurred_at=ASKED + dt.timedelta(hours=number))
    ConversionFactory(contact=member.contact)
    return member.contact


@pytest.fixture
def two_buyers(db):
    """Joe with two touches, Mia with three: five credits of two conversions, all still to be computed."""
    return buyer(touches=2), buyer(touches=3)


def recompute(*arguments):
    """Run the command with `--json` and return what it answered."""
    out = io.StringIO()
    call_command("recompute", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def spoil():
    """Add a cent to every credit, as if somebody had written into the tables by hand."""
    Credit.objects.update(linear_minor=1)


def linear(person):
    return sorted(Credit.objects.filter(person_id=person.pk).values_list("linear_minor", flat=True))


def test_stale_marks_are_recomputed_and_what_was_written_is_counted(two_buyers):
    recompute("--all", "--in-process")
    InteractionFactory(
        member=two_buyers[0].members.get(),
        channel=two_buyers[0].members.get().channel,
        occurred_at=ASKED + dt.timedelta(days=1),
    )

    answer = recompute("--in-process")

    del answer["seconds"]
    # Joe's two credits become three: one comes, and the two others have other amounts now.
    assert answer == {
        "marks": 1, "chunks": 0, "conversions": 1, "credits_written": 3, "results_written": 1, "cost_days_written": 0,
    }  # fmt: skip
    assert linear(two_buyers[0]) == [3333, 3333, 3334]
    assert StaleMark.objects.count() == 0
    assert recompute("--in-process")["conversions"] == 0


def test_all_recomputes_everything_in_chunks_and_the_job_says_so(two_buyers):
    recompute("--all", "--in-process")
    spoil()

    answer = recompute("--all", "--in-process", "--chunk-persons", "1")

    assert (answer["state"], answer["conversions"], answer["credits_written"]) == ("succeeded", 2, 5)
    # One chunk for guests and one for each id from the first to the last person.
    persons = two_buyers[1].pk - two_buyers[0].pk + 1
    assert answer["chunks"] == persons + 1
    job = Job.objects.get(pk=answer["job"])
    assert (job.state, job.done, job.requested_through) == ("succeeded", persons + 1, "command")
    assert linear(two_buyers[0]) == [5000, 5000]
    assert linear(two_buyers[1]) == [3333, 3333, 3334]


def test_contacts_are_recomputed_and_nobody_else(two_buyers):
    joe, mia = two_buyers
    recompute("--all", "--in-process")
    spoil()

    answer = recompute("--contacts", str(joe.pk), "--in-process")

    assert (answer["marks"], answer["conversions"], answer["credits_written"]) == (1, 1, 2)
    assert linear(joe) == [5000, 5000]
    assert linear(mia) == [1, 1, 1]


def test_merged_contact_stands_for_its_person(two_buyers):
    joe, mia = two_buyers
    joe.merged_into = mia
    joe.save()
    recompute("--all", "--in-process")
    spoil()

    assert recompute("--contacts", str(joe.pk), "--in-process")["conversions"] == 2

    assert Decimal(sum(linear(mia))) == Decimal(20000)


def test_people_are_told_in_a_sentence(two_buyers):
    out = io.StringIO()

    call_command("recompute", "--all", "--in-process", stdout=out)

    said = out.getvalue()
    assert said.startswith("Recomputed in ")
    assert said.endswith(" s: 2 conversions, 5 credits written.\n")


def test_progress_is_shown_on_a_terminal_and_nowhere_else(two_buyers, written):
    on_terminal, in_pipe = written(lambda: recompute("--all", "--in-process", "--chunk-persons", "1"))

    chunks = two_buyers[1].pk - two_buyers[0].pk + 2
    assert re.search(rf"chunks .* {chunks}/{chunks} ", on_terminal)
    assert "stale marks" in on_terminal
    assert in_pipe == ""


def test_contact_that_does_not_exist_is_exit_code_2_and_marks_nothing(two_buyers):
    recompute("--in-process")
    known = two_buyers[0].pk

    with pytest.raises(
        CommandError, match=f"There is no contact {known + 7000} and no contact {known + 7001}"
    ) as refused:
        recompute("--contacts", str(known), str(known + 7001), str(known + 7000), "--in-process")

    assert refused.value.returncode == 2
    assert StaleMark.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--all", "--contacts", "1"], "not allowed with argument"),
        (["--contacts"], "expected at least one argument"),
        (["--contacts", "Joe"], "invalid int value: 'Joe'"),
        (["--everything"], "unrecognized arguments: --everything"),
    ],
)
def test_wrong_usage_is_exit_code_2(capsys, arguments, said):
    with pytest.raises(SystemExit) as refused:
        command.Command().run_from_argv(["manage.py", "recompute", *arguments])

    assert refused.value.code == 2
    assert said in capsys.readouterr().err


def test_chunks_of_nobody_are_exit_code_2(db):
    with pytest.raises(CommandError, match="--chunk-persons must be at least 1") as refused:
        recompute("--all", "--chunk-persons", "0")

    assert refused.value.returncode == 2
    assert not Job.objects.exists()


def test_failure_is_exit_code_1_and_a_sentence(subprocess_environment):
    nowhere = {**subprocess_environment, "DATABASE_URL": "postgres://kith:kith@127.0.0.1:9/kith"}

    ended = run_as_a_process(nowhere, "--in-process")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Kith: PostgreSQL does not answer: ")
    assert "127.0.0.1" in ended.stderr
    assert "DATABASE_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_worker_it_is_exit_code_3_and_nothing_is_lost(two_buyers, monkeypatch):
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.3)
    marks = StaleMark.objects.count()

    with pytest.raises(CommandError, match="No worker seems to run: start one with 'make worker'") as given_up:
        recompute()

    assert given_up.value.returncode == 3
    assert StaleMark.objects.count() == marks > 0


@pytest.mark.django_db(transaction=True)
def test_later_full_recompute_that_takes_over_is_exit_code_3(two_buyers):
    ended: list[object] = []

    def run():
        out = io.StringIO()
        try:
            call_command("recompute", "--all", "--json", stdout=out)
        except SystemExit as exit:
            ended.extend([exit.code, json.loads(out.getvalue())["state"]])
        finally:
            connection.close()

    waiting = threading.Thread(target=run)
    waiting.start()
    until(lambda: Job.objects.exists())
    recompute_all(now=NOW)
    waiting.join(30)

    assert ended == [3, "partial"]
    assert linear(two_buyers[0]) == [5000, 5000]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arguments", [[], ["--all"]])
def test_waits_until_the_workers_are_done(celery_worker, subprocess_environment, two_buyers, arguments):
    ended = run_as_a_process(subprocess_environment, "--json", *arguments)

    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer.get("state") == ("succeeded" if arguments else None)
    assert "conversions" not in answer  # the workers did it, and count for themselves
    assert linear(two_buyers[1]) == [3333, 3333, 3334]
    assert TotalDay.objects.get().credited_minor == 20000
    assert (StaleMark.objects.count(), RecomputeChunk.objects.filter(done_at=None).count()) == (0, 0)


def run_as_a_process(environment, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "recompute", *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
