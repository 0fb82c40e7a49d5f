"""A convolutional network over spectra: blocks of 3×3 convolutions over time and frequency, each followed by
average-pooling.

Kong et al.'s networks without their last dense layer: the maps are averaged over frequency, and of what remains at each
frame the mean and the largest over time are added up. Frames that are no row's own change nothing: they are zero before
each convolution, and left out of averages, of what pooling takes together and of the statistics of batch norms.

Shapes: B rows, T frames, F bands of frequency, C channels.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.dropout import Dropout
from leadline.nn.layers.pooling import with_first


class Options(Fact):
    """`channels` are the channels of each block; `dropout` stands after each.

    A block halves frames and bands, so that four of them see 1.5 s at once in frames 10 ms apart.
    """

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(32, 64, 128, 256), min_length=1, description="channels of each convolutional block"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="dropout rate after each block")


class Norm(nn.BatchNorm2d):
    """Batch norm (Ioffe & Szegedy 2015) whose statistics in training leave out frames that are no row's own."""

    def forward(self, x_BCTF: Tensor, mask_BT: Tensor | None = None) -> Tensor:
        if mask_BT is None or not self.training:
            return super().forward(x_BCTF)
        assert self.running_mean is not None
        assert self.running_var is not None
        count = mask_BT.sum() * x_BCTF.shape[3]
        own_BCTF = (x_BCTF * mask_BT[:, None, :, None]).to(self.running_mean.dtype)
        mean_C = own_BCTF.sum((0, 2, 3)) / count
        # The mean square less the squared mean, in a single pass: convolutions without bias give means no larger than
        # their spread.
        variance_C = (torch.linalg.vector_norm(own_BCTF, dim=(0, 2, 3)).square() / count - mean_C.square()).clamp_min(0)
        with torch.no_grad():
            self.running_mean.lerp_(mean_C, 0.1)
            self.running_var.lerp_(variance_C * count / (count - 1).clamp_min(1), 0.1)
        scale_C = self.weight * torch.rsqrt(variance_C + self.eps)
        shift_C = self.bias - mean_C * scale_C
        return torch.addcmul(shift_C[:, None, None], x_BCTF, scale_C[:, None, None]).to(x_BCTF.dtype)


class Block(nn.Module):
    """Two 3×3 convolutions (B,C,T,F), each with batch norm and ReLU, then the mean of each 2×2 square."""

    def __init__(self, inside: int, outside: int, dropout: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(i, outside, 3, padding=1, bias=False) for i in (inside, outside))
        self.norms = nn.ModuleList(Norm(outside) for _ in range(2))
        self.dropout = Dropout(dropout)
        for conv in self.convs:
            assert isinstance(conv, nn.Conv2d)
            initialise_weights(conv, "relu")

    def forward(self, x_BCTF: Tensor, mask_BT: Tensor | None) -> tuple[Tensor, Tensor | None]:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x_BCTF = functional.relu(norm(conv(x_BCTF), mask_BT))
            x_BCTF = x_BCTF if mask_BT is None else x_BCTF * mask_BT[:, None, :, None]
        x_BCTF = functional.avg_pool2d(x_BCTF, 2, ceil_mode=True)  # a square at the border is what lies within
        if mask_BT is not None:
            share_BT = functional.avg_pool1d(mask_BT[:, None].to(x_BCTF.dtype), 2, ceil_mode=True)[:, 0]
            mask_BT = share_BT > 0
            x_BCTF = x_BCTF / torch.where(mask_BT, share_BT, 1.0)[:, None, :, None]
        # Draws go frame by frame, so that further frames that are no row's own leave those before them as they are.
        return self.dropout(x_BCTF.transpose(1, 2)).transpose(1, 2), mask_BT


class AudioCNN(nn.Module):
    """Sequences (B,T,F) to (B,C), C being the last block's channels."""

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        inside = (1, *options.channels[:-1])
        self.blocks = nn.ModuleList(Block(i, o, options.dropout) for i, o in zip(inside, options.channels, strict=True))

    def forward(self, signal: Signal) -> Signal:
        x_BTF, mask_BT = signal
        if mask_BT is not None:
            mask_BT = with_first(mask_BT)
        x_BCTF = (x_BTF if mask_BT is None else x_BTF * mask_BT[:, :, None])[:, None]
        for block in self.blocks:
            x_BCTF, mask_BT = block(x_BCTF, mask_BT)
        x_BCT = x_BCTF.mean(3)
        if mask_BT is None:
            return Signal(x_BCT.mean(2) + x_BCT.amax(2))
        mean_BC = (x_BCT * mask_BT[:, None]).sum(2) / mask_BT.sum(1, keepdim=True)
        return Signal(mean_BC + x_BCT.masked_fill(~mask_BT[:, None], -torch.inf).amax(2))


FAMILY = Family(
    name="audiocnn",
    accepts=("sequence",),
    options=Options,
    gives=AudioCNN,
    sizes={
        "small": {"channels": (16, 32, 64), "dropout": 0.1},
        "base": {"channels": (32, 64, 128, 256)},
        "large": {"channels": (64, 128, 256, 512)},
    },
    reference=(
        "Kong et al. 2020, PANNs: Large-scale pretrained audio neural networks for audio pattern recognition (Cnn10)"
    ),
)
