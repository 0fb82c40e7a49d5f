"""How much memory this process takes, as the operating system accounts for it. 1 MB = 10^6 bytes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say

_KIB = 1024


class Memory(NamedTuple):
    """Megabytes, or None with the reason why they cannot be read; `method` names where they come from."""

    mb: float | None
    method: str | None = None
    why: str | None = None


def peak_rss_mb() -> Memory:
    """Return the largest resident memory of this process so far, memory-mapped files that were touched included."""
    linux = _status_mb("VmHWM")
    if linux is not None:
        return Memory(linux, say("machine.peak-memory-vmhwm"))
    if sys.platform == "win32":
        return Memory(None, why=say("machine.peak-memory-windows"))
    import resource

    # Not used on Linux: there the value outlives exec, so that a small program started by a large one looks large.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else _KIB
    return Memory(peak * unit / 1e6, say("machine.peak-memory-getrusage"))


def rss_anon_mb(pid: int | None = None) -> Memory:
    """Return the anonymous resident memory of a process (this one by default): what is neither file nor shared
    memory.
    """
    mb = _status_mb("RssAnon", pid)
    if mb is None:
        return Memory(None, why=say("machine.anonymous-memory-unknown"))
    return Memory(mb, say("machine.anonymous-memory"))


def _status_mb(entry: str, pid: int | None = None) -> float | None:
    try:
        text = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == entry:
            return int(value.split()[0]) * _KIB / 1e6
    return None
