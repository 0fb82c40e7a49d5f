"""CIFAR-10 with the labels of 500 pictures, 1 %: the same network from scratch, after contrastive pre-training on all
50,000, and after that by FixMatch, which learns from the others too.

Which pictures keep their labels, and the split, are a function of the seed. Nothing is chosen on test rows, and nothing
stops training early: epochs, rates and augmentations are fixed here; FixMatch's were chosen on validation rows of
another split. ``python -m benchmarks.few_labels path/to/cifar10``, a folder with train/<class> and test/<class>.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Figure, dataset, leadline, publish, report

from leadline.core import yaml_io
from leadline.verbs.compare import compare

LABELLED = 0.01
BEFORE, EPOCHS = 15, 100  # over all pictures, and over the labelled ones
FIXMATCH = {"name": "fixmatch", "threshold": 0.8}
TOGETHER = 24  # epochs of FixMatch over the pictures without a label
WIDTHS = (32, 64, 128, 256)


def network() -> dict[str, Any]:
    """Return a textbook network with batch norm: a map of each convolution averaged away at its end."""
    layers: list[Any] = []
    for number, width in enumerate(WIDTHS):
        pool = [{"pool": "max", "size": 2}] if number else []
        layers += [*pool, {"conv": width, "kernel": 3, "padding": "same"}, {"norm": "batch"}, "relu"]
    return {"name": "cnn", "layers": [*layers, {"reduce": 1}]}


def experiments(source: Path, before: Path) -> dict[str, dict[str, Any]]:
    """Return the pre-training, and what is trained on few labels: from scratch, from its weights, and with FixMatch."""

    def data(*augment: str) -> dict[str, Any]:
        return {
            "source": str(source),
            "inputs": {"image": {"augment": list(augment)}},
            "split": {"validation": 0, "by": "auto"},
        }

    few = {
        "data": {**data("flip", "crop"), "labelled": LABELLED},
        "network": network(),
        "training": {"epochs": EPOCHS, "batch": 32, "early_stopping": None},
        "baselines": [],
    }
    unlabelled = {
        "data": data("flip"),
        "network": network(),
        "objective": {"name": "contrastive", "temperature": 0.2},
        "training": {"epochs": BEFORE, "batch": 256},
    }
    both = {
        **few,
        "init": str(before),
        "objective": FIXMATCH,
        "training": {"epochs": TOGETHER, "batch": 256, "early_stopping": None},
    }
    return {
        "pre-training": unlabelled,
        "from scratch": few,
        "pre-trained": {**few, "init": str(before)},
        "with FixMatch": both,
    }


def main() -> None:
    """Train the four and publish accuracies, paired differences and what training took."""
    source = dataset("cifar10")
    with tempfile.TemporaryDirectory() as temporary:
        before = Path(temporary) / "pre-training"
        asked = experiments(source, before)
        runs = {name: Path(temporary) / name.replace(" ", "-") for name in asked}
        for name, experiment in asked.items():
            file = Path(temporary) / f"{runs[name].name}.yaml"
            file.write_text(yaml_io.dump(experiment), encoding="utf-8")
            leadline("train", file, "--out", runs[name], "-q")
        figures = []
        for name in ("from scratch", "pre-trained", "with FixMatch"):
            found = report(runs[name]).find("accuracy", split="test")
            assert found is not None and found.value is not None
            figures.append(
                Figure(f"accuracy, {name}", found.value, "", found.n or 0, found.method or "", found.interval)
            )
        for name, target in (("pre-trained", None), ("with FixMatch", ">= 0.05")):
            added = compare(runs["from scratch"], runs[name]).differences[1]
            assert added is not None
            figures.append(
                Figure(
                    f"more than from scratch, {name}", added.value, "", added.n, added.method, added.interval, target
                )
            )
        for name, run in runs.items():
            seconds = report(run).find("train_seconds")
            assert seconds is not None and seconds.value is not None
            figures.append(
                Figure(f"training, {name}", seconds.value / 60, "min", 1, "one training, beside whatever else ran")
            )
        notes = {"labelled": f"{LABELLED:.0%} of the train rows, stratified", "epochs": [BEFORE, EPOCHS, TOGETHER]}
    publish("few_labels", figures, notes)


if __name__ == "__main__":
    main()
