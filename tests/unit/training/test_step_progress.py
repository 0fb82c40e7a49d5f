from __future__ import annotations

import pytest
from small_problem import Squares, Table, network, plain
from torch import nn

from leadline.layers.draws import Draws
from leadline.layers.types import Batch, Loss
from leadline.training.feed import Feed


class Late(Squares):
    """A loss that says how far training is."""

    def loss(self, network: nn.Module, batch: Batch, player: str, draws: Draws) -> Loss:
        own = super().loss(network, batch, player, draws)
        return own._replace(parts={"done": draws.progress.expand(len(batch))})


def test_the_loss_knows_how_far_training_is() -> None:
    step, feed = plain(network(), objective=Late()), Feed(Table(40), 10, 1)
    seen = []
    for at in range(8):
        names, sums_2K = step(feed.at(at))
        part = names.index("done")
        seen.append((sums_2K[0, part] / sums_2K[1, part]).item())
    assert seen == pytest.approx([at / 20 for at in range(8)])
