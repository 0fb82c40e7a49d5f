from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from small_problem import Squares, Table, network, noisy, plain
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.errors import RunError, TrainingFailed, UsageError
from leadline.nn.batch import Batch, Loss
from leadline.nn.rng import Rng
from leadline.objectives.contract import Defaults, Supervision
from leadline.training.data_loader import DataLoader
from leadline.training.plan import ExecutionPlan
from leadline.training.steps.contract import shipped_network
from leadline.training.steps.loss_module import LossModule
from leadline.training.steps.plain import PlainStep
from sentences import says

OPTIMIZERS = (
    {"name": "sgd", "lr": 0.01},
    {"name": "sgd", "momentum": 0.9, "lr": 0.01, "nesterov": True, "weight_decay": 0.1},
    {"name": "adam", "lr": 0.01},
    {"name": "adamw", "lr": 0.01},
)


def weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in net.state_dict().items()}


def same(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def run(step: PlainStep, loader: DataLoader, start: int, end: int) -> None:
    for at in range(start, end):
        step(loader.at(at))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["name"])
def test_resuming_gives_the_same_bits(optimizer: dict[str, object]) -> None:
    def fresh() -> tuple[PlainStep, DataLoader]:
        step = plain(network(dropout=0.3), optimizer, schedule=Component(name="one_cycle"), clip=1.0)
        return step, DataLoader(Table(50), 16, 5, augment=noisy)

    whole, loader = fresh()
    run(whole, loader, 0, 20)
    first, loader = fresh()
    run(first, loader, 0, 7)
    tensors, scalars = first.state()
    tensors = {name: x.clone() for name, x in tensors.items()}
    second, loader = fresh()
    run(second, loader, 0, 2)  # a step that has a past of its own forgets it
    second.load(tensors, scalars)
    assert second.progress.step == 7
    run(second, loader, 7, 20)
    assert same(weights(whole.network), weights(second.network))
    assert not same(weights(whole.network), weights(first.network))


def test_a_step_does_not_depend_on_global_random_state() -> None:
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        step = plain(network(dropout=0.5), "adam")
        run(step, DataLoader(Table(40), 8, 5, augment=noisy), 0, 6)
        results.append(weights(step.network))
    assert same(*results)


@pytest.mark.parametrize("clip", [None, 0.5])
def test_micro_batches_equal_the_whole_batch(clip: float | None) -> None:
    steps = [
        plain(network(dropout=0.2), {"name": "sgd", "momentum": 0.9, "lr": 0.01}, accumulate=n, clip=clip)
        for n in (1, 3)
    ]
    for step in steps:
        run(step, DataLoader(Table(50), 16, 5, augment=noisy), 0, 10)
    for a, b in zip(*(weights(step.network).values() for step in steps), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_micro_batches_report_what_the_whole_batch_does() -> None:
    batch = Table(12).batch(torch.arange(12))
    whole, parts = plain(network()), plain(network(), accumulate=5)
    a, b = whole(batch, norm=True), parts(batch, norm=True)
    assert a.names == b.names == ("loss", "mae", "gradient_norm")
    torch.testing.assert_close(a.sums_2K, b.sums_2K)


def test_progress_holds_weighted_means_and_the_gradient_norm() -> None:
    net, table = network(), Table(12)
    batch = table.batch(torch.arange(12))
    error_B = (net(batch.inputs["table"])[:, 0] - batch.target_B).detach()
    loss = (batch.weight_B * error_B.square()).sum() / batch.weight_B.sum()
    copy = network()
    (
        (copy(batch.inputs["table"])[:, 0] - batch.target_B).square() * batch.weight_B / batch.weight_B.sum()
    ).sum().backward()
    norm = torch.cat([p.grad.flatten() for p in copy.parameters()]).norm()
    names, sums_2K = plain(net)(batch, norm=True)
    means = dict(zip(names, (sums_2K[0] / sums_2K[1]).tolist(), strict=True))
    assert means["loss"] == pytest.approx(float(loss), rel=1e-6)
    assert means["mae"] == pytest.approx(float((batch.weight_B * error_B.abs()).sum() / batch.weight_B.sum()), rel=1e-6)
    assert means["gradient_norm"] == pytest.approx(float(norm), rel=1e-6)
    assert not sums_2K.requires_grad


def test_the_norm_is_left_out_unless_asked_for() -> None:
    names, sums_2K = plain(network())(Table(8).batch(torch.arange(8)))
    assert sums_2K[1, names.index("gradient_norm")] == 0


def test_doubling_all_weights_changes_nothing() -> None:
    nets = [network(), network()]
    for net, factor in zip(nets, (1.0, 2.0), strict=True):
        table = Table(32)
        table.weight_N *= factor
        run(plain(net, {"name": "sgd", "lr": 0.05}), DataLoader(table, 8, 5), 0, 5)
    for a, b in zip(*(weights(net).values() for net in nets), strict=True):
        torch.testing.assert_close(a, b)


def test_a_batch_without_weight_changes_nothing() -> None:
    table = Table(8)
    table.weight_N.zero_()
    net = network()
    before = weights(net)
    plain(net, {"name": "sgd", "lr": 0.1})(table.batch(torch.arange(8)))
    assert same(before, weights(net))


def test_clipping_bounds_the_update() -> None:
    net = network()
    before = torch.cat([p.detach().flatten().clone() for p in net.parameters()])
    plain(net, {"name": "sgd", "lr": 1.0}, clip=0.01)(Table(8).batch(torch.arange(8)))
    after = torch.cat([p.detach().flatten() for p in net.parameters()])
    assert float((after - before).norm()) == pytest.approx(0.01, rel=1e-3)


def test_the_schedule_sets_the_learning_rate_of_each_step() -> None:
    step = plain(network(), {"name": "sgd", "lr": 0.1}, schedule=Component(name="cosine"), total=5)
    loader, seen = DataLoader(Table(8), 8, 5), []
    for at in range(5):
        step(loader.at(at))
        seen.append(step.lr)
    assert seen == pytest.approx([0.1, 0.1 * (1 + 2**-0.5) / 2, 0.05, 0.1 * (1 - 2**-0.5) / 2, 0.0])


def test_evaluation_between_steps_is_undone() -> None:
    step = plain(network(dropout=0.5))
    step.network.eval()
    step(Table(8).batch(torch.arange(8)))
    assert step.network.training


class Duel(Squares):
    """Two players over one network: one fits the target, the other its negative; each would move the other's
    weights.
    """

    def networks(self, network: nn.Module) -> dict[str, nn.Module]:
        return {"first": network[0], "second": network[3]}

    def loss(self, network: nn.Module, batch: Batch, player: str, rng: Rng) -> Loss:
        sign = 1 if player == "first" else -1
        error_B = network(batch.inputs["table"])[:, 0] - sign * batch.target_B
        return Loss(error_B.square(), batch.weight_B, {})


def test_players_are_stepped_in_turn_and_move_only_their_own_weights() -> None:
    batch = Table(16).batch(torch.arange(16))
    net, oracle = network(), network()
    step = plain(net, {"name": "sgd", "lr": 0.05}, objective=Duel())
    names, sums_2K = step(batch, norm=True)
    assert names == ("first.loss", "first.gradient_norm", "second.loss", "second.gradient_norm")
    for player, part in Duel().networks(oracle).items():
        loss = Duel().loss(oracle, batch, player, Rng(0, 0, batch.row_B))
        mean = (loss.value_B * loss.weight_B).sum() / loss.weight_B.sum()
        gradients = torch.autograd.grad(mean, list(part.parameters()))
        with torch.no_grad():
            for p, gradient in zip(part.parameters(), gradients, strict=True):
                p.sub_(0.05 * gradient)
    for a, b in zip(weights(net).values(), weights(oracle).values(), strict=True):
        torch.testing.assert_close(a, b)
    assert all(x.isfinite().all() for x in sums_2K)


def test_two_players_resume_to_the_same_bits() -> None:
    loader = DataLoader(Table(40), 8, 5)
    whole, first, second = (plain(network(), {"name": "adam", "lr": 1e-3}, objective=Duel()) for _ in range(3))
    run(whole, loader, 0, 8)
    run(first, loader, 0, 3)
    second.load(*first.state())
    run(second, loader, 3, 8)
    assert same(weights(whole.network), weights(second.network))


class Slow(Duel):
    """The second player is stepped in every third step only."""

    defaults = Defaults(update_frequency={"second": 3})


def test_a_player_may_rest_between_its_updates() -> None:
    loader = DataLoader(Table(40), 8, 5)
    step = plain(network(), {"name": "adam", "lr": 1e-2}, objective=Slow())
    moved = []
    for at in range(7):
        before = step.network[3].weight.clone(), step.network[0].weight.clone()
        names, sums_2K = step(loader.at(at), norm=True)
        assert names == ("first.loss", "first.gradient_norm", "second.loss", "second.gradient_norm")
        assert bool(sums_2K[1, 2] > 0) == (at % 3 == 0), "what was not updated weighs nothing in the log"
        assert not torch.equal(before[1], step.network[0].weight)
        moved.append(not torch.equal(before[0], step.network[3].weight))
    assert moved == [True, False, False, True, False, False, True]


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_resting_player_resumes_to_the_same_bits_and_names(stop: int) -> None:
    loader = DataLoader(Table(40), 8, 5)
    whole, first, second = (plain(network(), {"name": "adam", "lr": 1e-3}, objective=Slow()) for _ in range(3))
    run(whole, loader, 0, 8)
    run(first, loader, 0, stop)
    second.load(*first.state())
    assert second(loader.at(stop), norm=True).names == (
        "first.loss",
        "first.gradient_norm",
        "second.loss",
        "second.gradient_norm",
    )
    run(second, loader, stop + 1, 8)
    assert same(weights(whole.network), weights(second.network))


def test_players_may_have_optimizers_of_their_own() -> None:
    batch = Table(16).batch(torch.arange(16))
    net, oracle = network(), network()
    players = {"second": Component(name="sgd", options={"lr": 0.5})}
    plain(net, {"name": "sgd", "lr": 0.05}, objective=Duel(), optimizers=players)(batch)
    for (player, part), lr in zip(Duel().networks(oracle).items(), (0.05, 0.5), strict=True):
        loss = Duel().loss(oracle, batch, player, Rng(0, 0, batch.row_B))
        mean = (loss.value_B * loss.weight_B).sum() / loss.weight_B.sum()
        gradients = torch.autograd.grad(mean, list(part.parameters()))
        with torch.no_grad():
            for p, gradient in zip(part.parameters(), gradients, strict=True):
                p.sub_(lr * gradient)
    for a, b in zip(weights(net).values(), weights(oracle).values(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_coupled_loss_refuses_micro_batches() -> None:
    coupled = Squares()
    coupled.supervision = Supervision(coupled=True)
    with pytest.raises(UsageError, match=says("training.coupled-accumulate")):
        plain(network(), objective=coupled, accumulate=2)


def test_another_networks_state_is_refused() -> None:
    tensors, scalars = plain(network(hidden=8)).state()
    with pytest.raises(RunError, match=says("training.checkpoint-does-not-fit")):
        plain(network()).load(tensors, scalars)


def test_channels_last_weights_resume_to_the_same_bits() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            image = x.reshape(-1, 10)[:, :3, None, None].expand(-1, 3, 4, 4)
            return self.head(self.norm(self.conv(image)).mean((2, 3)))

    plan = ExecutionPlan(channels_last=True)
    loader = DataLoader(Table(30), 8, 5)
    with torch.random.fork_rng():
        whole, first, second = (plain(Mean(), "adamw", plan=plan) for _ in range(3))
    run(whole, loader, 0, 9)
    run(first, loader, 0, 4)
    tensors, scalars = first.state()
    second.load({name: x.contiguous() for name, x in tensors.items()}, scalars)
    moment = second.state()[0]["optimizer.network.conv.weight.exp_avg"]
    assert moment.is_contiguous(memory_format=torch.channels_last)
    run(second, loader, 4, 9)
    assert same(weights(whole.network), weights(second.network))


def test_the_loss_module_is_the_loss() -> None:
    batch = Table(6).batch(torch.arange(6))
    net = network()
    loss = LossModule(net, Squares(), "network")(batch, Rng(0, 0, batch.row_B))  # type: ignore[arg-type]
    torch.testing.assert_close(loss.value_B, (net(batch.inputs["table"])[:, 0] - batch.target_B).square())


def test_what_ships_is_the_network() -> None:
    net = network()
    assert shipped_network(plain(net)) is net


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_do_not_ship(value: float) -> None:
    step = plain(network())
    assert shipped_network(step) is step.network
    with torch.no_grad():
        next(step.network.parameters())[0] = value
    with pytest.raises(TrainingFailed, match=says("training.weights-diverged")):
        shipped_network(step)
