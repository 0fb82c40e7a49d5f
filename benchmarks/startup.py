"""``leadline --help`` answers in under half a second."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
from benchmarks.common import Figure, command, publish

from leadline.machine.latency import median_interval

REPEATS = 30


def seconds_of(words: list[str]) -> np.ndarray:
    """Return the sorted wall-clock seconds of `REPEATS` fresh processes; the first one, which fills file caches, is not
    counted.
    """
    taken = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        subprocess.run(words, capture_output=True, check=True)
        taken.append(time.perf_counter() - start)
    return np.sort(taken[1:])


def figure(name: str, words: list[str], target: str | None = None) -> Figure:
    """Return the median of a command's seconds."""
    taken_N = seconds_of(words)
    method = "median of fresh processes; interval from order statistics"
    return Figure(name, float(np.median(taken_N)), "s", REPEATS, method, median_interval(taken_N), target)


if __name__ == "__main__":
    publish(
        "startup",
        [
            figure("leadline --help", command("--help"), "<= 0.5"),
            figure("leadline models", command("models"), "<= 0.5"),
            figure("python -c 'import leadline'", [sys.executable, "-c", "import leadline"]),
            figure("python -c pass", [sys.executable, "-c", "pass"]),
        ],
    )
