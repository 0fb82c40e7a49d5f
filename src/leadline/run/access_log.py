"""The access log: how often the test rows of a dataset have been evaluated on, on this machine.

Each access to a test split makes its numbers a little less honest, because people choose by them. The log is a line of
JSON an access, under the user's data folder (``LEADLINE_HOME`` overrides it). A dataset is known by what its columns
hold: it is the same in another order of rows, with a column more, or in another format.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

ALIKE = 0.5  # share of columns, of those of the dataset with fewer, that two accesses to the same data have in common
_FOLDER = "test-set-accesses"


class Data(NamedTuple):
    """How a dataset is known again: by its fingerprint, and by what its columns hold (`data.checks.content`)."""

    fingerprint: str
    columns: Collection[str] = ()


def record_access(data: Data, run: str, once: str | None = None) -> int | None:
    """Record an access by a run and return how many there have been, this one included; None where none can be
    recorded.

    With `once`, accesses that say the same count as one: the folds of a cross-validation, a measurement that was
    interrupted and begun again.
    """
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run,
        "once": once,
        "fingerprint": data.fingerprint,
        "columns": sorted(data.columns),
    }
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.jsonl").open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return accesses(data)
    except OSError:
        return None


def accesses(data: Data) -> int:
    """Return how many accesses are recorded."""
    folder, columns = _folder(), frozenset(data.columns)
    found = [one for one in _entries(folder / "log.jsonl") if _same(one, data.fingerprint, columns)]
    together = {one["once"] for one in found if one.get("once")}
    own = sum(not one.get("once") for one in found)
    # Version 0.1 had a file for each fingerprint.
    return own + len(together) + sum(1 for _ in _entries(folder / f"{data.fingerprint}.jsonl"))


def _folder() -> Path:
    home = Path(os.environ.get("LEADLINE_HOME") or platformdirs.user_data_dir("leadline", appauthor=False))
    old, folder = home / "ledger", home / _FOLDER  # `old` is what version 0.1 called it
    if not folder.exists():
        with suppress(OSError):  # there is none, or another process was first
            old.rename(folder)
    return folder


def _entries(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log; a line that was cut short by a full disk is none."""
    with suppress(FileNotFoundError), file.open("rb") as opened:
        for line in opened:
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry


def _same(entry: dict[str, Any], fingerprint: str, columns: frozenset[str]) -> bool:
    known = entry.get("columns") or ()
    if entry.get("fingerprint") == fingerprint:
        return True
    return bool(columns and known) and len(columns.intersection(known)) >= ALIKE * min(len(columns), len(known))
