from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from leadline.nn.batch import Signal, SignalSpec, Texts
from leadline.nn.classical import plain_features
from leadline.nn.classical.plain_features import ORIENTATIONS, PictureFeatures, features


def test_a_table_stays_as_it_is() -> None:
    x = torch.tensor([[1.0, float("nan")], [0.0, 3.0]])
    assert torch.equal(features(SignalSpec("table", (2,)))(Signal(x)).values.nan_to_num(-1), x.nan_to_num(-1))


def test_of_a_text_it_is_told_which_frequent_words_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_features, "BAG", 3)
    spec = SignalSpec("table", (5,), texts=(Texts(0, 5, 9, 1, 2),))
    x_BL = torch.tensor([[4.0, 1, 2, 2, 0], [6, 5, 3, 0, 0], [0, 0, 0, 0, 0]])
    assert features(spec)(Signal(x_BL)).values.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert torch.equal(features(spec, tokens=True)(Signal(x_BL)).values, x_BL)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 1, 1), (2, 3, 50)])
def test_pictures_of_any_size_become_features_of_one_width(shape: tuple[int, ...]) -> None:
    module = PictureFeatures(shape)
    out = module(Signal(torch.rand(5, *shape))).values
    assert out.ndim == 2 and out.isfinite().all()
    assert (
        out.shape[1]
        == shape[0] * module.pixels[0] * module.pixels[1] + ORIENTATIONS * module.cells[0] * module.cells[1]
    )


def test_histograms_agree_with_the_definition_written_out_pixel_by_pixel() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 8))
    module = PictureFeatures((1, 8, 8))
    mine = module(Signal(torch.from_numpy(x[None, None]))).values[0, 64:].reshape(ORIENTATIONS, 4, 4).numpy()
    dx = correlate(x, [[-1, 0, 1]], mode="nearest")
    dy = correlate(x, [[-1], [0], [1]], mode="nearest")
    size, place = np.hypot(dx, dy), np.mod(np.arctan2(dy, dx), np.pi) * ORIENTATIONS / np.pi
    cells = np.zeros((ORIENTATIONS, 4, 4))
    for row in range(8):
        for column in range(8):
            low = int(place[row, column])
            share = place[row, column] - low
            cells[low % ORIENTATIONS, row // 2, column // 2] += (1 - share) * size[row, column] / 4
            cells[(low + 1) % ORIENTATIONS, row // 2, column // 2] += share * size[row, column] / 4
    energy = (cells**2).sum(0)
    around = np.array(
        [[energy[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].mean() for c in range(4)] for r in range(4)]
    )
    np.testing.assert_allclose(mine, cells / np.sqrt(around + 1e-2), atol=1e-6)
