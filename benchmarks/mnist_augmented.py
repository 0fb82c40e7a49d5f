"""MNIST with the textbook CNN 32-64-64-64 and augmentation: at least 0.994 on the official test set.

``python -m benchmarks.mnist_augmented path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import ROOT, Figure, accuracy, dataset, leadline, publish


def main() -> None:
    """Train the example once, as a user would, and read the report."""
    source = dataset("mnist.npz")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "mnist"
        seconds = leadline("train", ROOT / "examples" / "mnist.yaml", "--set", f"data.source={source}", "--out", run)
        took = Figure("seconds, start to report", seconds, "s", 1, "one run", None)
        publish("mnist_augmented", [accuracy(run, ">= 0.994"), took])


if __name__ == "__main__":
    main()
