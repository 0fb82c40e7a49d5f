"""Objectives that make rows without having learnt anything: by hand, so that what is measured of them is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.contract import EvaluationContext


class Drawing(Fact):
    """How rows are drawn."""

    label: str | None = None


class Maker:
    """Rows that are those of a part, in the order of its positions, with noise; codes are their positions."""

    samples = Drawing

    def __init__(self, part, *, noise: float = 0.0, conditional: bool = False) -> None:
        self.part, self.noise = part, noise
        self.conditional = conditional
        self.name_of = part.batch(slice(0, 1)).inputs
        self.asked: list[str | None] = []

    def latent(self, network: Any, rng: Rng, options: Drawing) -> Tensor:
        return (rng.uniform("code", 1) * len(self.part)).floor()

    def generate(self, network: Any, code_BL: Tensor, rng: Rng, options: Drawing) -> Mapping[str, Tensor]:
        self.asked.append(options.label)
        at = code_BL[:, 0].round().long().clamp(0, len(self.part) - 1)
        if options.label is not None:
            own = torch.as_tensor(np.flatnonzero(self.part.target == int(options.label)))
            at = own[at % len(own)]
        inputs = dict(self.part.batch(at).inputs)
        for name, x in inputs.items():
            noise = self.noise * rng.normal("noise", *x.shape[1:])
            if name == "table":  # codes of classes stay as they are
                noise = torch.where((x == x.round()) & (x > 0), 0.0, noise)
            inputs[name] = x.float() + noise if self.noise else x.float()
        return inputs

    def encode(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        return next(iter(inputs.values())).float().flatten(1).sum(1, keepdim=True)

    def reconstruct(self, network: Any, batch: Batch) -> Mapping[str, Tensor]:
        return {name: x.float() * 0.5 for name, x in batch.inputs.items()}

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        return torch.cat([x.float().flatten(1) for x in inputs.values()], 1)


class Told(nn.Module):
    """A classifier that knows each picture of a dataset by heart, and takes any other for class 0."""

    def __init__(self, part) -> None:
        super().__init__()
        x = part.batch(slice(0, len(part))).inputs["image"]
        self.known = {
            row.numpy().tobytes(): int(target) for row, target in zip(x.contiguous(), part.target, strict=True)
        }

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        x = inputs["image"].contiguous()
        at = torch.tensor([self.known.get(row.numpy().tobytes(), 0) for row in x])
        return nn.functional.one_hot(at, 10).float()


class Judging:
    """The loss side of such a classifier: its features are the pixels."""

    def embed(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        return inputs["image"].float().flatten(1)

    def score(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        scores: Tensor = network(inputs)
        return scores


def digits() -> Dataset:
    """The bundled digits."""
    return prepare(DataSpec(source="digits"), labels="none")


def table(rows: int = 400, seed: int = 0) -> Dataset:
    """Two numbers that belong together, a category that says the sign of one, and a number with gaps."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    frame = pl.DataFrame(
        {
            "x": x,
            "twice": 2 * x + rng.normal(0, 0.1, rows),
            "sign": np.where(x > 0, "plus", "minus"),
            "gaps": pl.Series(np.where(rng.uniform(size=rows) < 0.2, np.nan, rng.normal(size=rows))).fill_nan(None),
        }
    )
    return prepare(DataSpec(target="none"), frame, labels="none")


def context(dataset: Dataset) -> EvaluationContext:
    """What measuring the test rows is told."""
    part = dataset.splits["test"]
    return EvaluationContext("test", part.target, part.group, dataset.schema, (0.95,), 0)
