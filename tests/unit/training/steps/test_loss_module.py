"""What a module whose forward is the loss makes of losses that are not one for each row."""

from __future__ import annotations

import pytest
import torch
from small_problem import Squares, Table, network

from leadline.errors import UsageError
from leadline.nn.batch import Loss
from leadline.nn.rng import Rng
from leadline.training.steps.loss_module import LossModule
from sentences import says


class Column(Squares):
    """Losses as a column, as a forgotten squeeze leaves them."""

    def loss(self, *arguments: object) -> Loss:
        found = super().loss(*arguments)
        return found._replace(value_B=found.value_B[:, None])


class Mean(Squares):
    """The mean over the batch."""

    def loss(self, *arguments: object) -> Loss:
        found = super().loss(*arguments)
        return found._replace(value_B=found.value_B.mean())


@pytest.mark.parametrize("kind", [Column, Mean])
def test_losses_that_are_not_one_a_row_are_named_with_their_shape(kind: type[Squares]) -> None:
    batch = Table(8).batch(torch.arange(8))
    module = LossModule(network(), kind(), "network")
    with pytest.raises(UsageError, match=says("training.loss-shape-wrong", rows=8)):
        module(batch, Rng(0, 0, batch.row_B))
