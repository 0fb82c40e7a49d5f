"""How likely test rows are by a network that bounds it, and how many numbers of its codes say something.

Shapes: n rows, L numbers of a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.feature_space import random_rows
from leadline.evaluation.subject import Subject
from leadline.machine import flops
from leadline.metrics.statistics.findings import finding
from leadline.metrics.statistics.means import mean_of
from leadline.nn.batch import Batch
from leadline.objectives.capabilities import Bounded
from leadline.objectives.contract import BoundObjective

NAMES = ("elbo_iw", "active_units")
WORK = 5e11  # operations that the closer bound may take, and
ROWS = (32, 10_000)  # how many rows it is reckoned for
TOGETHER = 16  # rows at a time, each with many codes
ACTIVE = 0.01  # variance over rows, from which on a number of the code says something (Burda et al. 2016)


def metric_names(objective: BoundObjective) -> tuple[str, ...]:
    """Return the names of the findings, for requirements."""
    return NAMES if objective.capability("bounded") is not None else ()


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    """Yield the mean of closer bounds of the log-likelihood of rows, and how many numbers of codes differ between rows.

    The bound takes many codes a row: it is reckoned for as many rows, drawn at random, as can be afforded, whatever the
    machine.
    """
    network, subset, levels = subject.network, subject.test_rows, subject.levels
    bounded = subject.objective.capability("bounded")
    assert bounded is not None
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            some = random_rows(subset, _affordable(network, bounded, subset), seed, "bound")
            found = [bounded.log_likelihood(network, batch) for batch in some.batches(TOGETHER)]
    finally:
        network.train(training)
    again = Reproduction(producer="bound", options={"rows": len(some)}, seed=seed, repeat="exact", tolerance=1e-4)
    common: dict[str, Any] = {"split": subset.name, "levels": levels, "again": again}
    measured = mean_of(torch.cat(found).double().cpu().numpy(), levels, some.group)
    rows = "" if len(some) == len(subset) else f" on {len(some):,} examples drawn at random"
    measured = measured._replace(
        method=f"importance-weighted bound, {bounded.importance} latent samples per example{rows}; {measured.method}"
    )
    yield finding("elbo_iw", measured, unit="nats", better="higher", **common)
    if subject.objective.capability("encoder") is not None:
        yield _active(subject.embeddings(random_rows(subset, ROWS[1], seed, "codes")), subset.name, again)


def _active(codes_nL: np.ndarray, split: str, again: Reproduction) -> Finding:
    active = int((codes_nL.var(0) > ACTIVE).sum())
    method = f"of {codes_nL.shape[1]} latent dimensions, those with a variance of posterior means above {ACTIVE}"
    return Finding(
        name="active_units",
        split=split,
        value=active,
        n=len(codes_nL),
        method=method,
        again=again.model_copy(update={"options": {}}),
    )


class _Rows(nn.Module):
    """The bound as a module whose operations can be counted."""

    def __init__(self, network: nn.Module, bounded: Bounded, batch: Batch) -> None:
        super().__init__()
        self.network, self.bounded, self.batch = network, bounded, batch

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.bounded.log_likelihood(self.network, self.batch.with_inputs(inputs))


def _affordable(network: nn.Module, bounded: Bounded, subset: Subset) -> int:
    batch = subset.batch(slice(0, 1))
    work = flops.count(_Rows(network, bounded, batch), batch.inputs).value
    least, most = ROWS
    return most if work is None else int(min(max(WORK / work, least), most))


def _applies(subject: Subject) -> str | None:
    if subject.objective.capability("bounded") is None:
        return say("evaluation.no-bound")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="likelihood-bound",
    question="How likely is test data under the model, and how many latent dimensions are active?",
    section="metrics",
    run=_run,
    applies=_applies,
    metrics=(
        Metric(
            "elbo_iw",
            "Importance-weighted ELBO (IWAE)",
            "lower bound on the log-likelihood from many latent samples per example",
            "nats",
            "higher",
        ),
        Metric("active_units", "Active latent units", "latent dimensions whose posterior mean varies across examples"),
    ),
    requirable=lambda objective, schema: metric_names(objective),
    reference="Burda et al. 2016",
)
