"""What is an anomaly: which classes are declared to be, and from which score on a row is called one.

B rows, n rows of a split, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.errors import UsageError
from leadline.metrics.classification import anomaly as metrics
from leadline.metrics.statistics.findings import finding
from leadline.nn.batch import Batch
from leadline.nn.network import placeholder_inputs
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative.latent_codes import classes_in

LEAST = 1e-9  # train variances that errors and sizes have at least, before their logarithm
NEVER = torch.finfo(torch.float32).max  # a score that no row has


class Threshold(nn.Module):
    """The end of a network, which passes codes on; it carries the score above which a row is an anomaly.

    Where scores are `relative` also the power of rows' sizes that their errors usually grow with.
    """

    def __init__(self, *, relative: bool = False) -> None:
        super().__init__()
        self.slope: Tensor | None
        self.register_buffer("slope", torch.tensor(0.0) if relative else None)
        self.threshold: Tensor
        self.register_buffer("threshold", torch.tensor(NEVER))

    def forward(self, code_BL: Tensor) -> Tensor:
        return code_BL


def declared(schema: Schema, anomaly: tuple[str, ...], normal: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes that are anomalies, by either option; raises UsageError where that leaves none, or no
    others.
    """
    if anomaly and normal:
        raise UsageError(say("objectives.anomaly-and-normal"))
    if not anomaly and not normal:
        return ()
    named = classes_in(schema, anomaly or normal, "anomaly" if anomaly else "normal")
    found = tuple(label for at, label in enumerate(schema.classes) if (at in named) == bool(anomaly))
    counts = dict(zip(schema.classes, schema.target.state.get("counts", ()), strict=False)) if schema.target else {}
    if len(found) == len(schema.classes) or (
        counts and not sum(n for label, n in counts.items() if label not in found)
    ):
        raise UsageError(say("objectives.no-normal-training"))
    return found


def normal_B(batch: Batch, numbers: Tensor | None) -> Tensor | None:
    """Return which rows are of no class that is an anomaly (B,); None where all are."""
    if numbers is None or not len(numbers) or batch.target_B is None:
        return None
    return (batch.target_B[:, None] != numbers).all(1)


def normal_n(target: np.ndarray, schema: Schema, anomaly: tuple[str, ...]) -> np.ndarray:
    """Return which rows of a split are of no class that is an anomaly (n,)."""
    numbers = [schema.classes.index(label) for label in anomaly]
    return np.ones(len(target), dtype=bool) if not numbers else ~np.isin(target, numbers)


def anomalies_replaced(inputs: Mapping[str, Tensor], keep_B: Tensor | None) -> Mapping[str, Tensor]:
    """Return inputs in which a normal row stands in the place of each anomaly: batch norm would see it, whatever it
    weighs.
    """
    return inputs if keep_B is None else {name: placeholder_inputs(x, keep_B) for name, x in inputs.items()}


def excess(error: Any, size: Any, slope: Any) -> Any:
    """Return the logarithm of errors beyond what rows of their size usually have, of arrays or tensors alike."""
    log = torch.log if isinstance(error, Tensor) else np.log
    return log(error + LEAST) - slope * log(size + LEAST)


def anomaly_findings(
    predictions: Mapping[str, np.ndarray],
    normal: np.ndarray,
    context: EvaluationContext,
    again: Reproduction,
    *,
    ranked: bool,
) -> Iterator[Finding]:
    """Yield how often normal rows are called anomalies and, where `ranked`, how well scores tell those that are
    declared to be.
    """
    found = metrics.measure_all(
        normal, predictions["score"], predictions["anomaly"], context.levels, context.group, ranked=ranked
    )
    common: dict[str, Any] = {"split": context.split, "levels": context.levels, "again": again}
    for name, one in found.items():
        yield finding(name, one, better="lower" if name == "false_positive_rate" else "higher", **common)
