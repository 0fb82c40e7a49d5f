"""What is chosen after training, on validation rows alone: a classifier's temperature and its operating point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from leadline.core.finding import Finding, Reproduction
from leadline.core.metric import Metric
from leadline.metrics.classification import operating_point
from leadline.metrics.classification.temperature import fit, scaled
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.supervised.classifier_options import Options

METRICS = (
    Metric("temperature", "Temperature", "what scores are divided by; above 1 makes the network less sure"),
    Metric("threshold", "Threshold", "the probability from which on a row is called positive"),
)

FEWEST_ROWS = 100  # below which no temperature is fitted
FEWEST_WRONG = 5  # rows that are wrong say how sure is too sure; with fewer of them, next to nothing does


def calibrate(
    last: Any, options: Options, predictions: Mapping[str, np.ndarray], context: EvaluationContext
) -> tuple[Finding, ...]:
    """Set the buffers of a network's end from decisions made at temperature 1; returns what was chosen, and how."""
    found = list(_temperature(last, options, predictions, context))
    if options.operating_point is not None:
        probability_nC = predictions.get("probability")
        if probability_nC is not None:
            probability_nC = scaled(probability_nC, float(last.temperature))
        found += _threshold(last, options, probability_nC, context)
    return tuple(found)


def _finding(name: str, value: float, method: str, n: int | None, **rest: Any) -> Finding:
    again = Reproduction(producer="settled", repeat="recorded")
    return Finding(
        name=name, split="validation" if n else None, value=value, n=n or None, method=method, again=again, **rest
    )


def _temperature(
    last: Any, options: Options, predictions: Mapping[str, np.ndarray], context: EvaluationContext
) -> Iterator[Finding]:
    n = len(context.target)
    if isinstance(options.temperature, float):
        _set(last.temperature, options.temperature)
        yield _finding("temperature", options.temperature, "as the experiment says", None)
        return
    if options.temperature == "none":
        return
    kept = _too_little(predictions, context)
    if not kept:
        fitted = fit(context.target, predictions["probability"], context.levels, context.group)
        gain = fitted.change.intervals
        if gain and gain[0][1] < 0:
            _set(last.temperature, fitted.value)
            change = f"{-(fitted.change.value or 0.0):.2g} nats a row lower on folds it was not fitted on"
            method = f"least negative log-likelihood of validation rows (Guo et al. 2017), {change}; sandwich interval"
            yield _finding("temperature", fitted.value, method, n, interval=fitted.interval)
            return
        kept = "scaling does not demonstrably lower the negative log-likelihood of validation rows"
    yield _finding("temperature", 1.0, f"kept: {kept}", n)


def _too_little(predictions: Mapping[str, np.ndarray], context: EvaluationContext) -> str:
    """Say why no temperature can be fitted; empty where one can."""
    n = len(context.target)
    if n == 0:
        return "there are no validation rows to fit it on"
    if n < FEWEST_ROWS:
        return f"validation rows are too few to fit it on; {FEWEST_ROWS} are needed"
    wrong = int(np.sum(predictions["probability"].argmax(1) != context.target))
    if wrong < FEWEST_WRONG:
        return f"{wrong} of the validation rows are wrong, and it takes {FEWEST_WRONG} to say how sure is too sure"
    return ""


def _threshold(
    last: Any, options: Options, probability_nC: np.ndarray | None, context: EvaluationContext
) -> Iterator[Finding]:
    point, n, positive = options.operating_point, len(context.target), context.schema.positive
    assert positive is not None and last.threshold is not None
    label = context.schema.classes[positive]
    if isinstance(point, float):
        yield _finding("threshold", point, f"as the experiment says; from this probability on, {label!r}", None)
        return
    (rule, wanted), *_ = point.items() if isinstance(point, Mapping) else [(str(point), None)]
    goal = f"the best {rule}" if wanted is None else f"{rule} of at least {wanted:g}"
    positive_n = context.target == positive
    chosen = None
    if probability_nC is None or n == 0:
        why = "there are no validation rows to choose it on"
    elif positive_n.all() or not positive_n.any():
        why = "all validation rows are of one class"
    else:
        chosen = operating_point.choose(positive_n, probability_nC[:, positive], rule, wanted)
        why = "no threshold reaches it on validation rows"
    if chosen is None:
        yield _finding("threshold", float(last.threshold), f"the most probable class, rather than {goal}: {why}", n)
        return
    _set(last.threshold, chosen.threshold)
    method = f"{goal} on validation rows, where it is {chosen.reached:.4g}; from this probability on, {label!r}"
    yield _finding("threshold", float(last.threshold), method, n)


def _set(buffer: torch.Tensor, value: float) -> None:
    with torch.no_grad():
        buffer.fill_(value)
