"""From noise to rows: what the generators of adversarial networks are made of.

B rows, L numbers of a code, K classes, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leadline.nn.generative.decoders import Growing, ImageDecoder
from leadline.nn.rng import Rng

SMALL = 8  # pixels a side, at most, of the map that a picture grows from
TIMES = 4  # as many channels at most of a map as of the last one
HALF = 127.5


class Classes(nn.Module):
    """Which of K classes new rows are of: drawn as often as each occurs in train. `names` are what people call them."""

    def __init__(self, names: Sequence[str], share_K: Tensor) -> None:
        super().__init__()
        self.names = tuple(names)
        self.below_K: Tensor
        self.register_buffer("below_K", share_K.double().cumsum(0).float(), persistent=False)

    def drawn(self, rng: Rng) -> Tensor:
        """Return a class for each row of the draws (B,)."""
        at_B = torch.searchsorted(self.below_K, rng.uniform("class"), right=True)
        return at_B.clamp_max(len(self.names) - 1)


class Conditioned(nn.Module):
    """Codes (B,L), and beside them a learned vector for each class, to what a decoder makes of both."""

    def __init__(self, latent: int, classes: int) -> None:
        super().__init__()
        self.latent = latent
        self.vectors = nn.Embedding(classes, latent) if classes else None
        self.width = 2 * latent if classes else latent

    def forward(self, code_BL: Tensor, class_B: Tensor | None = None) -> Tensor:
        if self.vectors is None:
            return code_BL
        assert class_B is not None
        return torch.cat([code_BL, self.vectors(class_B).to(code_BL.dtype)], 1)


class ImageGenerator(nn.Module):
    """Codes (B,L), and classes (B,) where there are some, to raw pixels (B,C,H,W) from 0 to 255: a growing map, then
    tanh.
    """

    def __init__(self, shape: Sequence[int], latent: int, classes: int, *, width: int, growing: Growing) -> None:
        super().__init__()
        self.given = Conditioned(latent, classes)
        self.decoder = ImageDecoder(
            shape, self.given.width, width=width, most=TIMES * width, growing=growing, small=SMALL
        )

    def forward(self, code_BL: Tensor, class_B: Tensor | None = None) -> Tensor:
        return HALF + HALF * torch.tanh(self.decoder(self.given(code_BL, class_B)))
