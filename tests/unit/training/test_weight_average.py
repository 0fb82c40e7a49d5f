"""Averages of the weights against their formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_problem import Squares, Table, network, noisy, plain
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.nn.batch import Batch, Prediction
from leadline.nn.rng import Rng
from leadline.training.data_loader import DataLoader
from leadline.training.plan import ExecutionPlan
from leadline.training.steps.contract import evaluated_network, shipped_network
from leadline.training.steps.plain import PlainStep
from leadline.training.weight_average import AveragedNetwork, Ema, Swa, renewal, resolved_weight_average, weight_average

EMA = Component.model_validate({"name": "ema", "decay": 0.9})
SWA = Component.model_validate({"name": "swa", "start": 0.5})


def weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in net.state_dict().items()}


def trained(average: Component, steps: int = 20, **settings: object) -> tuple[PlainStep, list[dict[str, Tensor]]]:
    step, loader = (
        plain(network(), "adam", average=average, total=20, **settings),
        DataLoader(Table(50), 10, 5, augment=noisy),
    )
    seen = []
    for at in range(steps):
        step(loader.at(at))
        seen.append(weights(step.network))
    return step, seen


def test_an_exponential_average_follows_its_formula() -> None:
    step, seen = trained(EMA)
    mean = {name: x.double() for name, x in seen[0].items()}
    for n, now in enumerate(seen[1:], start=1):
        decay = min(0.9, (1 + n) / (10 + n))
        mean = {name: decay * mean[name] + (1 - decay) * now[name].double() for name in mean}
    for name, x in evaluated_network(step).state_dict().items():
        torch.testing.assert_close(x.double(), mean[name], rtol=1e-5, atol=1e-7)
    assert not any(torch.equal(x, seen[-1][name]) for name, x in evaluated_network(step).state_dict().items())


def test_a_stochastic_weight_average_is_the_mean_over_the_last_epochs() -> None:
    step, seen = trained(SWA, steps_per_epoch=5)
    expected = [seen[at - 1] for at in (15, 20)]  # the ends of epochs after half of the steps
    for name, x in evaluated_network(step).state_dict().items():
        torch.testing.assert_close(x, (expected[0][name] + expected[1][name]) / 2)


def test_it_may_look_more_often_than_at_the_end_of_an_epoch() -> None:
    step, seen = trained(Component.model_validate({"name": "swa", "start": 0.5, "every": 3}), steps_per_epoch=5)
    for name, x in evaluated_network(step).state_dict().items():
        torch.testing.assert_close(x, (seen[11][name] + seen[14][name] + seen[17][name]) / 3)


def test_before_there_is_an_average_the_weights_themselves_count() -> None:
    step, _ = trained(SWA, 9, steps_per_epoch=5)
    assert evaluated_network(step) is step.network
    assert shipped_network(step) is step.network


@pytest.mark.parametrize("component", [EMA, SWA], ids=["ema", "swa"])
def test_what_ships_is_the_average_and_resuming_gives_the_same_bits(component: Component) -> None:
    whole, _ = trained(component, steps_per_epoch=5)
    first, _ = trained(component, 16, steps_per_epoch=5)
    second, loader = (
        plain(network(), "adam", average=component, total=20, steps_per_epoch=5),
        DataLoader(Table(50), 10, 5, augment=noisy),
    )
    second.load({name: x.clone() for name, x in first.state()[0].items()}, first.state()[1])
    for at in range(16, 20):
        second(loader.at(at))
    for one, other in ((shipped_network(whole), shipped_network(second)), (whole.network, second.network)):
        assert all(torch.equal(x, other.state_dict()[name]) for name, x in one.state_dict().items())
    assert shipped_network(whole) is not whole.network


def test_training_itself_is_not_changed_by_averaging() -> None:
    step, _ = trained(EMA)
    alone, loader = plain(network(), "adam", total=20), DataLoader(Table(50), 10, 5, augment=noisy)
    for at in range(20):
        alone(loader.at(at))
    assert all(torch.equal(x, alone.network.state_dict()[name]) for name, x in step.network.state_dict().items())


class Norm(nn.Module):
    """A batch norm over what it is given, with tied weights after it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.first = nn.BatchNorm1d(10), nn.Linear(10, 10)
        self.second = nn.Linear(10, 10)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(self.norm(x)))
        return y


class Decides(Squares):
    @property
    def decision(self) -> Any:
        return self

    def predict(self, network: nn.Module, batch: Batch, rng: Rng | None) -> Prediction:
        return Prediction({"prediction": network(batch.inputs["table"])})


def test_batch_statistics_are_found_anew_from_train_batches() -> None:
    net, table = Norm(), Table(48)
    averaged = AveragedNetwork(net, Swa(start=0.0))
    averaged.seen(5, 10, True)
    averaged.renew(Decides(), (table.batch(torch.arange(at, at + 16)) for at in (0, 16, 32)), ExecutionPlan())
    blocks = table.x_NF.view(3, 16, 10)
    norm = averaged.network.norm
    torch.testing.assert_close(norm.running_mean, blocks.mean(1).mean(0))
    torch.testing.assert_close(norm.running_var, blocks.var(1).mean(0))
    assert norm.momentum == 0.1 and not norm.training
    assert torch.equal(net.norm.running_mean, torch.zeros(10))
    averaged.renew(Decides(), iter(()), ExecutionPlan())  # nothing was averaged since: they stay
    torch.testing.assert_close(norm.running_mean, blocks.mean(1).mean(0))


def test_an_exponential_average_takes_buffers_too_and_tied_weights_once() -> None:
    net = Norm()
    averaged = AveragedNetwork(net, Ema(decay=0.5))
    averaged.seen(1, 10, False)
    with torch.no_grad():
        net.norm.running_mean.fill_(1.0)
        net.norm.num_batches_tracked.fill_(7)
        net.first.weight.zero_()
        before = averaged.network.first.weight.clone()
    averaged.seen(2, 10, False)
    decay = 2 / 11
    torch.testing.assert_close(averaged.network.norm.running_mean, torch.full((10,), 1 - decay))
    torch.testing.assert_close(averaged.network.first.weight, before * decay)
    assert averaged.network.second.weight is averaged.network.first.weight
    assert int(averaged.network.norm.num_batches_tracked) == 7


def test_statistics_are_renewed_from_an_epoch_or_its_beginning() -> None:
    assert renewal(7) == range(7)
    assert len(renewal(10**6)) == 200


def test_options_are_written_out_and_nonsense_is_refused() -> None:
    assert resolved_weight_average(Component(name="swa")).options == {"start": 0.75, "every": "epoch"}
    assert resolved_weight_average(Component(name="ema")).options == {"decay": 0.999}
    for name, options in (("ema", {"decay": 1.0}), ("swa", {"every": 0}), ("swa", {"every": "year"}), ("polyak", {})):
        with pytest.raises(UsageError):
            weight_average(Component(name=name, options=options))
