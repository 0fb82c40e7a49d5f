"""NLinear: a window without its last value, continued by a linear map, the value added again (Zeng et al. 2023).

Each variable is forecast from its own past; columns beside the variables are not looked at.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.windows import Past, last_value, numbers


class Options(Fact):
    """`individual` gives each variable a map of its own."""

    individual: bool = Field(default=False, description="separate weights for each variable")
    head: Literal["none"] = Field(default="none", description="none: the network forecasts by itself")


class NLinear(nn.Module):
    """Windows (B,T,F) to forecasts (B, ahead × variables × each)."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        self.spec = spec
        self.past = Past(spec)
        maps, outputs = len(spec.aims) if options.individual else 1, spec.ahead * spec.each
        self.weight_MGL = nn.Parameter(torch.empty(maps, outputs, spec.past).uniform_(-1, 1) / math.sqrt(spec.past))
        self.bias_MG = nn.Parameter(torch.zeros(maps, outputs))

    def forward(self, signal: Signal) -> Signal:
        x_BVL = self.past(signal)
        scale = last_value(x_BVL)
        weight_VGL, bias_VG = (p.expand(len(self.spec.aims), *p.shape[1:]) for p in (self.weight_MGL, self.bias_MG))
        return numbers(scale.on(torch.einsum("bvl,vgl->bvg", scale.off(x_BVL), weight_VGL) + bias_VG), self.spec)


FAMILY = Family(
    name="nlinear",
    accepts=("sequence",),
    options=Options,
    gives=NLinear,
    forecasts=True,
    reference="Zeng, Chen, Zhang & Xu 2023, Are transformers effective for time series forecasting?",
)
