"""
Worker, beat, broker and database killed by SIGKILL in the middle of a recompute: nothing lost, nothing doubled.

Three times on 2,000 contacts in the suite, twenty times on 100,000 in `make test-crash`. After each kill the
recompute goes on by itself, and ends with the same tables as one that nobody disturbed. A kill that found nothing
under way is made again: chunks and marks that somebody is at are locked, and what is left of them after the kill was
not committed.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial

import psycopg
import pytest

from config.embedded.lease import CHECKOUT
from config.embedded.process import end_with_parent
from config.processes import beat
from tests.processes import start_worker
from tests.servers import copy_into

ROUNDS = int(os.environ.get("KITH_CRASH_ROUNDS", "3"))
CONTACTS = int(os.environ.get("KITH_CRASH_CONTACTS", "2000"))
SEED = int(os.environ.get("KITH_CRASH_SEED", "7"))
CHUNKS = 25
RECOVERY_SECONDS = 60.0  # G-01: the recompute moves on no later than this after the restart
END_SECONDS = 300.0

TABLES = "credit conversionresult costday campaignday channelday helperday personday totalday".split()
VICTIMS = [("worker", "beat"), ("postgres",), ("valkey",), ("worker",), ("beat",)]  # those of a round at once, in turn
ATTEMPTS = 5  # kills in one round until one finds something under way

# A process that has loaded Kith and opens no connection: what it is asked to do is done by a process that it forks.
AT_HAND = """
import os, sys
import django; django.setup()
from django.core.management import call_command
from django.utils import timezone
from benchmarks.facts import Scale, load
from metrics.tasks import request_full_recompute
for asked in sys.stdin:
    if (child := os.fork()) == 0:
        sys.stdout = open(os.devnull, "w")
        eval(asked)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
PERSONS = max(1, CONTACTS // CHUNKS)  # in a chunk
FILL = f"load(Scale(name='crash', contacts={CONTACTS}, interactions={CONTACTS * 10}, conversions={CONTACTS}))"
RECOMPUTE = f"call_command('recompute', '--all', '--in-process', '--chunk-persons', '{PERSONS}')"
START = f"request_full_recompute(now=timezone.now(), chunk_persons={PERSONS}, requested_through='test')"

# However quick the machine: a chunk lasts long enough for a kill to fall into it, or between it and the next.
SLOWER_SECONDS = 0.2
SLOWER = f"""
CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep({SLOWER_SECONDS}); RETURN NULL; END $$;
CREATE TRIGGER slower AFTER INSERT ON metrics_conversionresult FOR EACH STATEMENT EXECUTE FUNCTION wait_a_little();
"""


class Servers:
    """Private servers with facts in them, and the questions that this test asks of them."""

    def __init__(self, servers):
        self.servers, self.session = servers, None
        self.environment = {
            **servers.environment, "METRICS_TICK_SECONDS": "0.5", "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip

    @contextlib.contextmanager
    def at_hand(self):
        """Hold a process ready that `do` asks to do something."""
        command = [sys.executable, "-c", AT_HAND]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=CHECKOUT, env=self.environment, **pipes) as self.process:
            yield

    def do(self, asked):
        print(asked, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "0\n", asked

    def ask(self, sql):
        return self.tell(sql).fetchone()[0]

    def tell(self, sql):
        """Execute a statement, in a session that is kept until PostgreSQL is killed: a wait takes dozens."""
        with contextlib.suppress(psycopg.OperationalError):
            if self.session is not None:
                return self.session.execute(sql)
        self.session = psycopg.connect(self.servers.postgres.url, autocommit=True)
        return self.session.execute(sql)

    def digests(self):
        """Return for each derived table how many rows it has, and a hash of all of them in order."""
        return {
            table: self.ask(
                f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') "
                f"FROM metrics_{table} t"
            )
            for table in TABLES
        }

    def left(self):
        """Return how many chunks and marks are left to do."""
        return self.ask(
            "SELECT (SELECT count(*) FROM metrics_recomputechunk WHERE done_at IS NULL)"
            " + (SELECT count(*) FROM metrics_stalemark)"
        )

    def under_way(self):
        """Return which chunks and marks somebody is at: their rows are locked."""
        return {
            (table, row)
            for table, rows in (("recomputechunk", "done_at IS NULL"), ("stalemark", "true"))
            for row in self.ask(
                f"WITH free AS MATERIALIZED (SELECT id FROM metrics_{table} WHERE {rows} FOR KEY SHARE SKIP LOCKED)"
                f" SELECT array(SELECT id FROM metrics_{table} WHERE {rows} AND id NOT IN (SELECT id FROM free))"
            )
        }

    def not_done(self, work):
        """Return what of these chunks and marks nobody has committed."""
        chunks = self.ask("SELECT array(SELECT id FROM metrics_recomputechunk WHERE done_at IS NULL)")
        marks = self.ask("SELECT array(SELECT id FROM metrics_stalemark)")
        return work & {*(("recomputechunk", chunk) for chunk in chunks), *(("stalemark", mark) for mark in marks)}

    def change_and_change_back(self):
        """Leave marks behind, and the same facts in the end."""
        for retracted in ("now()", "NULL"):
            self.tell(f"UPDATE community_interaction SET retracted_at = {retracted} WHERE id % 97 = 0")

    def has_done(self, chunks):
        """Whether so many chunks of the newest full recompute are done."""
        return chunks <= self.ask("SELECT done FROM jobs_job ORDER BY id DESC LIMIT 1")

    def has_ended(self):
        """Whether the newest full recompute has ended, with each of its chunks counted once."""
        return self.ask("SELECT state = 'succeeded' AND done = total FROM jobs_job ORDER BY id DESC LIMIT 1")

    def forget(self):
        """Empty every derived table."""
        self.tell("TRUNCATE " + ", ".join(f"metrics_{table}" for table in TABLES))


@contextlib.contextmanager
def start_beat(environment):
    """Start beat, yield its process, and kill it."""
    process = subprocess.Popen(
        [sys.executable, "-m", *beat().arguments],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGKILL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Processes:
    """A worker and beat on servers of their own, of which some are killed in the middle of a recompute."""

    def __init__(self, kith, start, *, pause):
        self.kith, self.start, self.pause = kith, start, pause
        self.running = {name: begin() for name, begin in start.items()}
        self.kills = {
            "worker": lambda: self.running["worker"].kill(),
            "beat": lambda: (self.running["beat"].kill(), self.running["beat"].wait()),
            "postgres": kith.servers.kill_postgres,
            "valkey": kith.servers.kill_valkey,
        }
        self.chance = random.Random(SEED)

    def survives(self, *victims):
        """Kill the victims once and hold all to what they promise; whether anything was under way."""
        kith = self.kith
        kith.forget()
        # The kill falls anywhere in the recompute: after so many chunks, then somewhere in the next one.
        done_before = self.chance.randrange(CHUNKS - 1)
        kith.do(START)
        kith.change_and_change_back()  # marks to claim
        wait_until(partial(kith.has_done, done_before), END_SECONDS, f"no {done_before} chunks before the kill")
        time.sleep(self.chance.uniform(0, self.pause))
        killed_at = time.monotonic()
        under_way, left = self.kill(victims)
        wait_until(lambda: kith.left() < max(left, 1), RECOVERY_SECONDS, f"no progress after killing {victims}")
        moved_on = time.monotonic() - killed_at
        wait_until(lambda: kith.left() == 0, END_SECONDS, f"not finished after killing {victims}")
        print(  # noqa: T201  # what the run has shown: `pytest -s` and a failure show it
            f"{' and '.join(victims)} killed with {left:,} chunks and marks left, {len(under_way)} under way:"
            f" went on within {moved_on:.1f} s, ended after {time.monotonic() - killed_at:.1f} s"
        )
        assert kith.digests() == kith.undisturbed, f"killed {victims}"
        assert kith.has_ended(), f"chunks counted twice or not at all after killing {victims}"

        kith.change_and_change_back()  # which somebody has to be told: beat, through the broker, a worker
        wait_until(lambda: kith.left() == 0, RECOVERY_SECONDS, f"nobody rings any more after killing {victims}")
        assert kith.digests() == kith.undisturbed, f"killed {victims}, then changed facts"
        return bool(under_way)

    def kill(self, victims):
        """Kill the victims together and start them again; return what was under way, and how much was left."""
        under_way = self.kith.under_way()
        for victim in victims:
            self.kills[victim]()
        self.kith.servers.start()
        if "worker" in victims:  # PostgreSQL ends the statement that runs before it misses the worker
            wait_until(lambda: not self.kith.under_way(), RECOVERY_SECONDS, "the dead worker's sessions live on")
        if {"worker", "postgres"} & set(
            victims
        ):  # without beat or Valkey a transaction goes on: nobody rings meanwhile
            under_way = self.kith.not_done(under_way)
        left = self.kith.left()
        for victim in victims:
            if victim in self.start:
                self.running[victim] = self.start[victim]()
        return under_way, left


@pytest.mark.crash
@pytest.mark.django_db
@pytest.mark.timeout(300 + (END_SECONDS + 2 * RECOVERY_SECONDS) * ROUNDS)
def test_recompute_survives_kill_9_of_any_process(private_servers, subprocess_environment, tmp_path):
    kith = Servers(private_servers())
    # Far cheaper than to migrate another one.
    copy_into(kith.servers.postgres.url, database=subprocess_environment["DATABASE_URL"])
    with kith.at_hand():
        kill_and_compare(kith, tmp_path)


def kill_and_compare(kith, folder):
    """Kill in the middle of a recompute, round after round, and compare with what nobody disturbed."""
    kith.do(FILL)
    begun = time.monotonic()
    kith.do(RECOMPUTE)
    pause = (time.monotonic() - begun) / CHUNKS + SLOWER_SECONDS  # as long as a chunk takes
    kith.undisturbed = kith.digests()
    assert kith.ask("SELECT count(*) FROM metrics_credit") > CONTACTS // 2
    kith.tell(SLOWER)

    with contextlib.ExitStack() as stack:
        start = {
            "worker": lambda: stack.enter_context(start_worker(kith.environment, folder=folder)),
            "beat": lambda: stack.enter_context(start_beat(kith.environment)),
        }
        processes = Processes(kith, start, pause=pause)
        for number in range(ROUNDS):
            victims = VICTIMS[number % len(VICTIMS)]
            found = any(processes.survives(*victims) for _ in range(ATTEMPTS))
            assert found, f"{ATTEMPTS} kills of {victims}, and never was anything under way"
