"""Choose what is chosen after training (a temperature, a threshold) on validation rows, before the weights are written."""

from __future__ import annotations

import numpy as np
from torch import nn

from leadline.data.part import Part
from leadline.facts.finding import Finding
from leadline.facts.schema import Schema
from leadline.layers.contracts import Context, Objective
from leadline.measuring.decisions import decide
from leadline.rendering import words
from leadline.verbs.progress import Progress


def settle(
    network: nn.Module, objective: Objective, schema: Schema, validation: Part | None, shown: Progress
) -> tuple[Finding, ...]:
    """Let the objective set buffers of the network that ships, and say what it chose.

    It is shown decisions on validation rows and nothing else: neither train rows, on which a network is too sure of itself, nor
    test rows, on which nothing may be chosen.
    """
    target, group, predictions = np.empty(0, dtype=np.int64), None, {}
    if validation is not None and len(validation) and validation.target is not None:
        target, group = validation.target, validation.group
        predictions = dict(decide(network, objective, validation))
    found = objective.settle(network, predictions, Context("validation", target, group, schema))
    for one in found:
        rows = f" ({words.count(one.n, 'row')})" if one.n else ""
        shown.note(f"{words.term(one.name).title.lower()} {words.number(one.value or 0.0, one.interval)}, {one.method}{rows}")
    return found
