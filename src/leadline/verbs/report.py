"""Read a run's report."""

from __future__ import annotations

from pathlib import Path

from leadline.core.report import Report
from leadline.run import folder as files


def report(run: str | Path) -> Report:
    """Return the report of a finished run; raises RunError where it is missing, or was changed after the run was
    finished.
    """
    folder = Path(run).expanduser()
    files.verify(folder, (files.REPORT,))
    return Report.read(folder / files.REPORT)
