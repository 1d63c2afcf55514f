"""The settings: what they read is documented, and what is wrong is told in one sentence."""

import os
import re
import subprocess
import sys

import pytest

from config.embedded.lease import CHECKOUT

READ = re.compile(
    r"""(?:env\.\w+|switch|seconds|whole_number|environ\.get|getenv)\(\s*["']([A-Z][A-Z_]+)["']|environ\[["']([A-Z][A-Z_]+)["']\]"""
)
#: Variables of the system, of Django and of pytest, which are not Kith's to document.
FOREIGN = {"PATH", "HOME", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE", "PYTEST_XDIST_WORKER"}


def variables_read() -> set[str]:
    """Every environment variable that the code reads by name."""
    paths = [path for path in CHECKOUT.rglob("*.py") if not any(part.startswith(".") for part in path.parts)]
    found = {name for path in paths for match in READ.findall(path.read_text()) for name in match if name}
    return found - FOREIGN


def variables_documented() -> set[str]:
    """Every variable that has a row in a table of the operations page."""
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", (CHECKOUT / "docs" / "operations.md").read_text(), re.MULTILINE))


def test_every_variable_that_is_read_is_documented():
    read = variables_read()

    assert {"DATABASE_URL", "KITH_PRODUCTION", "METRICS_TICK_SECONDS", "KITH_API_REQUESTS_PER_MINUTE"} <= read
    assert read - variables_documented() == set()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KITH_DEBUG": "maybe"}, "Kith: KITH_DEBUG must be on or off, not 'maybe'.\n"),
        (
            {"METRICS_TICK_SECONDS": "soon"},
            "Kith: METRICS_TICK_SECONDS must be a number of seconds above zero, not 'soon'.\n",
        ),
        (
            {"KITH_API_REQUESTS_PER_MINUTE": "-1"},
            "Kith: KITH_API_REQUESTS_PER_MINUTE must be a whole number, zero or more, not '-1'.\n",
        ),
        (
            {"KITH_PRODUCTION": "on"},
            "Kith: Set KITH_SECRET_KEY to a long random text: KITH_PRODUCTION is on.\n",
        ),
        (
            {
                "KITH_PRODUCTION": "on",
                "KITH_SECRET_KEY": "long and random",
                "KITH_SUPPRESSION_KEYS": "0123456789-abcdefghijklmnopqrstuvwxyz",
                "KITH_ALLOWED_HOSTS": "*",
            },
            "Kith: KITH_ALLOWED_HOSTS may not hold '*': KITH_PRODUCTION is on.\n",
        ),
        (
            {"KITH_PRODUCTION": "on", "KITH_DEBUG": "on"},
            "Kith: KITH_DEBUG must be off when KITH_PRODUCTION is on.\n",
        ),
    ],
)
def test_wrong_setting_is_told_in_one_sentence(changes, sentence):
    environment = {**os.environ, **changes}

    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout, result.stderr) == (1, "", sentence)


def test_production_settings_pass_djangos_own_check():
    environment = {
        **os.environ,
        "KITH_PRODUCTION": "on",
        "KITH_SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "KITH_SUPPRESSION_KEYS": "0123456789-abcdefghijklmnopqrstuvwxyz",
        "KITH_ALLOWED_HOSTS": "kith.example.org",
    }

    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--tag", "security", "--fail-level", "WARNING"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
