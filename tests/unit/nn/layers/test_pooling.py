"""Pooling against each row by itself."""

from __future__ import annotations

import pytest
import torch

from leadline.nn.layers.pooling import Pooling, silenced, with_first

LENGTHS = (5, 2, 1)
X_BTF = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
MASK_BT = torch.arange(5) < torch.tensor(LENGTHS)[:, None]


def pooling(kind: str, backward: int = 0) -> Pooling:
    torch.manual_seed(0)
    return Pooling(kind, 4, backward).double()  # type: ignore[arg-type]


def test_each_kind_is_what_it_says_of_what_is_there() -> None:
    for row, length in enumerate(LENGTHS):
        own_TF = X_BTF[row, :length]
        score = pooling("attention").score
        assert score is not None
        expected = {
            "first": own_TF[0],
            "last": own_TF[-1],
            "mean": own_TF.mean(0),
            "max": own_TF.amax(0),
            "attention": (score(own_TF).softmax(0) * own_TF).sum(0),
        }
        for kind, expected_F in expected.items():
            torch.testing.assert_close(pooling(kind)(X_BTF, MASK_BT)[row], expected_F)
            torch.testing.assert_close(pooling(kind)(own_TF[None])[0], expected_F)


def test_the_last_step_of_what_reads_backwards_is_the_first() -> None:
    out_BF = pooling("last", backward=3)(X_BTF, MASK_BT)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(out_BF[row], torch.cat([X_BTF[row, length - 1, :1], X_BTF[row, 0, 1:]]))


@pytest.mark.parametrize("kind", ["first", "last", "mean", "max", "attention"])
def test_of_a_row_with_nothing_the_first_step_counts(kind: str) -> None:
    nothing = torch.zeros(3, 5, dtype=torch.bool)
    torch.testing.assert_close(pooling(kind)(X_BTF, nothing), X_BTF[:, 0])


def test_beyond_the_end_features_are_zero_even_if_they_were_no_numbers() -> None:
    x_BTF = X_BTF.masked_fill(~MASK_BT[:, :, None], torch.nan)
    assert torch.equal(silenced(x_BTF, MASK_BT), X_BTF * MASK_BT[:, :, None])
    assert silenced(x_BTF, None) is x_BTF


def test_the_first_step_is_always_there() -> None:
    assert with_first(torch.tensor([[False, False], [True, True]])).tolist() == [[True, False], [True, True]]
