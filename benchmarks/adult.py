"""Adult, official split: what one command gives, with one network and with an ensemble of five; three seeds.

``LEADLINE_DATA=FOLDER python -m benchmarks.adult``, with ``adult.csv`` in the folder, whose column ``split`` names the
official one. Published, tuned, mean of 15 seeds: MLP 0.854, MLP with periodic embeddings 0.870, CatBoost 0.872; their
ensembles 0.856, 0.874, 0.873.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import Figure, dataset, leadline, mean_interval, publish, report

SEEDS = 3
MEMBERS = {"one network": ("1", ">= 0.868"), "five members": ("5", ">= 0.871")}
SECONDS = "<= 600"
BOOSTING = "baseline=gradient-boosting"


def main() -> None:
    """Train each with three seeds, as a user would, and read the reports."""
    source = dataset("adult.csv")
    figures = []
    training: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (members, target) in MEMBERS.items():
            taken, right, steps, behind = [], [], [], 0
            for seed in range(SEEDS):
                run = Path(folder) / f"{members}-{seed}"
                words = ("--target", "income", "--split", "split", "--members", members, "--seed", str(seed))
                taken.append(leadline("train", source, *words, "--out", run))
                found = report(run)
                right.append(_value(run, "accuracy"))
                steps.append(_value(run, "train_seconds"))
                to_boosting = found.find("accuracy_difference", group=BOOSTING)
                assert to_boosting is not None
                assert to_boosting.interval is not None
                behind += to_boosting.interval[0] > 0  # boosting is demonstrably better
            mean, training[name] = sum(right) / SEEDS, sum(steps) / SEEDS
            method = f"mean of {SEEDS} seeds on 16,281 test rows; Student's t over seeds"
            figures += [
                Figure(f"accuracy, {name}", mean, "", SEEDS, method, mean_interval(right), target),
                Figure(f"seconds, {name}, start to report", sum(taken) / SEEDS, "s", SEEDS, "mean", None, SECONDS),
                Figure(f"reports of {name} that find boosting better", behind, "", SEEDS, "count", None, "<= 0"),
            ]
    one, five = (training[name] for name in MEMBERS)
    method = "ratio of mean seconds of training"
    figures.append(Figure("training time of five members over one", five / one, "×", SEEDS, method, None, "<= 2"))
    publish("adult", figures)


def _value(run: Path, name: str) -> float:
    found = report(run).find(name)
    assert found is not None
    assert found.value is not None
    return found.value


if __name__ == "__main__":
    main()
