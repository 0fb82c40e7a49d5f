"""Spoken digits, official split (recordings 0 to 4 are the test): at least 0.98; and with each of the six speakers left
out.

``python -m benchmarks.fsdd path/to/fsdd``, a folder with ``index.csv`` and ``recordings/``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from benchmarks.common import ROOT, Figure, accuracy, dataset, leadline, publish, report

EXAMPLE = ROOT / "examples" / "spoken_digits.yaml"
LEFT_OUT = ["--split", "group:speaker", "--folds", "6"]


def main() -> None:
    """Train once on the official split, then cross-validate by speaker, as a user would."""
    source = ["--set", f"data.source={dataset('fsdd')}"]
    with tempfile.TemporaryDirectory() as folder:
        run, folds = Path(folder) / "fsdd", Path(folder) / "speakers"
        seconds = leadline("train", EXAMPLE, *source, "--split", "split", "--out", run)
        figures = [accuracy(run, ">= 0.98"), Figure("seconds, start to report", seconds, "s", 1, "one run")]
        seconds = leadline("crossval", EXAMPLE, *source, *LEFT_OUT, "--out", folds)
        figures.append(Figure("seconds, six folds", seconds, "s", 1, "one cross-validation"))
        for found in report(folds).findings:
            if found.name == "accuracy" and found.value is not None:
                name = f"accuracy, speakers left out: {found.split} {found.group or ''}".rstrip()
                figures.append(Figure(name, found.value, "", found.n or 0, found.method or "", found.interval))
        speakers = pl.read_csv(Path(dataset("fsdd")) / "index.csv").get_column("speaker")
        for fold in sorted((folds / "folds").iterdir()):
            tested = pl.read_parquet(fold / "predictions.parquet").filter(split="test").get_column("row")
            (speaker,) = speakers.gather(tested - 1).unique()
            found = report(fold).find("accuracy")
            assert found is not None and found.value is not None
            figures.append(
                Figure(
                    f"accuracy, {speaker} left out", found.value, "", found.n or 0, found.method or "", found.interval
                )
            )
    publish("fsdd", figures)


if __name__ == "__main__":
    main()
