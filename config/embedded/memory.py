"""How much memory this machine, or this container, lets us use."""

import contextlib
import os
from pathlib import Path


def machine_memory() -> int:
    """Return the bytes of memory of the machine, or of the container when that is less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
            limits.append(int(Path(path).read_text()))
    return min(limits)
