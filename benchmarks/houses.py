"""Houses: the price from four photos and four numbers, ten random splits; each input alone and all fused.

The fusion is to be no worse than the best input alone, over splits. ``python -m benchmarks.houses path/to/houses/houses.csv``
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from benchmarks.common import Figure, dataset, leadline, mean_interval, publish, report

SPLITS = 10
ALONE = " alone"


def main() -> None:
    """Train ten times, as a user would, and read the reports, which measure each input alone beside the fusion."""
    source = dataset("houses") / "houses.csv"
    errors: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for seed in range(SPLITS):
            run = Path(folder) / str(seed)
            seconds.append(leadline("train", source, "--target", "price", "--ignore", "id", "--seed", str(seed), "--out", run))
            for found in report(run).findings:
                if found.name == "mae" and found.split == "test" and found.value is not None:
                    errors[found.group or "fused"].append(found.value)
    method = f"mean over {SPLITS} random splits; Student's t"
    figures = [
        Figure(f"mean absolute error, {name}", float(np.mean(values)), "$", len(values), method, mean_interval(values))
        for name, values in errors.items()
        if name == "fused" or name.endswith(ALONE)
    ]
    best = min((name for name in errors if name.endswith(ALONE)), key=lambda name: float(np.mean(errors[name])))
    apart = [a - b for a, b in zip(errors["fused"], errors[best], strict=True)]
    figures.append(Figure(f"fused minus {best}", float(np.mean(apart)), "$", SPLITS, method, mean_interval(apart), "<= 0"))
    figures.append(Figure("seconds, start to report", float(np.mean(seconds)), "s", SPLITS, "mean"))
    publish("houses", figures, {"errors": errors})


if __name__ == "__main__":
    main()
