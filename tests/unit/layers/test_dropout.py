"""Dropout: what it asks of the draws, and that this does not show in the mask."""

import pytest
import torch

from leadline.layers.draws import Draws, drawing
from leadline.layers.dropout import Dropout


@pytest.mark.parametrize("width", [1, 64, 65, 300])
def test_the_mask_is_that_of_the_first_bits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, draws = Dropout(0.3), Draws(0, 5, torch.arange(40))
    bits = draws.bits("dropout", -(-width // 4)).view(torch.int16)[:, :width]
    asked = []
    own = Draws.bits
    monkeypatch.setattr(Draws, "bits", lambda self, purpose, count: asked.append(count) or own(self, purpose, count))
    with drawing(draws):
        out = layer(torch.ones(40, width))
    torch.testing.assert_close(out, (bits >= round(0.3 * 65536) - 32768) / 0.7)
    assert asked[0] % 16 == 0  # of other counts compiled code corrupts memory
