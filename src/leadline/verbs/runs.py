"""List the runs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.core.wording import shortened
from leadline.errors import LeadlineError, RunError
from leadline.run import folder as files


class Listed(NamedTuple):
    """One run folder: its report, or None with the state it is in."""

    folder: Path
    state: str
    report: Report | None

    def __repr__(self) -> str:
        """Return in a line where the run lies, the state it is in, and what was measured."""
        main = None if self.report is None or self.report.main is None else self.report.wording.brief(self.report.main)
        told = ", ".join(part for part in (shortened(self.state, 60), main) if part)
        return f"Listed({shortened(str(self.folder), 50)!r}: {told})"


def runs(folder: str | Path = "runs") -> tuple[Listed, ...]:
    """Return every run under a folder, newest last; raises RunError where there is no such folder."""
    parent = Path(folder)
    if not parent.is_dir():
        raise RunError(say("verbs.no-runs-folder", parent=parent))
    found = [path for path in parent.iterdir() if (path / files.EXPERIMENT).exists()]
    return tuple(_look(path) for path in sorted(found, key=lambda p: ((p / files.EXPERIMENT).stat().st_mtime, p.name)))


def _look(path: Path) -> Listed:
    if not (path / files.MANIFEST).exists():
        return Listed(path, "not finished", None)
    try:
        return Listed(path, "finished", Report.read(path / files.REPORT))
    except LeadlineError as error:
        return Listed(path, f"damaged: {error}", None)
