"""The range test: what it proposes from a climb, and that it leaves no trace."""

from __future__ import annotations

import math

import pytest
import torch
from small_problem import Squares, Table, network, noisy
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.training_spec import TrainingSpec
from leadline.errors import UsageError
from leadline.training import lr_range_test as module
from leadline.training.data_loader import DataLoader
from leadline.training.lr_range_test import (
    HIGHEST,
    LEVEL,
    LOWEST,
    STEPS,
    LrRangeTest,
    blown_up,
    choose,
    lr_range_test,
    smooth,
)
from leadline.training.plan import ExecutionPlan
from sentences import says


def sought(
    net: nn.Module | None = None, optimizer: str = "sgd", seed: int = 3, objective: object = None
) -> LrRangeTest:
    training = TrainingSpec(optimizer=Component(name=optimizer, options={"lr": "auto"}))
    loader = DataLoader(Table(200, even=True), 20, seed, augment=noisy)
    return lr_range_test(
        net or network(dropout=0.2), objective or Squares(), loader, training, seed=seed, plan=ExecutionPlan()
    )  # type: ignore[arg-type]


def test_smoothing_is_the_moving_average_without_the_pull_of_its_start() -> None:
    assert smooth([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])
    assert smooth([1.0, 0.0])[1] == pytest.approx(0.9 * 0.1 / (1 - 0.9**2))


def test_the_rule_is_a_tenth_of_the_rate_with_the_lowest_smoothed_loss() -> None:
    rates = [LOWEST * (HIGHEST / LOWEST) ** (k / (STEPS - 1)) for k in range(STEPS)]
    smoothed = [1 + abs(math.log10(rate / 0.03)) for rate in rates]
    smoothed[0] = 0.0  # one easy batch at the beginning says nothing
    assert choose(rates, smoothed) == pytest.approx(0.003, rel=0.1)


def test_a_loss_that_never_falls_proposes_nothing() -> None:
    assert choose([1.0] * 60, [1.0 + k for k in range(60)]) is None
    assert choose([1.0] * LEVEL, [2.0 - k / LEVEL for k in range(LEVEL)]) is None


def test_a_loss_has_blown_up_when_it_rises_far_more_than_it_fell() -> None:
    fallen = [1.0] * LEVEL + [0.5] * 10
    assert not blown_up([9.0, *fallen[1:]])
    assert not blown_up([*fallen, 1.9])
    assert blown_up([*fallen, 2.1])
    assert not blown_up([1.0, 99.0])  # too early to know


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_the_proposed_rate_trains_and_a_hundred_times_as_much_does_not(optimizer: str) -> None:
    found = sought(optimizer=optimizer)
    assert found.chosen is not None and found.rates[0] == LOWEST and len(found.rates) <= STEPS
    assert found.rates == tuple(sorted(found.rates))
    assert found.because == say("training.range-test-chosen", steps=len(found.rates))
    lowest = min(found.smoothed[LEVEL - 1 :])
    assert found.chosen == pytest.approx(0.1 * found.rates[found.smoothed.index(lowest)], rel=0.05)
    level = sum(found.losses[:LEVEL]) / LEVEL
    assert lowest < 0.8 * level
    assert found.smoothed[-1] > 1.2 * lowest or found.rates[-1] < HIGHEST  # a hundred times the rate


def test_it_is_a_function_of_the_seed_and_leaves_the_network_alone() -> None:
    net = network(dropout=0.2)
    before = {name: x.clone() for name, x in net.state_dict().items()}
    torch.manual_seed(0)
    first = sought(net)
    torch.manual_seed(1)
    assert sought(net) == first
    assert sought(net, seed=4).losses != first.losses
    assert all(torch.equal(x, before[name]) for name, x in net.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in net.parameters())


def test_it_ends_when_time_is_up_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.0)
    found = sought()
    assert len(found.rates) == 1 and found.chosen is None
    assert found.because == say("training.range-test-default-cut-short", steps=1, seconds=0)


def test_players_without_one_loss_are_refused() -> None:
    class Duel(Squares):
        def networks(self, network: nn.Module) -> dict[str, nn.Module]:
            return {"first": network[0], "second": network[3]}

    with pytest.raises(UsageError, match=says("training.range-test-needs-one-loss", names="first and second")):
        sought(objective=Duel())
