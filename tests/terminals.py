"""A terminal as a person has it: it shows what is written to it, and Ctrl-C reaches who runs in it."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

CONTROL_C = b"\x03"
COLORS_AND_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A pseudo-terminal of 150 columns. `device` is the end that programs write to."""

    def __init__(self) -> None:
        self._person, self.device = pty.openpty()
        termios.tcsetwinsize(self.device, (50, 150))
        self._received = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(
        self, command: list[str], *, folder: Path, environment: dict[str, str], output: Path
    ) -> "subprocess.Popen[bytes]":
        """Start a program in the foreground of this terminal, as a shell does, with what it says sent to a file."""
        with output.open("wb") as file:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=self.device,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=_as_a_shell,
            )

    def press(self, key: bytes) -> None:
        """Press a key; the terminal turns Ctrl-C into SIGINT for all processes in its foreground."""
        os.write(self._person, key)

    def shows(self) -> str:
        """Everything that was written so far, without colors and movements."""
        return COLORS_AND_MOVES.sub("", self._received.decode(errors="replace").replace("\r\n", "\n"))

    def close(self) -> None:
        """Put the terminal away, with everything that was written read."""
        os.close(self.device)
        self._reader.join(5)
        os.close(self._person)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # nobody has the other end any more
            while received := os.read(self._person, 65_536):
                self._received += received


def _as_a_shell() -> None:
    """Let the terminal be the program's, and Ctrl-C end it: who runs in the background, as tests may, ignores that."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal for the block."""
    made = Terminal()
    try:
        yield made
    finally:
        made.close()


def written_to_terminal(call: Callable[[], object]) -> str:
    """What a call writes to standard error when that is a terminal."""
    with terminal() as screen, open(screen.device, "w", closefd=False) as file, contextlib.redirect_stderr(file):
        call()
    return screen.shows()


def written_to_pipe(call: Callable[[], object]) -> str:
    """What a call writes to standard error when that is a pipe: no more than fits into one."""
    receiving, sending = os.pipe()
    with open(receiving) as reader:
        with open(sending, "w") as file, contextlib.redirect_stderr(file):
            call()
        return reader.read()
