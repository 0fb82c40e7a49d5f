"""Options of augmentations, and the noise they share."""

import numpy as np
import pytest
import torch
from scipy import stats

from leadline.core.component import Component
from leadline.data.augmentations.contract import Amount, Word, checked, normals
from leadline.errors import UsageError
from leadline.nn.rng import Rng

OPTIONS = {"size": Amount(0.5, 2, "a length", least=0.1), "fill": Word("mean", ("zero",))}


def read(value: object) -> dict[str, object]:
    return checked(Component.model_validate(value), OPTIONS)


def test_all_options_come_back_and_a_lone_number_is_the_first() -> None:
    assert read("box") == {"size": 0.5, "fill": "mean"}
    assert read({"box": 1}) == {"size": 1.0, "fill": "mean"}
    assert read({"name": "box", "fill": "zero"}) == {"size": 0.5, "fill": "zero"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"box": 3}, r"^box: option 'size' .a length. must be from 0.1 to 2, not 3\.$"),
        ({"box": 0}, "not 0"),
        ({"box": float("nan")}, "not nan"),
        ({"box": True}, "not True"),
        ({"box": "1"}, "not '1'"),
        ({"name": "box", "fill": "red"}, "option 'fill' must be 'mean' or 'zero', not 'red'"),
        ({"name": "box", "fill": ["mean"]}, r"not \['mean'\]"),
        ({"name": "box", "fil": "mean"}, "box has no option 'fil'. Did you mean 'fill'"),
        ({"name": "box", "amount": 1, "fill": "zero"}, "no option 'amount'"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(asked)


def test_coarse_normals_are_standard_normal_and_each_rows_own() -> None:
    rows = torch.arange(40)
    x = normals(Rng(0, 1, rows), 4999)  # not a multiple of four
    assert x.shape == (40, 4999)
    assert stats.kstest(x.numpy().ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(x.var(), 1, atol=0.01)
    assert torch.corrcoef(x.T[:8]).fill_diagonal_(0).abs().max() < 0.75  # four of one hash are unrelated too
    by_four = x[:, :4996].reshape(-1, 4)
    assert torch.corrcoef(by_four.T).fill_diagonal_(0).abs().max() < 0.02
    assert torch.equal(normals(Rng(0, 1, rows[[7, 3]]), 4999), x[[7, 3]])
    assert not torch.equal(normals(Rng(0, 2, rows), 4999), x)
