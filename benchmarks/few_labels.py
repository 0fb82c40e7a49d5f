"""CIFAR-10 with the labels of 500 pictures, 1 %: the same network from scratch, and after contrastive pre-training on all 50,000.

Which pictures keep their labels, and the split, are a function of the seed. Nothing is chosen on test rows, and nothing stops
training early: epochs, rates and augmentations are fixed here, the same for both.
``python -m benchmarks.few_labels path/to/cifar10``, a folder with train/<class> and test/<class>.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Figure, dataset, leadline, publish, report

from leadline.facts import yamls
from leadline.verbs.compare import compare

LABELLED = 0.01
BEFORE, EPOCHS = 12, 100  # over all pictures, and over the labelled ones
WIDTHS = (32, 64, 128, 256)


def network() -> dict[str, Any]:
    """Return a textbook network with batch norm: a map of each convolution averaged away at its end."""
    layers: list[Any] = []
    for number, width in enumerate(WIDTHS):
        pool = [{"pool": "max", "size": 2}] if number else []
        layers += [*pool, {"conv": width, "kernel": 3, "padding": "same"}, {"norm": "batch"}, "relu"]
    return {"name": "cnn", "layers": [*layers, {"reduce": 1}]}


def experiments(source: Path, before: Path) -> dict[str, dict[str, Any]]:
    """Return the pre-training, and what is trained on few labels: from scratch and from its weights."""

    def data(*augment: str) -> dict[str, Any]:
        return {"source": str(source), "inputs": {"image": {"augment": list(augment)}}, "split": {"validation": 0, "by": "auto"}}

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
    return {"pre-training": unlabelled, "from scratch": few, "pre-trained": {**few, "init": str(before)}}


def main() -> None:
    """Train the three and publish accuracies, their paired difference and what pre-training took."""
    source = dataset("cifar10")
    with tempfile.TemporaryDirectory() as temporary:
        runs = {name: Path(temporary) / name.replace(" ", "-") for name in ("pre-training", "from scratch", "pre-trained")}
        for name, experiment in experiments(source, runs["pre-training"]).items():
            file = Path(temporary) / f"{runs[name].name}.yaml"
            file.write_text(yamls.dump(experiment), encoding="utf-8")
            leadline("train", file, "--out", runs[name], "-q")
        figures = []
        for name in ("from scratch", "pre-trained"):
            found = report(runs[name]).find("accuracy", split="test")
            assert found is not None and found.value is not None
            figures.append(Figure(f"accuracy, {name}", found.value, "", found.n or 0, found.method or "", found.interval))
        difference = compare(runs["from scratch"], runs["pre-trained"]).differences[1]
        assert difference is not None
        figures.append(
            Figure("what pre-training adds", difference.value, "", difference.n, difference.method, difference.interval, ">= 0.05")
        )
        seconds = report(runs["pre-training"]).find("train_seconds")
        assert seconds is not None and seconds.value is not None
        figures.append(Figure("pre-training", seconds.value / 60, "min", 1, "one training, beside whatever else ran"))
        notes = {"labelled": f"{LABELLED:.0%} of the train rows, stratified", "epochs": [BEFORE, EPOCHS]}
    publish("few_labels", figures, notes)


if __name__ == "__main__":
    main()
