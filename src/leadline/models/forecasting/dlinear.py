"""DLinear: a moving average and what is left of it, each continued by a linear map (Zeng et al. 2023).

Each variable is forecast from its own past; columns beside the variables are not looked at. The trend of a window is
its moving average over `window` steps, the first and the last value repeated beyond its ends.

Shapes: B rows, L past steps, V variables, G numbers forecast of each.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.windows import Past, numbers


class Options(Fact):
    """`window` steps are averaged for the trend; `individual` gives each variable maps of its own."""

    window: int = Field(default=25, ge=1, description="length in steps of the moving average that gives the trend")
    individual: bool = Field(default=False, description="separate weights for each variable")
    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")


class DLinear(nn.Module):
    """Windows (B,T,F) to forecasts (B, ahead × variables × each)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.spec, self.window = spec, options.window
        self.past = Past(spec)
        maps = len(spec.aims) if options.individual else 1
        self.trend = _Maps(spec.past, spec.ahead * spec.each, maps)
        self.rest = _Maps(spec.past, spec.ahead * spec.each, maps)

    def forward(self, signal: Signal) -> Signal:
        x_BVL = self.past(signal)
        before = (self.window - 1) // 2
        padded = F.pad(x_BVL, (before, self.window - 1 - before), mode="replicate")
        trend_BVL = F.avg_pool1d(padded, self.window, stride=1)
        return numbers(self.trend(trend_BVL) + self.rest(x_BVL - trend_BVL), self.spec)


class _Maps(nn.Module):
    """One linear map for all variables, or one for each: (B,V,L) to (B,V,G)."""

    def __init__(self, steps: int, outputs: int, maps: int) -> None:
        super().__init__()
        self.weight_MGL = nn.Parameter(torch.empty(maps, outputs, steps).uniform_(-1, 1) / math.sqrt(steps))
        self.bias_MG = nn.Parameter(torch.zeros(maps, outputs))

    def forward(self, x_BVL: Tensor) -> Tensor:
        if len(self.weight_MGL) == 1:
            return F.linear(x_BVL, self.weight_MGL[0], self.bias_MG[0])
        return torch.einsum("bvl,vgl->bvg", x_BVL, self.weight_MGL) + self.bias_MG


FAMILY = Family(
    name="dlinear",
    accepts=("sequence",),
    options=Options,
    gives=DLinear,
    forecasts=True,
    reference="Zeng, Chen, Zhang & Xu 2023, Are transformers effective for time series forecasting?",
)
