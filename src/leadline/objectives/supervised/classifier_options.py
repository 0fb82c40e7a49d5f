"""What a user may say of a classifier's loss and decisions: class weights, operating points, costs; and how it is
read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.schema import Schema
from leadline.errors import did_you_mean
from leadline.metrics.classification.operating_point import BEST, WANTED

Labelled = Mapping[str, float]


def _by_label(value: Any) -> Any:
    """Return a mapping with its labels as text: YAML reads ``0`` and ``true`` as more than that."""
    if isinstance(value, Mapping):
        return {str(k).lower() if isinstance(k, bool) else str(k): _by_label(v) for k, v in value.items()}
    return value


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _weights(value: Any) -> Any:
    value = _by_label(value)
    named = isinstance(value, Mapping) and value and all(_finite(v) and v >= 0 for v in value.values())
    if value is None or value == "balanced" or named:
        return value
    raise ValueError(say("objectives.write-class-weights"))


def _temperature(value: Any) -> Any:
    value = "none" if value is None else value
    if value in ("fit", "none") or (_finite(value) and value > 0):
        return value
    raise ValueError(say("objectives.write-temperature"))


def _point(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1:
        ((measure, wanted),) = value.items()
        if measure not in WANTED:
            raise ValueError(
                say(
                    "objectives.point-unknown-criterion",
                    measure=measure,
                    suggestion=did_you_mean(str(measure), (*WANTED, *BEST)),
                )
            )
        if _finite(wanted) and 0 < wanted <= 1:
            return value
        raise ValueError(say("objectives.rate-out-of-range", measure=measure, wanted=wanted))
    if value is None or value in BEST or (_finite(value) and 0 < value < 1):
        return value
    raise ValueError(say("objectives.write-operating-point", best=" or ".join(BEST), wanted=", ".join(WANTED)))


def _costs(value: Any) -> Any:
    value = _by_label(value)
    rows = value.values() if isinstance(value, Mapping) else value
    if value is None or (isinstance(rows, Iterable) and not isinstance(rows, str) and all(_row(row) for row in rows)):
        return value
    raise ValueError(say("objectives.write-costs"))


def _row(row: Any) -> bool:
    values = row.values() if isinstance(row, Mapping) else row
    return isinstance(values, Iterable) and not isinstance(values, str) and all(_finite(v) for v in values)


class Options(Fact):
    """What may be said of classification.

    `label_smoothing` moves that share of each target's probability to all classes evenly (Szegedy et al. 2016).
    `focal_gamma` is the exponent by which rows that are right already count less (Lin et al. 2017). `class_weights`
    says what rows of a class count in training: ``balanced`` makes all classes count the same. The `temperature` that
    scores are divided by is fitted on validation rows (Guo et al. 2017). Of two classes the positive one is decided on
    from the probability `operating_point` on: a number, or what is wanted of it on validation rows. Otherwise the most
    probable class is decided on or, with `costs` (rows true, columns decided), the one of least expected cost (Elkan
    2001).
    """

    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing ε")
    focal_gamma: float = Field(
        default=0.0, ge=0, description="focusing parameter γ of the focal loss; 0 is cross-entropy"
    )
    class_weights: Annotated[Literal["balanced"] | Labelled | None, BeforeValidator(_weights)] = Field(
        default=None, description="weight of each class in the loss; balanced: inversely proportional to its frequency"
    )
    temperature: Annotated[Literal["fit", "none"] | float, BeforeValidator(_temperature)] = Field(
        default="fit", description="temperature scaling: fitted on validation, off, or a fixed value"
    )
    operating_point: Annotated[Literal["f1", "youden"] | float | Labelled | None, BeforeValidator(_point)] = Field(
        default=None, description="decision threshold: a probability, the best F1 or Youden index, or a rate to reach"
    )
    costs: Annotated[tuple[tuple[float, ...], ...] | Mapping[str, Labelled] | None, BeforeValidator(_costs)] = Field(
        default=None, description="cost matrix: of each true class (row), the cost of each decision (column)"
    )


def unfit(options: Options, schema: Schema) -> str | None:
    """Say which option does not fit the classes, and why, or None."""
    classes = schema.classes
    name = schema.target.name if schema.target else ""
    if isinstance(options.class_weights, Mapping):
        unknown = next((label for label in options.class_weights if label not in classes), None)
        if unknown is not None:
            return say("objectives.class-weights-unknown", label=unknown, target=name, hint=_hint(unknown, classes))
        if all(options.class_weights.get(label, 1) == 0 for label in classes):
            return say("objectives.class-weights-zero")
    if options.operating_point is not None and options.costs is not None:
        return say("objectives.point-and-costs")
    if options.operating_point is not None and len(classes) != 2:
        return say("objectives.point-two-classes", target=name, count=len(classes))
    return _unfit_costs(options.costs, classes, name)


def _unfit_costs(
    costs: Sequence[Sequence[float]] | Mapping[str, Labelled] | None, classes: Sequence[str], name: str
) -> str | None:
    if costs is None:
        return None
    if isinstance(costs, Mapping):
        for label in (*costs, *(decided for row in costs.values() for decided in row)):
            if label not in classes:
                return say("objectives.costs-unknown", label=label, target=name, hint=_hint(label, classes))
        for true in classes:
            for decided in classes:
                if true != decided and decided not in costs.get(true, {}):
                    return say("objectives.costs-missing", decided=decided, true=true)
    elif len(costs) != len(classes) or any(len(row) != len(classes) for row in costs):
        widths = sorted({len(row) for row in costs})
        return say(
            "objectives.costs-shape",
            rows=len(costs),
            columns=" or ".join(map(str, widths)) or 0,
            target=name,
            count=len(classes),
            classes=", ".join(classes),
        )
    cost_CC = matrix(costs, classes)
    for number, label in enumerate(classes):
        cheapest = int(cost_CC[number].argmin())
        if cost_CC[number, cheapest] < cost_CC[number, number]:
            return say("objectives.costs-cheaper", decided=classes[cheapest], true=label)
    return None


def _hint(label: str, classes: Sequence[str]) -> str:
    return did_you_mean(label, classes).rstrip(".")  # the sentence it stands in ends with a point


def matrix(costs: Sequence[Sequence[float]] | Mapping[str, Labelled], classes: Sequence[str]) -> np.ndarray:
    """Return costs (C,C) float64, rows true and columns decided; being right costs nothing where it is not said."""
    if isinstance(costs, Mapping):
        return np.array([[costs.get(true, {}).get(decided, 0.0) for decided in classes] for true in classes])
    return np.array(costs, dtype=np.float64)


def weights(options: Options, schema: Schema) -> np.ndarray | None:
    """Return what a row of each class counts in training (C,), or None where all count the same.

    ``balanced`` weighs a class by rows / (classes * rows of it), so that the weights of the train rows are 1 on
    average.
    """
    given = options.class_weights
    if given is None:
        return None
    if given == "balanced":
        assert schema.target is not None
        count_C = np.array(schema.target.state.get("counts") or [1] * len(schema.classes), dtype=np.float64)
        return np.where(count_C > 0, count_C.sum() / (len(count_C) * np.maximum(count_C, 1)), 1.0)
    return np.array([given.get(label, 1.0) for label in schema.classes])
