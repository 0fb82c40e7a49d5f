"""Where the data of a run lies once the run has been moved, or is used from another working directory.

Paths that were given relative to the working directory are recorded relative to the run folder too: a project that is
moved as a whole finds its data again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from leadline.core.experiment import DataSpec
from leadline.errors import RunError
from leadline.run.environment import environment_for

ENTRIES = ("source", "validation", "test")
RECORD = "data_from_run_folder"  # of environment.json


def from_run_folder(folder: Path, data: DataSpec) -> dict[str, str]:
    """Return the relative paths of the data as they lead there from the folder of a run that begins, by entry."""
    found = {}
    for entry in ENTRIES:
        path = getattr(data, entry)
        if path and not Path(path).is_absolute() and Path(path).exists():
            try:
                found[entry] = Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
            except ValueError:  # another drive of Windows
                continue
    return found


def moved_data(folder: Path, data: DataSpec) -> Mapping[str, str]:
    """Return, by entry, where the data lies that is not where the experiment says, but is where it lay seen from the
    run folder; nothing where it is in its place or nowhere.
    """
    try:
        recorded = environment_for(folder).get(RECORD) or {}
    except RunError:
        return {}
    found = {}
    for entry in ENTRIES:
        path, known = getattr(data, entry), recorded.get(entry)
        if path and isinstance(known, str) and not Path(path).exists():
            there = folder / known
            if there.exists():
                found[entry] = str(Path(os.path.normpath(there.absolute())))
    return found
