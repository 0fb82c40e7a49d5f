"""The weights that ship: kept when they are best, forgotten when the network is another, back after a resume."""

from __future__ import annotations

import json

import torch
from small_problem import network, plain

from leadline.core.training_spec import EarlyStopping
from leadline.training.state.best_weights import BestWeights

AT_ONCE = EarlyStopping(monitor="accuracy", patience=2, stopping_threshold=0.9)


def watched(stopping: EarlyStopping | None = AT_ONCE) -> BestWeights:
    step = plain(network())
    step.progress.step = 1
    return BestWeights(stopping, "higher", step)


def look(best: BestWeights, accuracy: float, over: bool = False) -> str | None:
    """Move the weights, then look."""
    with torch.no_grad():
        next(best.step.network.parameters()).fill_(accuracy)
    return best.look({"accuracy": accuracy, "loss": 1.0}, 10.0, over=over)


def test_the_best_weights_are_put_back_and_patience_ends_training() -> None:
    best = watched()
    assert [look(best, value) for value in (0.3, 0.5, 0.4)] == [None, None, None]
    assert look(best, 0.2) == "Early stopping: no improvement for 2 epochs (validation accuracy)"
    assert best.ended == "patience"
    best.put_back()
    assert torch.equal(next(best.step.network.parameters()), torch.full((16, 10), 0.5))


def test_the_first_epoch_may_be_the_best_however_long_the_learning_rate_rises() -> None:
    best = watched(EarlyStopping(monitor="accuracy", patience=9))
    best.step.progress.total = 1000  # of which the usual schedule warms up for hundreds
    for value in (0.9, 0.5, 0.6):
        look(best, value)
        best.step.progress.step += 1
    assert best.best is not None
    assert (best.best.value, best.best.step) == (0.9, 1)
    best.put_back()
    assert torch.equal(next(best.step.network.parameters()), torch.full((16, 10), 0.9))


def test_a_target_that_is_reached_ends_training_unless_it_is_over_anyway() -> None:
    best, other = watched(), watched()
    assert look(best, 0.95) == "Early stopping: validation accuracy reached the target of 0.9"
    assert look(other, 0.95, over=True) is None
    assert (best.ended, other.ended) == ("target", "")


def test_without_early_stopping_nothing_is_kept() -> None:
    best = watched(None)
    assert look(best, 0.95) is None
    assert (best.best, best.tensors, best.ended) == (None, {}, "")


def test_another_network_has_no_best_weights_yet() -> None:
    best = watched()
    look(best, 0.5)
    best.restart()
    assert best.tensors == {}
    look(best, 0.1)
    assert best.best is not None
    assert best.best.value == 0.1


def test_it_goes_on_from_a_checkpoint() -> None:
    whole, second = watched(), watched()
    look(whole, 0.5)
    look(whole, 0.4)
    tensors, scalars = whole.state()
    second.load(tensors, json.loads(json.dumps(scalars)))
    assert look(second, 0.3) == look(whole, 0.3) == "Early stopping: no improvement for 2 epochs (validation accuracy)"
    assert second.tensors.keys() == whole.tensors.keys()
