"""
Make the environment `.venv` from `requirements.lock`: `python3.11 config/environment.py`, or `make env`.

Every package is checked against its hash. It is made anew only when the lock or the Python changes. Nothing
outside the checkout is written, and nothing but Python's standard library is used; a Debian without the
package python3-venv will do when it has pip.
"""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOCK = CHECKOUT / "requirements.lock"
ENVIRONMENT = CHECKOUT / ".venv"
STAMP = ENVIRONMENT / "ready"
LOG = CHECKOUT / ".kith" / "logs" / "environment.log"

#: What pip says when the package index is out of reach, in its versions of the last years.
NETWORK_TROUBLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "ProxyError",
    "ReadTimeoutError",
    "Connection broken",
    "SSLError",
)


class EnvironmentTrouble(Exception):
    """The environment cannot be made; the text is one sentence."""


def main() -> None:
    """Make the environment unless it is there already."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with (LOG.parent / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fingerprint = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version}\n"
        if not STAMP.exists() or STAMP.read_text() != fingerprint:
            say("Installing Kith's packages into .venv (half a minute on a usual connection) …")
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            install(make_environment())
            STAMP.write_text(fingerprint)
        STAMP.touch()


def make_environment() -> list[str]:
    """Make an empty environment; return the command line of a pip that installs into it."""
    python = ENVIRONMENT / "bin" / "python"
    if importlib.util.find_spec("ensurepip") is not None:
        venv.create(ENVIRONMENT, with_pip=True, symlinks=True)
        return [str(python), "-m", "pip"]
    if importlib.util.find_spec("pip") is None:
        raise EnvironmentTrouble(
            f"{Path(sys.executable).name} has neither ensurepip nor pip: install the package python3-venv "
            "(Debian: apt install python3-venv)."
        )
    venv.create(ENVIRONMENT, with_pip=False, symlinks=True)
    return [sys.executable, "-m", "pip", "--python", str(python)]


def install(pip: list[str]) -> None:
    """Install the locked packages, each checked against its hash."""
    options = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--retries", "2", "--timeout", "20"]
    command = [*pip, *options, "install", "--no-compile", "--progress-bar", "off", "--require-hashes", "-r", str(LOCK)]
    with LOG.open("w") as log:
        result = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if result.returncode == 0:
        return
    said = LOG.read_text(errors="replace")
    if any(sign in said for sign in NETWORK_TROUBLE):
        raise EnvironmentTrouble(
            f"The package index could not be reached: check the network connection or the proxy (details: {LOG})."
        )
    errors = [line.strip() for line in said.splitlines() if line.startswith("ERROR")]
    reason = errors[-1] if errors else f"pip ended with exit code {result.returncode}"
    raise EnvironmentTrouble(f"The packages could not be installed: {reason} (details: {LOG}).")


def say(line: str) -> None:
    """Write a line to the terminal."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        main()
    except (EnvironmentTrouble, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"Kith: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
