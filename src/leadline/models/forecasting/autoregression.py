"""Each step ahead as a linear function of the window, in closed form, the same for all variables.

A window is measured from its last value. Least squares with an l2 penalty, from the sums of products over all windows:
rows are read once, and what is held in memory does not grow with them. On many public series this is hard to beat
(Toner & Darlow 2024, An analysis of linear time series forecasting models).

Shapes: n windows, L past steps, V variables, H steps ahead, P products of a window and a variable: L and a constant.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.models.contract import AT_LEISURE, Effort, Family, FitResult, Windows
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.windows import Past, last_value, numbers

LADDER = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
USUAL = 1e-2  # without validation windows
_FASTER = 20  # a product of matrices is so much faster than other counted operations


class Options(Fact):
    """`l2`, in units of a step's mean square, is how much the squared weights add to the loss.

    None chooses it on validation windows, from `LADDER`.
    """

    l2: float | None = Field(
        default=None, ge=0, description="strength of the ridge penalty; null: chosen on validation"
    )
    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")


class Autoregression(nn.Module):
    """Windows (B,T,F) to forecasts (B, ahead × variables × each)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.spec, self.options = spec, options
        self.past = Past(spec)
        self.weight_HL = nn.Parameter(torch.zeros(spec.ahead, spec.past), requires_grad=False)
        self.bias_H = nn.Parameter(torch.zeros(spec.ahead), requires_grad=False)

    def forward(self, signal: Signal) -> Signal:
        x_BVL = self.past(signal)
        scale = last_value(x_BVL)
        x_BVH = scale.on(torch.nn.functional.linear(scale.off(x_BVL), self.weight_HL, self.bias_H))
        return numbers(x_BVH.repeat_interleave(self.spec.each, 2), self.spec)


class Products(NamedTuple):
    """Weighted sums of products over windows and variables: inputs with inputs, inputs with targets, targets with
    targets.
    """

    xx_PP: np.ndarray
    xy_PH: np.ndarray
    yy: float
    weight: float


def fit(
    model: Autoregression, train: Windows, validation: Windows | None, seed: int, effort: Effort = AT_LEISURE
) -> FitResult:
    """Find the weights."""
    of_train = products(model, train)
    if not of_train.weight > 0:
        raise ValueError(say("models.no-known-target"))
    given = model.options.l2
    of_validation = None if validation is None or given is not None else products(model, validation)
    if of_validation is None or not of_validation.weight > 0:
        _put(model, _solved(of_train, USUAL if given is None else given))
        return FitResult({})
    solutions = [_solved(of_train, l2) for l2 in LADDER]
    best = int(np.argmin([_loss(of_validation, weight_PH) for weight_PH in solutions]))
    _put(model, solutions[best])
    return FitResult(
        {},
        notes=(say("models.autoregression-l2", l2=LADDER[best], candidates=", ".join(f"{one:g}" for one in LADDER)),),
    )


def products(model: Autoregression, windows: Windows) -> Products:
    """Return sums of products of windows from their last value on; a missing target takes the value known before it."""
    size, ahead = model.spec.past + 1, model.spec.ahead
    xx_PP, xy_PH, yy, weight = np.zeros((size, size)), np.zeros((size, ahead)), 0.0, 0.0
    for x_nTF, target_nHV, weight_n in windows():
        past_nVL = model.past(Signal(torch.from_numpy(x_nTF))).double()
        scale = last_value(past_nVL)
        target_nVH = torch.from_numpy(target_nHV).double().transpose(1, 2)
        known_nV1 = ~target_nVH.isnan().all(2, keepdim=True)
        ahead_nVH = _carried(torch.cat([scale.shift, target_nVH], 2))[..., 1:] - scale.shift
        share_nV1 = torch.from_numpy(weight_n).double()[:, None, None].sqrt() * known_nV1
        off_nVP = torch.cat([scale.off(past_nVL), torch.ones_like(scale.shift)], 2) * share_nV1
        x_mP, y_mH = off_nVP.flatten(0, 1).numpy(), (ahead_nVH * share_nV1).flatten(0, 1).numpy()
        xx_PP += x_mP.T @ x_mP
        xy_PH += x_mP.T @ y_mH
        yy += float(np.square(y_mH).sum())
        weight += float(share_nV1.square().sum())
    return Products(xx_PP, xy_PH, yy, weight)


def _carried(x_nVH: torch.Tensor) -> torch.Tensor:
    """Return values with each missing one replaced by the last known one before it."""
    step_H = torch.arange(x_nVH.shape[2])
    return x_nVH.gather(2, torch.where(x_nVH.isnan(), 0, step_H).cummax(2).values)


def _solved(sums: Products, l2: float) -> np.ndarray:
    steps = len(sums.xx_PP) - 1
    penalty_P = np.full(steps + 1, l2 * np.trace(sums.xx_PP[:steps, :steps]) / steps)
    penalty_P[steps] = 0.0  # of the constant
    weight_PH: np.ndarray = np.linalg.lstsq(sums.xx_PP + np.diag(penalty_P), sums.xy_PH, rcond=None)[0]
    return weight_PH


def _loss(sums: Products, weight_PH: np.ndarray) -> float:
    return float(sums.yy - 2 * np.sum(weight_PH * sums.xy_PH) + np.sum(weight_PH * (sums.xx_PP @ weight_PH)))


def _put(model: Autoregression, weight_PH: np.ndarray) -> None:
    model.weight_HL.data = torch.from_numpy(weight_PH[:-1].T.copy()).float()
    model.bias_H.data = torch.from_numpy(weight_PH[-1].copy()).float()


def _work(model: Autoregression, rows: int) -> float:
    return rows * len(model.spec.aims) * model.spec.past * (model.spec.past + model.spec.ahead) / _FASTER


FAMILY = Family(
    name="autoregression",
    accepts=("sequence",),
    options=Options,
    gives=Autoregression,
    fit=fit,
    work=_work,
    forecasts=True,
    reference=(
        "Toner & Darlow 2024, An analysis of linear time series forecasting models; Hoerl & Kennard 1970, Ridge"
        " regression"
    ),
)
