"""Random draws are functions of (seed, purpose, step, row), and look random."""

from __future__ import annotations

import torch
from scipy import stats
from torch import Tensor

from leadline.nn import rng as module
from leadline.nn.layers.dropout import Dropout, name_dropouts
from leadline.nn.rng import Rng, generator_for, seed_for, using_rng


def rows(n: int) -> Tensor:
    return torch.arange(n)


def test_a_row_draws_the_same_whatever_batch_it_is_in() -> None:
    whole = Rng(1, 5, rows(64)).normal("noise", 3, 2)
    part = Rng(1, 5, rows(64)[40:]).normal("noise", 3, 2)
    assert torch.equal(whole[40:], part)


def test_seed_step_and_purpose_all_matter() -> None:
    base = Rng(1, 5, rows(32)).uniform("a", 4)
    for other in (
        Rng(2, 5, rows(32)).uniform("a", 4),
        Rng(1, 6, rows(32)).uniform("a", 4),
        Rng(1, 5, rows(32)).uniform("b", 4),
    ):
        assert abs(stats.pearsonr(base.flatten(), other.flatten()).statistic) < 0.3
        assert not torch.equal(base, other)


def test_few_numbers_are_those_that_many_are_made_of() -> None:
    """Where NumPy mixes few of them it mixes as PyTorch does many, which another device always does."""
    many = Rng(7, 3, rows(600)).bits("a", 200)
    assert many.numel() > module._FEW
    assert torch.equal(many[:40], Rng(7, 3, rows(40)).bits("a", 200))
    state_B = rows(module._FEW + 1) * 3 - 50
    assert torch.equal(module._state(state_B, 2**62 + 5)[:99], module._state(state_B[:99], 2**62 + 5))
    assert torch.equal(state_B[:3], torch.tensor([-50, -47, -44])), "what is mixed is a copy"


def test_uniforms_and_normals_have_their_distribution() -> None:
    rng = Rng(0, 0, rows(2000))
    assert stats.kstest(rng.uniform("u", 50).flatten().numpy(), "uniform").pvalue > 1e-4
    assert stats.kstest(rng.normal("n", 50).flatten().numpy(), "norm").pvalue > 1e-4
    neighbours = rng.uniform("u", 50)
    assert abs(stats.pearsonr(neighbours[:, :-1].flatten(), neighbours[:, 1:].flatten()).statistic) < 0.02
    assert abs(stats.pearsonr(neighbours[:-1].flatten(), neighbours[1:].flatten()).statistic) < 0.02


def test_dropout_keeps_the_mean_and_the_rate_and_splits_with_the_batch() -> None:
    layer = Dropout(0.3).train()
    x_BF = torch.ones(500, 401)
    with using_rng(Rng(0, 3, rows(500))):
        whole = layer(x_BF)
    with using_rng(Rng(0, 3, rows(500)[200:])):
        part = layer(x_BF[200:])
    assert torch.equal(whole[200:], part)
    assert abs((whole == 0).float().mean().item() - 0.3) < 0.005
    assert abs(whole.mean().item() - 1) < 0.01
    assert torch.equal(layer.eval()(x_BF), x_BF)


def test_dropout_layers_of_one_network_draw_apart() -> None:
    network = torch.nn.Sequential(Dropout(0.5), Dropout(0.5)).train()
    name_dropouts(network)
    with using_rng(Rng(0, 0, rows(100))):
        first, second = (network[i](torch.ones(100, 40)) for i in (0, 1))
    assert not torch.equal(first, second)


def test_generators_are_told_apart_by_purpose() -> None:
    assert seed_for(0, "a", 1) != seed_for(0, "a", 2) != seed_for(1, "a", 1)
    first, again = (torch.rand(3, generator=generator_for(7, "order")) for _ in range(2))
    assert torch.equal(first, again)


def test_parts_of_a_row_have_draws_of_their_own_whatever_else_is_in_the_batch() -> None:
    row = torch.tensor([5, 6])
    parts = Rng(0, 3, row).each(3).uniform("x", 4)
    assert parts.shape == (6, 4)
    assert len({tuple(numbers) for numbers in [*parts.tolist(), *Rng(0, 3, row).uniform("x", 4).tolist()]}) == 8
    assert torch.equal(Rng(0, 3, row[1:]).each(2).uniform("x", 4), parts[3:5])  # fewer parts: the first ones
    assert not torch.equal(Rng(0, 3, row).fold_in("a").each(3).uniform("x", 4), parts)


def test_how_far_training_is_goes_with_every_part() -> None:
    progress = torch.tensor(0.25)
    rng = Rng(0, 3, torch.arange(4), progress)
    assert all(part.progress is progress for part in (rng, rng.fold_in("a"), rng.each(2)))
    assert Rng(0, 3, torch.arange(4)).progress.item() == 1
    assert torch.equal(rng.uniform("u", 3), Rng(0, 3, torch.arange(4)).uniform("u", 3))


def test_what_is_compiled_once_serves_every_step() -> None:
    seen = []

    def kept(graph: torch.fx.GraphModule, examples: object) -> object:
        seen.append(graph)
        return graph.forward

    def drawn(rng: Rng) -> torch.Tensor:
        return rng.fold_in("part").each(2).first(5).normal("noise", 3) + rng.shorts("bits", 3)[:5]

    torch.compiler.assume_constant_result(module.seed_for)
    compiled = torch.compile(drawn, backend=kept, dynamic=False)
    for step in range(4):
        one, other = (Rng(7, step, torch.arange(5)) for _ in range(2))
        assert one.state_B.shape == (5,)  # made before, as a step does
        torch.testing.assert_close(compiled(one), drawn(other), rtol=0, atol=0)
    assert len(seen) == 1


def test_parts_know_how_far_training_is() -> None:
    rng = Rng(0, 3, torch.arange(4), torch.tensor(0.25))
    assert [d.progress.item() for d in (rng.fold_in("a"), rng.each(2), rng.first(2))] == [0.25] * 3
