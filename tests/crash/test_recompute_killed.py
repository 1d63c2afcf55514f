"""
Worker, beat, broker and database killed by SIGKILL in the middle of a recompute: nothing lost, nothing doubled.

Three times on 2,000 contacts in the suite, twenty times on 100,000 in `make test-crash`. After each kill the
recompute goes on by itself, and ends with the same tables as one that nobody disturbed.
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

ROUNDS = int(os.environ.get("KITH_CRASH_ROUNDS", "3"))
CONTACTS = int(os.environ.get("KITH_CRASH_CONTACTS", "2000"))
SEED = int(os.environ.get("KITH_CRASH_SEED", "7"))
CHUNKS = 25
RECOVERY_SECONDS = 60.0  # G-01: the recompute moves on no later than this after the restart
END_SECONDS = 300.0

TABLES = "credit conversionresult costday campaignday channelday helperday personday totalday".split()
VICTIMS = ["worker", "postgres", "valkey", "beat"]

FILL = f"""
import django; django.setup()
from benchmarks.facts import Scale, load
load(Scale(name="crash", contacts={CONTACTS}, interactions={CONTACTS} * 10, conversions={CONTACTS}))
"""
START = f"""
import django; django.setup()
from django.utils import timezone
from metrics.tasks import request_full_recompute
request_full_recompute(now=timezone.now(), chunk_persons={max(1, CONTACTS // CHUNKS)}, requested_through="test")
"""

# However quick the machine: a chunk lasts long enough for a kill to fall into it, or between it and the next.
SLOWER = """
CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
CREATE TRIGGER slower AFTER INSERT ON metrics_conversionresult FOR EACH STATEMENT EXECUTE FUNCTION wait_a_little();
"""


class Servers:
    """Private servers with facts in them, and the questions that this test asks of them."""

    def __init__(self, servers):
        self.servers = servers
        self.environment = {
            **servers.environment, "METRICS_TICK_SECONDS": "0.5", "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip

    def run(self, *arguments):
        subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def ask(self, sql):
        with psycopg.connect(self.servers.postgres.url, autocommit=True) as connection:
            return connection.execute(sql).fetchone()[0]

    def tell(self, sql):
        with psycopg.connect(self.servers.postgres.url, autocommit=True) as connection:
            connection.execute(sql)

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

    def has_done(self, chunks):
        """Whether so many chunks of the newest full recompute are done."""
        return chunks <= self.ask("SELECT done FROM jobs_job ORDER BY id DESC LIMIT 1")

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
        time.sleep(0.05)


@pytest.mark.crash
@pytest.mark.timeout(300 + (END_SECONDS + RECOVERY_SECONDS) * ROUNDS)
def test_recompute_survives_kill_9_of_any_process(private_servers, tmp_path):
    chance = random.Random(SEED)
    servers = private_servers()
    kith = Servers(servers)
    kith.run("manage.py", "migrate", "--verbosity", "0")
    kith.run("-c", FILL)
    begun = time.monotonic()
    kith.run("manage.py", "recompute", "--all", "--in-process", "--chunk-persons", str(max(1, CONTACTS // CHUNKS)))
    undisturbed_seconds = time.monotonic() - begun
    undisturbed = kith.digests()
    assert kith.ask("SELECT count(*) FROM metrics_credit") > CONTACTS // 2
    kith.tell(SLOWER)
    interrupted = 0

    with contextlib.ExitStack() as stack:
        start = {
            "worker": lambda: stack.enter_context(start_worker(kith.environment, folder=tmp_path)),
            "beat": lambda: stack.enter_context(start_beat(kith.environment)),
        }
        running = {name: begin() for name, begin in start.items()}
        for number in range(ROUNDS):
            victim = VICTIMS[number % len(VICTIMS)]
            kith.forget()
            # The kill falls anywhere in the recompute: after so many chunks, then somewhere in the next one.
            done_before = chance.randrange(CHUNKS - 1)
            kith.run("-c", START)
            for retracted in ("now()", "NULL"):  # there and back: the same facts in the end, and marks to claim
                kith.tell(f"UPDATE community_interaction SET retracted_at = {retracted} WHERE id % 97 = 0")
            wait_until(partial(kith.has_done, done_before), END_SECONDS, f"no {done_before} chunks before the kill")
            time.sleep(chance.uniform(0, undisturbed_seconds / CHUNKS))
            left = kith.left()
            interrupted += left > 0
            killed_at = time.monotonic()
            if victim == "postgres":
                servers.kill_postgres()
                servers.start()
            elif victim == "valkey":
                servers.kill_valkey()
                servers.start()
            else:
                running[victim].kill()
                if victim == "beat":
                    running[victim].wait()
                running[victim] = start[victim]()
            wait_until(
                lambda left=left: kith.left() < max(left, 1), RECOVERY_SECONDS, f"no progress after killing {victim}"
            )
            moved_on = time.monotonic() - killed_at
            wait_until(lambda: kith.left() == 0, END_SECONDS, f"not finished after killing {victim}")
            print(  # noqa: T201  # what the run has shown: `pytest -s` and a failure show it
                f"{victim} killed with {left:,} chunks and marks left: went on within {moved_on:.1f} s,"
                f" ended after {time.monotonic() - killed_at:.1f} s"
            )

            assert kith.digests() == undisturbed, f"round {number}, killed {victim}"

    assert interrupted, "every recompute was over before the kill: the test has shown nothing"
