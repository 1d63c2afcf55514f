"""The account that the servers run as."""

import contextlib
import ctypes
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Accounts that every Debian has, best first: PostgreSQL refuses to run as root.
UNPRIVILEGED_ACCOUNTS = ("nobody", "daemon", "www-data")

LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class ServerError(Exception):
    """A server of Kith's own does not run; the text is one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    """A user that a server runs as, when it is not the user of this process."""

    name: str
    uid: int
    gid: int

    def can_use(self, path: Path) -> bool:
        """Tell whether this user can enter the folder, or run the file, `path`."""
        probe = ["/bin/sh", "-c", 'test -x "$0" && test -r "$0"', str(path)]
        result = subprocess.run(probe, check=False, cwd="/", user=self.uid, group=self.gid, extra_groups=[])
        return result.returncode == 0

    def own(self, path: Path) -> None:
        """Make `path` this user's."""
        os.chown(path, self.uid, self.gid)


def server_account() -> Account | None:
    """
    Return the account that the servers run as, or None for the account of this process.

    None for a plain user. Root gets an unprivileged account that exists already; none is added.
    """
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ServerError(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(UNPRIVILEGED_ACCOUNTS)} exists: "
        "run Kith as a plain user."
    )


@contextlib.contextmanager
def eyes_of(account: Account | None) -> Iterator[None]:
    """
    Look at files, and at /proc, as `account` does, in this thread.

    Root in a container often lacks the capability to look into other users' processes; the user
    itself may always look.
    """
    if account is None or LIBC is None:
        yield
        return
    LIBC.setfsgid(account.gid)
    LIBC.setfsuid(account.uid)
    try:
        yield
    finally:
        LIBC.setfsuid(os.geteuid())
        LIBC.setfsgid(os.getegid())
