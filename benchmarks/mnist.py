"""MNIST with the textbook CNN: at least 0.992 on the official test set within three minutes.

``python -m benchmarks.mnist path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import Figure, accuracy, dataset, leadline, publish


def main() -> None:
    """Train once, as a user would, and read the report."""
    source = dataset("mnist.npz")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "mnist"
        seconds = leadline("train", source, "--network", "cnn", "--out", run)
        took = Figure("seconds, start to report", seconds, "s", 1, "one run", None, "<= 180")
        publish("mnist", [accuracy(run, ">= 0.992"), took])


if __name__ == "__main__":
    main()
