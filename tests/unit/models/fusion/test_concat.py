"""Concatenation: what stands in the place of an absent input, and what is dropped of media."""

from __future__ import annotations

import pytest
import torch

from leadline.models.fusion.concat import Concat
from leadline.nn.fusion import FusionOptions
from leadline.nn.rng import Rng, using_rng


def test_concatenation_puts_learned_numbers_in_the_place_of_an_absent_input() -> None:
    fusion = Concat([2, 1], FusionOptions(modality_dropout=0))
    with torch.no_grad():
        fusion.absent_F.copy_(torch.tensor([7.0, 8.0, 9.0]))
    present = torch.tensor([[True, False], [False, True]])
    fused = fusion([torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0], [6.0]])], present)
    assert fused.tolist() == [[1, 2, 9], [7, 8, 6]]


def test_features_of_media_are_dropped_in_training_and_those_of_tables_are_not() -> None:
    fusion = Concat([100, 100], FusionOptions(modality_dropout=0, feature_dropout=0.5), [True, False])
    parts = [torch.ones(50, 100), torch.ones(50, 100)]
    with using_rng(Rng(0, 0, torch.arange(50))):
        medium, table = fusion(parts).split(100, 1)
    assert float((medium == 0).float().mean()) == pytest.approx(0.5, abs=0.05)
    assert torch.equal(table, parts[1])
    assert torch.equal(fusion.eval()(parts), torch.ones(50, 200))
