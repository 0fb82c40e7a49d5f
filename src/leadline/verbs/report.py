"""Read a run's report, or write its page anew."""

from __future__ import annotations

from pathlib import Path

from leadline.core.report import Report
from leadline.pipeline.output_files import writing
from leadline.rendering.html import render
from leadline.run import folder as files
from leadline.run.verification import last_verification


def report(run: str | Path, *, html: str | Path | None = None) -> Report:
    """Return the report of a finished run; with `html`, also write its page to that file, with the last verification.

    The page in the run folder stays as it is. Raises RunError where the report is missing, or was changed after the run
    was finished.
    """
    folder = Path(run).expanduser()
    files.verify(folder, (files.REPORT,))
    found = Report.read(folder / files.REPORT)
    if html is not None:
        page = render(found, folder, last_verification(folder))
        with writing(Path(html).expanduser()) as beside:
            beside.write_text(page, encoding="utf-8")
    return found
