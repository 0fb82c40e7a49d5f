"""Ten repeats of a small network cost less than five runs one after another."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import in_turn, leadline, publish, ratio

ROUNDS = 6
REPEATS, RUNS = 10, 5
DATASETS = ("iris", "digits")


def seconds(dataset: str, repeats: int, runs: int) -> float:
    """Return what so many runs one after another take, each with so many repeats."""
    with tempfile.TemporaryDirectory() as folder:
        return sum(
            leadline("train", dataset, "--seed", str(seed), "--repeats", str(repeats), "--out", Path(folder) / str(seed))
            for seed in range(runs)
        )


def main() -> None:
    """Measure both in turn, on the smallest bundled table and on small pictures."""
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
