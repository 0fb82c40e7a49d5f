"""Fit a classical model: its features from the network's encoders, its target from the objective.

Shapes in names: n rows, F features, O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.data.subset import Subset
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Sample, Windows
from leadline.nn.rng import generator_for
from leadline.objectives.contract import BoundObjective

LEARNT = ("classes", "numbers")  # what such models can learn, and so what `BoundObjective.learns` may say
AHEAD = ("windows",)  # what those can that forecast
CELLS = 250_000_000  # float32 numbers that rows take while a model is fitted: a gigabyte
FEWEST = 1_000  # rows that are taken all the same
BLOCK = 1024  # rows whose features are computed at once


def fit_classical(
    network: Any,
    family: Family,
    objective: BoundObjective,
    train: Subset,
    validation: Subset | None,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    effort: Effort = AT_LEISURE,
) -> FitResult:
    """Fit the head of a network on train rows; validation rows may say when to stop.

    A row counts as much as its batch and the objective say. Of more rows than `CELLS` allow so many are drawn, and of
    validation rows a quarter as many at most. `progress` is told how many rows have been read,
    `effort` what fitting says.
    """
    assert family.fit is not None
    if family.forecasts:
        others = windows(network, validation, progress) if validation is not None and len(validation) else None
        return family.fit(model_of(network, family), windows(network, train, progress), others, seed, effort)
    train, most = train.labelled, max(CELLS // network.head.columns, FEWEST)
    some = drawn(train, most, seed)
    watched = drawn(validation, max(most // 4, FEWEST), seed) if validation is not None and len(validation) else None
    fitted = family.fit(
        network.head,
        sample(network, objective, some, progress),
        None if watched is None else sample(network, objective, watched, progress),
        seed,
        effort,
    )
    if len(some) < len(train):
        note = say("training.fitted-to-some", rows=len(some), total=len(train))
        fitted = fitted._replace(notes=(note, *fitted.notes), caveats=(note, *fitted.caveats))
    return fitted


def model_of(network: Any, family: Family) -> Any:
    """Return the part of a network that `Family.fit` finds the numbers of: its head, or the only backbone of one that
    forecasts.
    """
    return network.encoders[0].backbone if family.forecasts else network.head


def windows(network: Any, part: Subset, progress: Callable[[int, int], None] | None = None) -> Windows:
    """Return what reads all windows of a part, in blocks; `progress` is told how many have been read."""

    def read() -> Iterator[Sample]:
        network.eval()
        for number, batch in enumerate(part.batches(BLOCK // 4)):
            assert batch.target_B is not None
            with torch.no_grad():
                x_BTF: Tensor = network.encoders[0].preprocessor(batch.inputs[network.names[0]]).values.float()
                target_BHV = (batch.target_B - network.last.mean_V) / network.last.std_V
            yield Sample(x_BTF.numpy(), target_BHV.numpy(), batch.weight_B.numpy())
            if progress:
                progress(min((number + 1) * (BLOCK // 4), len(part)), len(part))

    return read


def sample(
    network: Any, objective: BoundObjective, part: Subset, progress: Callable[[int, int], None] | None = None
) -> Sample:
    """Return features, what is to be learnt and weights of all rows of a part.

    Numbers are learnt on the scale that the network's end turns into the target's: standardised.
    """
    head = objective.capability("head")
    assert head is not None, "what has a classical target has a head"
    x_nF: np.ndarray | None = None
    targets, weights = [], []
    ends = (
        network.last(torch.tensor([[0.0], [1.0]])).double()
        if objective.supervision.classical_target == "numbers"
        else None
    )
    network.eval()
    with torch.inference_mode():
        for number, batch in enumerate(part.batches(BLOCK)):
            assert batch.target_B is not None
            x_BF: Tensor = network.features(batch.inputs).float()
            if x_nF is None:
                x_nF = np.empty((len(part), x_BF.shape[1]), dtype=np.float32)
            x_nF[number * BLOCK : number * BLOCK + len(batch)] = x_BF.numpy()
            scores = network.last(torch.zeros(len(batch), network.head.outputs))
            weights.append(head.value(network.last, scores, batch.target_B).weight_B * batch.weight_B)
            targets.append(
                batch.target_B if ends is None else (batch.target_B.double() - ends[0]) / (ends[1] - ends[0])
            )
            if progress:
                progress(min((number + 1) * BLOCK, len(part)), len(part))
    assert x_nF is not None
    return Sample(x_nF, torch.cat(targets).numpy(), torch.cat(weights).double().numpy())


def drawn(part: Subset, rows: int, seed: int) -> Subset:
    """Return a part with so many of its rows, drawn at random, of every class at least one."""
    if len(part) <= rows:
        return part
    order = torch.randperm(len(part), generator=generator_for(seed, "fitted rows")).numpy()
    target: Any = part.target
    first = np.unique(target[order], return_index=True)[1] if target.dtype.kind == "i" else np.zeros(0, dtype=np.int64)
    kept = np.concatenate([first, np.setdiff1d(np.arange(len(part)), first)])[: max(rows, len(first))]
    return part.subset(np.sort(order[kept]))
