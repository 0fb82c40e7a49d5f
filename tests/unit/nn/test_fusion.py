"""What all fusions share: which inputs are left out in training, their options, what fitted models are told."""

from __future__ import annotations

import pytest
import torch

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.nn.fusion import FusionOptions, SideBySide, checked_fusion, fuse_by, left
from leadline.nn.rng import Rng
from sentences import says


def test_inputs_are_left_out_at_the_rate_and_never_all_of_them() -> None:
    present = torch.ones(20_000, 2, dtype=torch.bool)
    present[::4, 0] = False
    kept = left(present, 0.3, Rng(0, 1, torch.arange(20_000)))
    assert kept.any(1).all() and not (kept & ~present).any()
    # Of two inputs both are drawn to go in 9 % of rows, and then one of them stays.
    assert float(kept[present.all(1)].float().mean()) == pytest.approx(1 - (0.3 - 0.09 / 2), abs=0.01)


def test_what_is_left_out_depends_on_seed_step_and_row_alone() -> None:
    row_B = torch.arange(50)
    present = torch.ones(50, 3, dtype=torch.bool)
    kept = left(present, 0.5, Rng(7, 3, row_B))
    turned = row_B.flip(0)
    assert torch.equal(left(present, 0.5, Rng(7, 3, turned)).flip(0), kept)
    assert not torch.equal(left(present, 0.5, Rng(7, 4, row_B)), kept)
    assert not torch.equal(left(present, 0.5, Rng(8, 3, row_B)), kept)


def test_fitted_models_are_told_of_absence_by_nan() -> None:
    fused = SideBySide([1, 1])([torch.ones(2, 1), torch.ones(2, 1)], torch.tensor([[True, False], [True, True]]))
    assert torch.equal(fused.isnan(), torch.tensor([[False, True], [False, False]]))


@pytest.mark.parametrize(
    ("fusion", "words"),
    [
        ({"name": "gatd"}, "network.fusion: .*'gated'"),
        ({"name": "gated", "wdth": 3}, "gated has no option 'wdth'.*'width'"),
        ({"name": "concat", "modality_dropout": 1}, "dropout: .*below 1"),
        ({"name": "concat", "width": 8}, "concat has no option 'width'"),
        (
            {"name": "attention", "width": 10, "heads": 4},
            says("models.fusion-heads-do-not-divide-width"),
        ),
    ],
)
def test_a_fusion_that_cannot_be_is_refused(fusion: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fuse_by(Component.model_validate(fusion))([3, 3])


def test_options_have_defaults() -> None:
    assert checked_fusion(Component(name="gated")).model_dump() == {**FusionOptions().model_dump(), "width": 128}
