"""What a network makes of every row of a part: predictions as NumPy columns, and embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from leadline.data.subset import Subset
from leadline.machine import out_of_memory
from leadline.objectives.contract import BoundObjective

BYTES = 8 << 20  # of raw input a batch; beyond 256 rows the activations of a small network fall out of the cache


def batch_size(subset: Subset) -> int:
    """Return how many rows are decided at once, from the size of one raw row."""
    longest = (
        torch.zeros(1, dtype=torch.int64)
        if subset.lengths is None or not len(subset)
        else subset.lengths.argmax()[None]
    )
    first = subset.batch(longest)
    row_bytes = sum(t.element_size() * t.numel() for t in first.inputs.values())
    return max(16, min(256, BYTES // max(row_bytes, 1)))


def predict_subset(
    network: nn.Module,
    objective: BoundObjective,
    subset: Subset,
    *,
    device: torch.device | str = "cpu",
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, np.ndarray]:
    """Return the columns of the objective's decisions (n, ...) for all rows of a part, in order; in eval mode
    meanwhile.

    Where rows differ in length, what is decided for their steps is followed by -1, or NaN, up to the longest.
    Rows are decided beside others about as long, so that little is padded.
    Where memory is not enough for so many rows at once, half of them are taken, and half again.
    """
    where = torch.device(device)
    training = network.training
    network.eval()
    columns: dict[str, np.ndarray] = {}
    done = 0
    order, sorted_part = subset.by_length()
    try:
        with torch.inference_mode(), autocast():
            size = batch_size(subset)
            while done < len(subset):
                size, arrays = out_of_memory.retry_with_half(
                    partial(_decided, network, objective, sorted_part, where, done), size
                )
                for name, values in arrays.items():
                    held = columns[name] = _room(columns.get(name), values, len(subset))
                    at: tuple[Any, ...] = (
                        order[done : done + len(values)],
                        *(slice(size) for size in values.shape[1:]),
                    )
                    held[at] = values
                done = min(done + size, len(subset))
                if progress:
                    progress(done, len(subset))
    finally:
        network.train(training)
    return columns


def not_finite(columns: Mapping[str, np.ndarray], subset: Subset) -> np.ndarray:
    """Return which rows of a part (n,) have a decision with NaN or infinity in it: the network could not calculate it.

    Where rows differ in length, decisions on steps are followed by NaN, so that of those only the first and infinities
    are looked at.
    """
    wrong_n = np.zeros(len(subset), dtype=bool)
    for values in columns.values():
        if not np.issubdtype(values.dtype, np.floating):
            continue
        flat = values.reshape(len(values), -1)
        if subset.lengths is not None and values.ndim > 1:
            wrong_n |= np.isinf(flat).any(1) | np.isnan(values[:, :1].reshape(len(values), -1)).any(1)
        else:
            wrong_n |= ~np.isfinite(flat).all(1)
    return wrong_n


def _room(held: np.ndarray | None, values: np.ndarray, rows: int) -> np.ndarray:
    """Return a column for all rows that has room for what was decided for some, whose steps may be more than those
    before.
    """
    of = partial(np.issubdtype, values.dtype)
    nothing = np.nan if of(np.floating) else -1 if of(np.signedinteger) else 0
    if held is None:
        return np.full((rows, *values.shape[1:]), nothing, dtype=values.dtype)
    more = [max(new - old, 0) for old, new in zip(held.shape[1:], values.shape[1:], strict=True)]
    return np.pad(held, [(0, 0), *((0, size) for size in more)], constant_values=nothing) if any(more) else held


def _decided(
    network: nn.Module, objective: BoundObjective, subset: Subset, device: torch.device, start: int, rows: int
) -> tuple[int, Mapping[str, np.ndarray]]:
    """Return `rows`, and the decisions on so many rows from `start` on."""
    batch = subset.batch(slice(start, start + rows)).to(device)
    columns = objective.decision.predict(network, batch, None).columns
    return rows, {name: (x.float() if x.is_floating_point() else x).cpu().numpy() for name, x in columns.items()}


def embed_subset(
    network: nn.Module, objective: BoundObjective, subset: Subset, *, progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Return what an objective's network makes of all rows of a part (n,E) float32, in order; in eval mode
    meanwhile.
    """
    training = network.training
    network.eval()
    order, sorted_part = subset.by_length()
    found: list[np.ndarray] = []
    done = 0
    try:
        with torch.inference_mode():
            size = batch_size(subset) if len(subset) else 1
            while done < len(subset):
                size, code_BE = out_of_memory.retry_with_half(
                    partial(_embedded, network, objective, sorted_part, done), size
                )
                found.append(code_BE)
                done += len(code_BE)
                if progress:
                    progress(done, len(subset))
    finally:
        network.train(training)
    if not found:
        return np.zeros((0, 0), dtype=np.float32)
    code_nE = np.empty((len(subset), found[0].shape[1]), dtype=np.float32)
    code_nE[order] = np.concatenate(found)
    return code_nE


def _embedded(
    network: nn.Module, objective: BoundObjective, subset: Subset, start: int, rows: int
) -> tuple[int, np.ndarray]:
    code_BE = objective.learning.embed(network, subset.batch(slice(start, start + rows)).inputs)
    return rows, code_BE.flatten(1).float().cpu().numpy()
