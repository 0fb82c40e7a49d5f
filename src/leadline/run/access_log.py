"""The access log: how often the test rows of a dataset have been evaluated on, on this machine.

Each access to a test split makes its numbers a little less honest, because people choose by them. The log is a line of
JSON an access, in a file per data fingerprint under the user's data folder (``LEADLINE_HOME`` overrides it).
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import platformdirs


def _file(fingerprint: str) -> Path:
    home = Path(os.environ.get("LEADLINE_HOME") or platformdirs.user_data_dir("leadline", appauthor=False))
    old, folder = home / "ledger", home / "test-set-accesses"  # `old` is what version 0.1 called it
    if not folder.exists():
        with suppress(OSError):  # there is none, or another process was first
            old.rename(folder)
    return folder / f"{fingerprint}.jsonl"


def record_access(fingerprint: str, run: str) -> int | None:
    """Record one access by a run and return how many there have been, this one included; None where nothing can be
    recorded.
    """
    file = _file(fingerprint)
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "run": run}, ensure_ascii=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.write(line + "\n")
        return accesses(fingerprint)
    except OSError:
        return None


def accesses(fingerprint: str) -> int:
    """Return how many accesses are recorded."""
    try:
        with _file(fingerprint).open("rb") as opened:
            return sum(1 for _ in opened)
    except FileNotFoundError:
        return 0
