"""Sentences a second while training on movie reviews: batches of rows about as long against rows padded to the longest
of all.

At least 1.5 times as many, with the text CNN and with an LSTM, everything else alike.
``python -m benchmarks.bucketing path/to/mr.csv``
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from benchmarks.common import Figure, dataset, in_turn, publish, ratio
from torch import Tensor

from leadline.core.component import Component
from leadline.core.experiment import DataSpec, Experiment, NetworkSpec
from leadline.core.training_spec import TrainingSpec
from leadline.data.dataset import prepare
from leadline.data.subset import Subset
from leadline.nn.batch import Batch
from leadline.objectives.lookup import objective_for
from leadline.pipeline.resolving.experiment import resolve
from leadline.run.build import build_network
from leadline.training.data_loader import DataLoader
from leadline.training.plan import ExecutionPlan
from leadline.training.steps.contract import StepContext, build_step

ROUNDS = 6
BATCH = 50


class Padded:
    """The rows of a part, each padded to the longest one."""

    lengths = None

    def __init__(self, part: Subset) -> None:
        self.part = part
        assert part.lengths is not None
        self.longest = int(part.lengths.max())

    def __len__(self) -> int:
        return len(self.part)

    def batch(self, at: Tensor) -> Batch:
        """Return some rows, padded."""
        batch = self.part.batch(at)
        wide = {
            name: torch.nn.functional.pad(x, (0, max(0, self.longest - x.shape[1]))) for name, x in batch.inputs.items()
        }
        return batch.with_inputs(wide)


def program(experiment: Experiment, dataset: Any, rows: Any) -> Callable[[], float]:
    """Return what trains an epoch and gives its sentences a second."""
    resolved = resolve(experiment, dataset.schema, {name: len(part) for name, part in dataset.splits.items()})
    assert resolved.objective is not None
    objective = objective_for(resolved.objective)
    loader = DataLoader(rows, BATCH, 0)
    plan = ExecutionPlan(
        device="cpu",
        precision="fp32",
        channels_last=False,
        compile=False,
        threads=torch.get_num_threads(),
        because="fixed",
    )
    training = TrainingSpec(optimizer=Component(name="adamw"), schedule=Component(name="constant"))
    network = build_network(resolved, dataset.schema)
    step = build_step(StepContext(network, objective, training, total=10**6, seed=0, plan=plan))

    def epoch() -> float:
        start = time.perf_counter()
        for _ in range(loader.steps_per_epoch):
            step(loader.at(step.progress.step))
        return len(rows) / (time.perf_counter() - start)

    epoch()
    return epoch


def main() -> None:
    """Train both ways in turn."""
    spec = DataSpec(source=str(dataset("mr.csv")), target="label")
    prepared = prepare(spec)
    part = prepared.parts["train"]
    figures, notes = [], {}
    for network in ("textcnn", "rnn"):
        experiment = Experiment(data=spec, network=NetworkSpec(encoders={"*": Component(name=network)}))
        programs = {
            "rows about as long together": program(experiment, prepared, part),
            "padded to the longest": program(experiment, prepared, Padded(part)),
        }
        taken = in_turn(programs, ROUNDS)
        figures += [
            Figure(f"{network}, {name}", float(np.median(rates)), "sentences/s", ROUNDS, "median over rounds")
            for name, rates in taken.items()
        ]
        figures.append(ratio(f"{network}: ratio", *taken.values(), ">= 1.5"))
        notes[network] = taken
    publish("bucketing", figures, notes)


if __name__ == "__main__":
    main()
