"""CIFAR-10 from its folders of PNG files, as ``examples/cifar10.yaml`` says: at least 0.70 on the official test set.

``python -m benchmarks.cifar10 path/to/cifar10``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, accuracy, dataset, leadline, publish


def main() -> None:
    """Train once, as a user would, and read the report."""
    source = dataset("cifar10")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "cifar10"
        seconds = leadline("train", ROOT / "examples" / "cifar10.yaml", "--set", f"data.source={source}", "--out", run)
        took = Figure("seconds, start to report", seconds, "s", 1, "one run")
        publish("cifar10", [accuracy(run, ">= 0.70"), took])


if __name__ == "__main__":
    main()
