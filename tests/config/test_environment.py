"""`make env`: what it says where the environment cannot be made, in a checkout of a lock and little else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.lease import CHECKOUT
from config.embedded.process import free_port

PYTHON = Path(sys.executable).resolve()  # the one that this environment was made from: it has what makes another


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that would install a single package, in a folder whose name has a space and an ø."""
    folder = tmp_path / "a space and an ø"
    (folder / "config").mkdir(parents=True)
    shutil.copy(CHECKOUT / "Makefile", folder)
    shutil.copy(CHECKOUT / "config" / "environment.py", folder / "config")
    (folder / "requirements.lock").write_text(f"some-package==1.0 --hash=sha256:{'0' * 64}\n")
    return folder


def make_env(checkout: Path, python: Path, **environment: str) -> list[str]:
    """Let `make env` fail; return what it says."""
    return failed(checkout, "env", f"PYTHON={python}", **environment)


def failed(checkout: Path, *arguments: str, **environment: str) -> list[str]:
    """Let make fail; return the lines that it says, without those in which make itself says that it failed."""
    result = subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert not (checkout / ".venv" / "ready").exists()  # so the next call begins anew
    return [line for line in result.stderr.splitlines() if not line.startswith("make: ")]


def test_package_index_out_of_reach_is_told_in_a_sentence(checkout):
    nobody = f"http://127.0.0.1:{free_port()}/simple"

    said = make_env(checkout, PYTHON, PIP_INDEX_URL=nobody, PIP_CONFIG_FILE=os.devnull)

    log = checkout / ".kith" / "logs" / "environment.log"
    assert said == [
        "Installing Kith's packages into .venv (half a minute on a usual connection) …",
        f"Kith: The package index could not be reached: check the network connection or the proxy (details: {log}).",
    ]
    assert nobody.removeprefix("http://").partition(":")[0] in log.read_text()


def test_python_that_is_not_there_is_told_in_a_sentence(checkout):
    assert make_env(checkout, checkout / "python") == [
        f"Kith: {checkout / 'python'} was not found: "
        "install Python 3.11 (Debian 12: apt install python3.11), or name yours with PYTHON=…"
    ]


@pytest.mark.parametrize("target", ["demo", "test", "env"])
def test_environment_of_ones_own_that_is_not_there_is_told_in_a_sentence(checkout, target):
    assert failed(checkout, target, "VENV=no such folder") == [
        "Kith: there is no environment in no such folder: leave VENV out, and one is made in .venv."
    ]


def test_python_that_is_too_old_is_told_in_a_sentence(checkout):
    old = checkout / "python"
    older = "import sys; sys.version_info = (3, 10, 14); exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec "{PYTHON}" -c "{older}" "$2"\n')  # called with -c and a statement
    old.chmod(0o755)

    assert make_env(checkout, old) == [f"Kith: {old} is older than Python 3.11: name a newer one with PYTHON=…"]


def test_python_may_keep_what_it_compiled_whoever_forbade_it(checkout):
    said = subprocess.check_output(
        ["make", "--eval", "asked: ; @env", "asked"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "1"},
        text=True,
    )

    assert [line for line in said.splitlines() if line.startswith(("PYTHONDONT", "PYTHONHASH"))] == ["PYTHONHASHSEED=1"]


def test_distclean_leaves_no_trace(checkout):
    shutil.copytree(CHECKOUT / "config" / "embedded", checkout / "config" / "embedded")
    for folder in (".venv", ".kith", "config/__pycache__", "config/embedded/__pycache__"):
        (checkout / folder).mkdir(exist_ok=True)

    subprocess.check_call(["make", "distclean", f"PYTHON={PYTHON}"], cwd=checkout)

    assert {path.name for path in checkout.rglob("*") if path.is_dir()} == {"config", "embedded"}
