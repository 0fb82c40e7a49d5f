"""Digits with no options: at least 0.98 over ten random splits, each in under a minute."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from benchmarks.common import Figure, leadline, mean_interval, publish, report

SPLITS = 10


def main() -> None:
    """Train ten times, each with a seed and so a split of its own."""
    seconds, accuracies = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SPLITS):
            run = Path(folder) / f"seed-{seed}"
            seconds.append(
                leadline("train", "digits", "--seed", str(seed), "--set", f"data.split.seed={seed}", "--out", run)
            )
            found = report(run).find("accuracy")
            assert found is not None
            assert found.value is not None
            accuracies.append(found.value)
    mean = "mean over random splits; Student's t"
    publish(
        "digits",
        [
            Figure("accuracy", float(np.mean(accuracies)), "", SPLITS, mean, mean_interval(accuracies), ">= 0.98"),
            Figure("seconds, start to report", float(np.max(seconds)), "s", SPLITS, "slowest run", None, "<= 60"),
        ],
        {"accuracies": accuracies, "seconds": seconds},
    )


if __name__ == "__main__":
    main()
