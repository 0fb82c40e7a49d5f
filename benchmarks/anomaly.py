"""Autoencoders on MNIST that never saw one digit: how well scores tell it from the others, for each of the ten.

ROC-AUC and average precision with their intervals, on the official test set, of a network that was trained on the other
nine digits; and how often normal test rows are called anomalies at the threshold that validation rows were to keep at 5
%. Settings were chosen looking at three of the digits (1, 7, 9), the others not.

``python -m benchmarks.anomaly path/to/mnist.npz``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from benchmarks.common import Figure, dataset, leadline, mean_interval, publish, report

EPOCHS = 10
RATE = 0.05
SETTINGS = (
    "objective.latent_dim=8",
    "objective.anomaly_score=relative",
    "objective.noise=mask",
    f"objective.false_positive_rate={RATE}",
    "network.hidden=[400]",
)
MEASURES = {"roc_auc": "ROC-AUC", "average_precision": "average precision", "false_positive_rate": "false alarms"}


def main() -> None:
    """Train ten networks, and read their reports."""
    source = dataset("mnist.npz")
    figures, values = [], {name: list[float]() for name in MEASURES}
    with tempfile.TemporaryDirectory() as folder:
        for digit in range(10):
            run = Path(folder) / str(digit)
            settings = [*SETTINGS, f"objective.anomaly=['{digit}']"]
            words = [word for setting in settings for word in ("--set", setting)]
            words += ["--objective", "autoencoder", "--network", "mlp", "--epochs", str(EPOCHS), "--quiet"]
            leadline("train", source, *words, "--out", run)
            for name, title in MEASURES.items():
                one = report(run).find(name)
                assert one is not None
                assert one.value is not None
                values[name].append(one.value)
                figures.append(
                    Figure(f"{digit} left out: {title}", one.value, "", one.n or 0, one.method or "", one.interval)
                )
    for name, title in MEASURES.items():
        method = "mean over the digit left out; Student t over digits"
        target = {"false_positive_rate": f"<= {1.5 * RATE:g}", "roc_auc": ">= 0.8"}.get(name)
        figures.append(
            Figure(f"mean {title}", float(np.mean(values[name])), "", 10, method, mean_interval(values[name]), target)
        )
    publish("anomaly", figures, {"settings": SETTINGS, "epochs": EPOCHS})


if __name__ == "__main__":
    main()
