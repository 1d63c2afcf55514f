"""
`python -m config.embedded status | stop | clean | psql …`: look after this checkout's own servers by hand.

It needs no installed package but for `psql`, so that `make clean` works whatever state the environment is in.
"""

import os
import subprocess
import sys
from pathlib import Path

from config.embedded.account import ServerError
from config.embedded.lease import STATE, VARIABLES, address, ensure_running, stop, supervisor_of
from config.embedded.programs import postgres_folder, remove

USAGE = "Usage: python -m config.embedded status | stop | clean | psql [ARGUMENT …]"


def main(arguments: list[str]) -> int:
    """Carry out one command and return the exit code."""
    match arguments:
        case ["status"]:
            for folder in (STATE / name for name in VARIABLES.values()):
                say(f"{folder.name}: {address(folder) if supervisor_of(folder) else 'does not run'}")
        case ["stop"]:
            stop_all()
        case ["clean"]:
            stop_all()
            clean()
        case ["psql", *rest]:
            ensure_running()
            program = postgres_folder() / "bin" / "psql"
            return subprocess.run([program, os.environ["DATABASE_URL"], *rest], check=False).returncode
        case _:
            say(USAGE)
            return 2
    return 0


def stop_all() -> None:
    """Stop every server of this checkout, those of test sessions included, whoever uses them."""
    for folder in {*STATE.glob("*/supervisor"), *Path(STATE, "tests").glob("*/*/supervisor")}:
        if stop(folder.parent):
            say(f"Stopped {folder.parent.name}.")


def clean() -> None:
    """Remove the servers' data, and say so; ServerError when something of it stays. Others' servers are left alone."""
    if "DATABASE_URL" in os.environ:
        say("The database that DATABASE_URL names is not Kith's own and stays as it is.")
    if not STATE.exists():
        say(f"There is nothing to remove: {STATE} does not exist.")
        return
    remove(STATE)
    if STATE.exists():
        raise ServerError(f"Not all of {STATE} can be removed: do it as the user who made it.")
    say(f"Removed {STATE}.")


def say(line: str) -> None:
    """Write a line to the terminal."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerError as error:
        sys.exit(f"Kith: {error}")
