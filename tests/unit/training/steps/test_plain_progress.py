from __future__ import annotations

import pytest
from small_problem import Squares, Table, network, plain
from torch import nn

from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng
from leadline.training.data_loader import DataLoader


class Late(Squares):
    """A loss that says how far training is."""

    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        own = super().loss(network, batch, player, rng)
        return own._replace(terms={"done": rng.progress.expand(len(batch))})


def test_the_loss_knows_how_far_training_is() -> None:
    step, loader = plain(network(), objective=Late()), DataLoader(Table(40), 10, 1)
    seen = []
    for at in range(8):
        names, sums_2K = step(loader.at(at))
        part = names.index("done")
        seen.append((sums_2K[0, part] / sums_2K[1, part]).item())
    assert seen == pytest.approx([at / 20 for at in range(8)])
