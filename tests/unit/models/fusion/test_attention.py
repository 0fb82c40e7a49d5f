"""Attention over inputs: what is absent is not looked at."""

from __future__ import annotations

import torch

from leadline.core.component import Component
from leadline.nn.fusion import Fusion, fuse_by


def test_attention_looks_at_what_is_there_only() -> None:
    torch.manual_seed(0)
    fusion: Fusion = fuse_by(Component(name="attention", options={"width": 8, "modality_dropout": 0}))([3, 3])
    parts = [torch.randn(4, 3), torch.randn(4, 3)]
    one = fusion(parts, torch.tensor([[True, False]] * 4))
    alone = fusion([parts[0], torch.zeros(4, 3)], torch.tensor([[True, False]] * 4))
    assert torch.equal(one, alone)
    assert not torch.allclose(one, fusion(parts))
