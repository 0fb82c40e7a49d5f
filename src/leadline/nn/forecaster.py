"""The network that forecasts: windows are put on a scale of their own before an encoder sees them, and forecasts taken
back from it.

Shapes in names: B rows, T steps, F features, L past steps, H steps ahead, V variables, E numbers a step and variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.windows import Past, Scale, last_value, moments
from leadline.nn.network import Network

ANCHORS: Mapping[str, Callable[[Tensor], Scale]] = {"last": last_value, "mean": moments}


class Anchored(nn.Module):
    """The front of a series whose variables are put on each window's own scale; other columns stay as they are."""

    def __init__(self, preprocessor: nn.Module, spec: SignalSpec, anchor: str) -> None:
        super().__init__()
        self.preprocessor, self.past, self.anchor = preprocessor, Past(spec), anchor

    def forward(self, raw: Tensor) -> Signal:
        signal: Signal = self.preprocessor(raw)
        x_BVL = self.past(signal)
        own_BLV = ANCHORS[self.anchor](x_BVL).off(x_BVL).transpose(1, 2)
        past_BLF, future_BTF = signal.values[:, : self.past.steps], signal.values[:, self.past.steps :]
        return Signal(torch.cat([past_BLF.index_copy(2, self.past.aims_V, own_BLV), future_BTF], 1), signal.mask)

    def scale(self, raw: Tensor) -> Scale:
        """Return the scale of each window, for forecasts (B,H,V,E)."""
        shift_BV1, size_BV1 = ANCHORS[self.anchor](self.past(self.preprocessor(raw)))
        return Scale(shift_BV1[:, None], None if size_BV1 is None else size_BV1[:, None])


class Forecasts(nn.Module):
    """The end of the network: numbers (B, H × V × E) on the standardised scale to forecasts in the variables' units.

    Without `levels` they are (B,H,V); with, each of the sorted numbers is a quantile (B,H,V,E), so that none crosses
    another.
    """

    def __init__(
        self, mean_V: Sequence[float], std_V: Sequence[float], ahead: int, levels: Sequence[float] = ()
    ) -> None:
        super().__init__()
        self.ahead, self.levels = ahead, tuple(levels)
        self.mean_V: Tensor
        self.std_V: Tensor
        self.levels_E: Tensor
        self.register_buffer("mean_V", torch.tensor(mean_V, dtype=torch.float32))
        self.register_buffer("std_V", torch.tensor([std or 1.0 for std in std_V], dtype=torch.float32))
        self.register_buffer("levels_E", torch.tensor(self.levels, dtype=torch.float32), persistent=False)

    def forward(self, z_BO: Tensor, scale: Scale | None = None) -> Tensor:
        z_BO = z_BO if z_BO.dtype == torch.float64 else z_BO.float()
        z_BHVE = z_BO.view(z_BO.shape[0], self.ahead, len(self.mean_V), len(self.levels) or 1)
        if self.levels:
            z_BHVE = z_BHVE.sort(-1).values
        if scale is not None:
            z_BHVE = scale.on(z_BHVE)
        value_BHVE: Tensor = z_BHVE * self.std_V[:, None] + self.mean_V[:, None]
        return value_BHVE if self.levels else value_BHVE.squeeze(-1)


class Forecaster(Network):
    """A network whose input `anchored` has an `Anchored` front: its forecasts are taken back from the windows' own
    scale.
    """

    anchored: str | None = None

    @classmethod
    def of(cls, network: Network) -> Forecaster:
        """Return the forecaster that a network's parts make."""
        encoders = dict(zip(network.names, network.encoders, strict=True))
        return cls(encoders, network.head, network.last, network.fusion)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        scale = None
        if self.anchored is not None:
            encoder = self.encoders[self.names.index(self.anchored)]
            scale = encoder.preprocessor.scale(inputs[self.anchored])  # type: ignore[operator, union-attr]
        forecasts: Tensor = self.last(self.head(self.features(inputs)), scale)
        return forecasts
