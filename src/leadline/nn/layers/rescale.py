"""The end of networks that predict a quantity: from standardised values to the target's unit."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Rescale(nn.Module):
    """Turn standardised values into the target's unit, with the mean and deviation of the train rows."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std or 1.0, dtype=torch.float32))

    def forward(self, z: Tensor) -> Tensor:
        return (z if z.dtype == torch.float64 else z.float()) * self.std + self.mean
