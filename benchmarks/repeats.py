"""Ten repeats of a small network cost less than five runs one after another.

What is saved is starting, timing the plan, baselines and measuring time; and repeats run at once, a process for each
core. A network whose own steps keep all cores busy (the CNN on digits) saves only the former: ``python -m
benchmarks.repeats digits``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.common import in_turn, leadline, publish, ratio

ROUNDS = 6
REPEATS, RUNS = 10, 5
DATASETS = tuple(sys.argv[1:]) or ("iris",)


def seconds(dataset: str, repeats: int, runs: int) -> float:
    """Return what so many runs one after another take, each with so many repeats."""
    with tempfile.TemporaryDirectory() as folder:
        return sum(
            leadline(
                "train", dataset, "--seed", str(seed), "--repeats", str(repeats), "--out", Path(folder) / str(seed)
            )
            for seed in range(runs)
        )


def main() -> None:
    """Measure both in turn, on the smallest bundled table unless others are named."""
    figures, raw = [], {}
    for dataset in DATASETS:
        programs = {
            f"{dataset}, {REPEATS} repeats": lambda d=dataset: seconds(d, REPEATS, 1),
            f"{dataset}, {RUNS} runs": lambda d=dataset: seconds(d, 1, RUNS),
        }
        taken = in_turn(programs, ROUNDS)
        repeated, alone = taken.values()
        figures.append(ratio(f"{dataset}: {REPEATS} repeats to {RUNS} runs", repeated, alone, "<= 1"))
        raw |= taken
    publish("repeats", figures, {"seconds": raw})


if __name__ == "__main__":
    main()
