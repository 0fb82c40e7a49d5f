"""The gated unit against its paper."""

from __future__ import annotations

import torch

from leadline.models.fusion.gated import Gated
from leadline.nn.fusion import WidthOptions


def test_two_gated_inputs_are_weighted_as_in_the_paper() -> None:
    """Arevalo et al. 2017, equation 1: z h_1 + (1 - z) h_2 with z = σ(W [x_1, x_2]); here W is the difference of two
    maps.
    """
    torch.manual_seed(0)
    fusion = Gated([3, 2], WidthOptions(width=4, modality_dropout=0))
    first, second = torch.randn(5, 3), torch.randn(5, 2)
    one, other = fusion.gates(torch.cat([first, second], 1)).split(4, 1)
    z = torch.sigmoid(one - other)
    expected = z * torch.tanh(fusion.ways[0](first)) + (1 - z) * torch.tanh(fusion.ways[1](second))
    assert torch.allclose(fusion([first, second]), expected, atol=1e-6)
