"""TREC questions, official split, no pre-trained vectors: at least 0.88 for a text CNN and for a GRU, mean of three
seeds.

``LEADLINE_DATA=FOLDER python -m benchmarks.trec``, with ``trec.train.csv`` and ``trec.test.csv`` in the folder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import Figure, dataset, leadline, mean_interval, publish, report

SEEDS = 3
# The options of the recurrent network were chosen by accuracy on validation rows, with other seeds.
NETWORKS = {
    "textcnn": (),
    "rnn": (
        "network.cell=gru",
        "network.bidirectional=true",
        "network.pool=max",
        "network.dropout=0.5",
        "data.inputs.text.embedding_dim=300",
        "training.average=ema",
    ),
}


def main() -> None:
    """Train each network with three seeds, as a user would, and read the reports."""
    source = dataset("trec.train.csv")
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for network, options in NETWORKS.items():
            settings = [word for option in options for word in ("--set", option)]
            taken, right = [], []
            for seed in range(SEEDS):
                run = Path(folder) / f"{network}-{seed}"
                words = [
                    "train",
                    source,
                    "--test",
                    source.with_name("trec.test.csv"),
                    "--target",
                    "label",
                    "--ignore",
                    "fine_label",
                ]
                taken.append(leadline(*words, "--network", network, *settings, "--seed", str(seed), "--out", run))
                found = report(run).find("accuracy")
                assert found is not None
                assert found.value is not None
                right.append(found.value)
            mean = sum(right) / SEEDS
            method = f"mean of {SEEDS} seeds on 500 test rows; Student's t over seeds"
            figures.append(Figure(f"accuracy of {network}", mean, "", SEEDS, method, mean_interval(right), ">= 0.88"))
            figures.append(
                Figure(f"seconds a run of {network}, start to report", sum(taken) / SEEDS, "s", SEEDS, "mean")
            )
    publish("trec", figures)


if __name__ == "__main__":
    main()
