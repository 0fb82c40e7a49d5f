"""What a network decides for every row of a part, as NumPy columns and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import polars as pl
import torch
from torch import nn

from leadline.data.part import Part
from leadline.facts.schema import Schema
from leadline.layers.contracts import Objective

BYTES = 8 << 20  # of raw input a batch; beyond 256 rows the activations of a small network fall out of the cache


def batch_size(part: Part) -> int:
    """Return how many rows are decided at once, from the size of one raw row."""
    first = part.batch(torch.arange(1))
    row_bytes = sum(t.element_size() * t.numel() for t in first.inputs.values())
    return max(16, min(256, BYTES // max(row_bytes, 1)))


def decide(
    network: nn.Module,
    objective: Objective,
    part: Part,
    *,
    device: torch.device | str = "cpu",
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, np.ndarray]:
    """Return the columns of the objective's decisions (n, ...) for all rows of a part, in order; in eval mode meanwhile."""
    where = torch.device(device)
    training = network.training
    network.eval()
    columns: dict[str, np.ndarray] = {}
    done = 0
    try:
        with torch.inference_mode(), autocast():
            for batch in part.batches(batch_size(part)):
                decided = objective.decide(network, batch.to(where), None)
                for name, tensor in decided.columns.items():
                    values = tensor.float().cpu().numpy() if tensor.is_floating_point() else tensor.cpu().numpy()
                    if name not in columns:
                        columns[name] = np.empty((len(part), *values.shape[1:]), dtype=values.dtype)
                    columns[name][done : done + len(values)] = values
                done += len(batch)
                if progress:
                    progress(done, len(part))
    finally:
        network.train(training)
    return columns


def decisions_table(schema: Schema, part: Part, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return decisions as a table: row_in_data, file and row say where each is from; predicted; each class's probability."""
    where = [part.where(i) for i in range(len(part))]
    table = {
        "row_in_data": part.rows,
        "file": [file for file, _ in where],
        "row": np.asarray([number for _, number in where], dtype=np.int64),
        "predicted": in_words(schema, columns["prediction"]),
    }
    if schema.classes:
        table |= {f"p({label})": columns["probability"][:, number] for number, label in enumerate(schema.classes)}
    return pl.DataFrame(table)


def in_words(schema: Schema, target: np.ndarray) -> pl.Series:
    """Return class numbers (n,) as the classes' names; values of a numeric target stay as they are."""
    values = pl.Series(target)
    return pl.Series(schema.classes, dtype=pl.String).gather(values) if schema.classes else values


def first_inputs(part: Part, rows: int) -> Mapping[str, torch.Tensor]:
    """Return raw encoded inputs of `rows` rows, repeating a part that has fewer."""
    return part.batch(torch.arange(rows) % len(part)).inputs
