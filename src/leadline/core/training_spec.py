"""How a network is trained: the part of an experiment that the training loop reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.registry import unnamed_options


class EarlyStopping(Fact):
    """Stop after `patience` epochs without a better value of `monitor` on validation; the best weights are shipped.

    `patience` None is half of the epochs, and at least ten: a one-cycle schedule is best at its end. A value counts as
    better when it is so by more than `min_delta`; training also stops once it reaches `stopping_threshold`.
    """

    monitor: str = "loss"
    patience: int | None = Field(default=None, ge=1, examples=[10])
    min_delta: float = Field(default=0.0, ge=0)
    stopping_threshold: float | None = None


class PlanSpec(Fact):
    """How steps are executed; what is None is timed on this machine and recorded."""

    device: str | None = Field(default=None, examples=["cpu"])
    precision: Literal["fp32", "bf16-matmul", "bf16"] | None = None
    channels_last: bool | None = None
    compile: bool | None = None
    threads: int | None = Field(default=None, ge=1, le=1_024, examples=[4])


_UNITS: Mapping[str, Mapping[str, float]] = {
    "seconds": {"ms": 1e-3, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400},
    "Wh": {"Wh": 1, "mWh": 1e-3, "kWh": 1e3, "J": 1 / 3600, "kJ": 1 / 3.6},
}


def _quantity(unit: str) -> BeforeValidator:
    """Return a validator that reads ``10m``, ``1h30m`` or ``5Wh`` as a number of `unit`; a plain number is one
    already.
    """
    units = _UNITS[unit]
    part = rf"(\d+(?:\.\d+)?)\s*({'|'.join(sorted(units, key=len, reverse=True))})"

    def read(value: Any) -> Any:
        text = value.strip() if isinstance(value, str) else ""
        if text and re.fullmatch(rf"(?:{part}\s*)+", text):
            return sum(float(number) * units[name] for number, name in re.findall(part, text))
        if text and not re.fullmatch(r"[\d.eE+-]+", text):
            raise ValueError(say("core.number-with-unit", unit=unit, units=", ".join(units)))
        return value

    return BeforeValidator(read)


class TrainingSpec(Fact):
    """How a network is trained; None means: chosen from the data when the experiment is resolved.

    `members` networks are trained side by side from weights of their own, and predict together (an ensemble).
    `step` is how an update is made (``plain``: the gradient of the mean loss, given to the optimizer). `batch` counts
    rows of one update over all processes; `accumulate` splits it into that many micro-batches; `clip` bounds the norm
    of the gradient. `l1` is what the sum of absolute weights counts in the loss. Parameters whose names match a pattern
    of `freeze` stay as they are; `lr_multipliers` multiply the learning rate of those that match, and `layer_decay`
    that of each layer by one more factor the further it is from the head. `mix` mixes each row with another (``mixup``,
    ``cutmix``), `average` keeps a mean of the weights (``ema``, ``swa``), which is then what ships. `log` names
    trackers that are told how training goes (``tensorboard``, ``mlflow``). `optimizers` are those of networks that are
    stepped in turn, by name, in the place of `optimizer`.

    Training ends after `max_time` seconds or `max_energy` watt-hours, counted from the first step on, with validation
    and checkpoints, over all stretches of an interrupted run. The schedule stretches over the steps that fit in, and
    `epochs` None is then as many as fit in, at most ten times the usual number.
    A tenth of `max_time`, a minute at most, is kept for baselines.
    """

    epochs: int | None = Field(default=None, ge=1, examples=[20])
    batch: int | None = Field(default=None, ge=1, examples=[64])
    members: int = Field(default=1, ge=1, le=1_000, examples=[5])
    step: Annotated[Component, unnamed_options("steps")] = Component(name="plain")
    optimizer: Annotated[Component, unnamed_options("optimizers")] = Component(name="adamw")
    schedule: Annotated[Component, unnamed_options("schedules")] = Component(name="one_cycle")
    optimizers: Mapping[str, Component] = Field(default_factory=dict, examples=[{"generator": "adam"}])
    clip: float | None = Field(default=None, gt=0, examples=[1.0])
    accumulate: int = Field(default=1, ge=1)
    l1: float = Field(default=0.0, ge=0)
    freeze: tuple[str, ...] = Field(default=(), examples=[["encoders.*"]])
    lr_multipliers: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, examples=[{"head.*": 10.0}]
    )
    layer_decay: float | None = Field(default=None, gt=0, le=1, examples=[0.9])
    mix: Component | None = Field(default=None, examples=["mixup"])
    average: Component | None = Field(default=None, examples=["ema"])
    early_stopping: EarlyStopping | None = EarlyStopping()
    max_time: Annotated[Annotated[float, Field(gt=0)] | None, _quantity("seconds")] = Field(
        default=None, examples=["10m"]
    )
    max_energy: Annotated[Annotated[float, Field(gt=0)] | None, _quantity("Wh")] = Field(default=None, examples=["5Wh"])
    log: tuple[Component, ...] = Field(default=(), examples=[["tensorboard"]])
    checkpoint_seconds: float = Field(default=20.0, gt=0)
    plan: PlanSpec = PlanSpec()
    deterministic: bool = False
