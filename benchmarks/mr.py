"""Movie reviews, ten-fold cross-validation with the text CNN: at least 0.75.

``python -m benchmarks.mr path/to/mr.csv``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import Figure, dataset, leadline, publish, report

FOLDS = 10


def main() -> None:
    """Cross-validate once, as a user would, and read the report over folds."""
    source = dataset("mr.csv")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "mr"
        seconds = leadline(
            "crossval", source, "--target", "label", "--network", "textcnn", "--folds", str(FOLDS), "--out", out
        )
        found = report(out).find("accuracy")
        assert found is not None
        assert found.value is not None
        right = Figure(
            "accuracy over folds", found.value, "", found.n or 0, found.method or "", found.interval, ">= 0.75"
        )
        publish("mr", [right, Figure("seconds, start to report", seconds, "s", 1, "one cross-validation")])


if __name__ == "__main__":
    main()
