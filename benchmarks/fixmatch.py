"""MNIST with about a hundred labels: what the other rows are worth without theirs, to the same network.

``python -m benchmarks.fixmatch path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.common import Figure, dataset, leadline, mean_interval, publish, report

SHARE = 0.002  # of the train rows that keep their label
EPOCHS = 6  # over the rows without a label


def main() -> None:
    """Train with the rows that have no label and without them, the same ones having one, and compare on the same test
    rows.
    """
    source = dataset("mnist.npz")
    right, figures, seconds, labels = {}, [], 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for objective in ("fixmatch", "classification"):
            run = Path(folder) / objective
            epochs = ["--set", f"training.epochs={EPOCHS}"] if objective == "fixmatch" else []
            seconds += leadline(
                *("train", source, "--network", "cnn", "--objective", objective, "--out", run, *epochs),
                *("--set", f"data.labelled={SHARE}", "--set", "network.size=small", "--set", "baselines=[]"),
            )
            found = report(run).find("accuracy")
            assert found is not None
            assert found.value is not None
            target = ">= 0.95" if objective == "fixmatch" else None
            figures.append(
                Figure(
                    f"test accuracy, {objective}",
                    found.value,
                    "",
                    found.n or 0,
                    found.method or "",
                    found.interval,
                    target,
                )
            )
            table = pl.read_parquet(run / "predictions.parquet").filter(pl.col("split") == "test").sort("row")
            right[objective] = (table["predicted"] == table["target"]).to_numpy()
            known = report(run).find("rows_labelled", split="train")
            labels = labels if known is None else int(known.value or 0)
    gain = right["fixmatch"].astype(np.float64) - right["classification"]
    method = "paired over the same test rows; Student's t"
    figures.append(
        Figure("won by rows without a label", float(gain.mean()), "", len(gain), method, mean_interval(gain), ">= 0.05")
    )
    figures.append(Figure("seconds, two trainings and reports", seconds, "s", 1, "one run"))
    publish("fixmatch", figures, {"labels": labels})


if __name__ == "__main__":
    main()
