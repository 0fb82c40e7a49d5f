"""Dropout: what it asks of the draws, and that this does not show in the mask."""

import pytest
import torch

from leadline.nn.layers.dropout import Dropout
from leadline.nn.rng import Rng, using_rng


@pytest.mark.parametrize("width", [1, 64, 65, 300])
def test_the_mask_is_that_of_the_first_bits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, rng = Dropout(0.3), Rng(0, 5, torch.arange(40))
    bits = rng.bits("dropout", -(-width // 4)).view(torch.int16)[:, :width]
    asked = []
    own = Rng.bits
    monkeypatch.setattr(Rng, "bits", lambda self, purpose, count: asked.append(count) or own(self, purpose, count))
    with using_rng(rng):
        out = layer(torch.ones(40, width))
    torch.testing.assert_close(out, (bits >= round(0.3 * 65536) - 32768) / 0.7)
    assert asked[0] % 16 == 0  # of other counts compiled code corrupts memory
