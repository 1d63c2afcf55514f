"""A session of the suite's own pytest over a file of tests that skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.lease import CHECKOUT
from tests import skips

TESTS = """
import pytest

@pytest.fixture
def data():
    pytest.skip("no data")

def test_that_needs_data(data): ...

@pytest.mark.skip("no browser")
def test_that_is_marked(): ...

def test_that_gives_up():
    pytest.skip("no superuser")

@pytest.mark.xfail(strict=True)
def test_that_fails_as_expected():
    assert False

def test_that_passes(): ...

@pytest.mark.skip("not asked for")
def test_that_is_left_out(): ...
"""
MODULE = """
import pytest

pytest.skip("no such system", allow_module_level=True)
"""


@pytest.fixture
def run(tmp_path):
    """Run them in a process that another one counts for, as `make test` does; return the exit code and what is said."""
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_module.py").write_text(MODULE)
    arguments = ["-p", "tests.skips", "-p", "xdist", "-n", "1", "-c", os.devnull, "--rootdir", str(tmp_path)]
    left_out = ["--deselect", "test_some.py::test_that_is_left_out", "--continue-on-collection-errors", "-rs"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}

    def run(path: Path, **environment: str) -> tuple[int, str]:
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, *left_out, str(path)],
            cwd=CHECKOUT,
            env={**bare, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return result.returncode, result.stdout

    return run


def test_skip_fails_in_ci_and_says_what_was_skipped_and_why(run, tmp_path):
    code, said = run(tmp_path, CI="true")

    assert code == 1
    reason = "Nothing is skipped where CI is set, but {} was: Skipped: {}\n"
    for what, why in [
        ("test_some.py::test_that_needs_data", "no data"),
        ("test_some.py::test_that_is_marked", "no browser"),
        ("test_some.py::test_that_gives_up", "no superuser"),
        ("test_module.py", "no such system"),
    ]:
        assert reason.format(what, why) in said
    assert said.count("Nothing is skipped") == 4
    assert "= 1 failed, 1 passed, 1 xfailed, 3 errors in " in said


def test_skip_is_a_skip_elsewhere(run, tmp_path):
    code, said = run(tmp_path)

    assert code == 0
    assert "= 1 passed, 4 skipped, 1 xfailed in " in said


@pytest.mark.parametrize("name", ["pytest_runtest_makereport", "pytest_make_collect_report"])
def test_session_that_reads_this_has_both_hooks(pytestconfig, name):
    hooks = getattr(pytestconfig.hook, name).get_hookimpls()

    assert getattr(skips, name) in [hook.function for hook in hooks]
