"""Web, worker and beat as the children of one command."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.utils import timezone

from config.embedded.lease import CHECKOUT
from config.embedded.process import free_port
from config.processes import ProcessError, Program, running
from gateway.models import ApiKey
from tests.processes import command_of, descendants


def status_of(address: str, *, token: str) -> int:
    """Return what a server answers to whoever holds the token."""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def web_processes(pids: list[int]) -> list[int]:
    """Return those of the processes that are gunicorn's."""
    return [pid for pid in pids if "gunicorn" in command_of(pid)]


@pytest.mark.django_db(transaction=True)
def test_serve_answers_and_leaves_no_process_behind(subprocess_environment, tmp_path):
    """A key that this process revokes is refused by the web process that has just taken it: nothing is remembered."""
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    port = free_port()
    environment = {**subprocess_environment, "KITH_STATIC_ROOT": str(tmp_path / "static")}
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--web-processes", "1"]
    with (tmp_path / "output").open("w+") as output:
        serve = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while "Kith is at" not in (said := (tmp_path / "output").read_text()):
                assert serve.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.1)
            started = descendants(serve.pid)
            loaded = {pid: "/pydantic_core/" in Path(f"/proc/{pid}/maps").read_text() for pid in web_processes(started)}

            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/").read().decode()
            style = re.search(r'href="(/static/[^"]+\.css)"', page)
            assert style
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}{style[1]}").status == 200
            jobs = f"http://127.0.0.1:{port}/api/v1/jobs/"
            while_valid = status_of(jobs, token=token)
            ApiKey.objects.revoke(key.prefix, now=timezone.now())
            once_revoked = status_of(jobs, token=token)
            serve.send_signal(signal.SIGTERM)
            code = serve.wait(40)
        finally:
            serve.kill()

    assert "csrfmiddlewaretoken" in page
    assert (while_valid, once_revoked) == (200, 401)
    assert list(loaded.values()) == [True, True]  # gunicorn has loaded Kith, and shares it with its process
    assert len(started) >= 5  # gunicorn and its process, a worker and at least one process of its pool, beat
    assert code == 0, (tmp_path / "output").read_text()
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_serve_says_that_its_port_is_taken(subprocess_environment):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        result = subprocess.run(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=CHECKOUT,
            env=subprocess_environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert result.returncode == 1
    assert result.stderr == (
        f"CommandError: Port {port} of 127.0.0.1 cannot be used (Address already in use): "
        "choose another one with PORT=… or --port ….\n"
    )


def test_commands_look_at_the_code_where_it_may_be_new_alone():
    """Django's checks load every page: of Kith's commands, that which serves the pages runs them."""
    own_apps = {app.name for app in apps.get_app_configs() if Path(app.path).parent == CHECKOUT}
    own = {name: app for name, app in get_commands().items() if app in own_apps}
    checking = [name for name, app in own.items() if load_command_class(app, name).requires_system_checks]

    assert {"roi", "import", "recompute", "create_api_key", "erase_person", "demo"} <= own.keys()
    assert checking == ["serve"]


def test_program_that_does_not_start_is_named_with_its_last_words():
    program = Program("storyteller", ("celery", "-A", "no_such_package", "worker"), ready="Once upon a time")

    with (
        pytest.raises(ProcessError, match="The process storyteller did not start: .*no_such_package"),
        running(program),
    ):
        pytest.fail("it started")


def test_what_a_process_says_is_readable_by_whoever_runs_it_alone(tmp_path, monkeypatch):
    """An error that nobody expected is told with what it was about, which may be an address."""
    monkeypatch.setattr("config.processes.LOGS", tmp_path)
    (tmp_path / "storyteller.log").write_text("of yesterday")
    (tmp_path / "storyteller.log").chmod(0o644)

    with running(Program("storyteller", ("celery", "--version"), ready="(")):
        log = tmp_path / "storyteller.log"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert "yesterday" not in log.read_text()


def test_programs_end_with_the_process_that_runs_them():
    script = (
        "from config.processes import beat, running\n"
        "with running(beat()) as children:\n"
        "    print(children[0].process.pid, flush=True)\n"
        "    import time; time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=CHECKOUT, env=os.environ, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = Path("/proc", parent.stdout.readline().decode().strip())
    assert child.exists()

    parent.kill()
    parent.communicate()

    deadline = time.monotonic() + 20
    while child.exists() and "Z" not in (child / "stat").read_text().rpartition(")")[2].split()[0]:
        assert time.monotonic() < deadline, "beat still runs"
        time.sleep(0.1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (("manage.py", "shell", "-v0", "-c"), ""),
        # As `celery -A config worker` and `beat` do.
        (("-c",), "from config.celery import app; app.loader.import_default_modules(); "),
    ],
    ids=["command", "worker"],
)
def test_what_a_process_consists_of_is_left_out_of_the_search_for_garbage(subprocess_environment, arguments, loaded):
    asked = f"{loaded}import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    command = [sys.executable, *arguments, asked]

    assert subprocess.check_output(command, cwd=CHECKOUT, env=subprocess_environment, text=True) == "True True\n"
