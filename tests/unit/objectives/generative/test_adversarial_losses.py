"""Losses of two players against closed forms, penalties against calculus, and what is said of a training that goes
wrong.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from leadline.core.catalogue import say
from leadline.objectives.generative.adversarial_losses import (
    COLLAPSE,
    ONE_SIDED,
    WARM,
    WINDOW,
    Game,
    alarms,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    unit_gradient_penalty,
)

REAL, NEW = torch.tensor([2.0, -0.5]), torch.tensor([0.5, -3.0])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


CLOSED: dict[Game, tuple[Any, Any]] = {
    "non-saturating": (lambda r, n: -math.log(sigmoid(r)) - math.log(1 - sigmoid(n)), lambda n: -math.log(sigmoid(n))),
    "hinge": (lambda r, n: max(0, 1 - r) + max(0, 1 + n), lambda n: -n),
    "wgan-gp": (lambda r, n: n - r, lambda n: -n),
}


@pytest.mark.parametrize("game", CLOSED)
def test_losses_are_the_closed_forms(game: Game) -> None:
    telling, making = CLOSED[game]
    pairs = list(zip(REAL.tolist(), NEW.tolist(), strict=True))
    torch.testing.assert_close(discriminator_loss(game, REAL, NEW), torch.tensor([telling(r, n) for r, n in pairs]))
    torch.testing.assert_close(generator_loss(game, NEW), torch.tensor([making(n) for _, n in pairs]))


def test_steepness_is_the_squared_norm_of_each_rows_gradient() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(3, requires_grad=True), torch.randn(5, 3)
    found = gradient_penalty(lambda x: (x.square() * weight).sum(1), x)  # gradient 2xw
    torch.testing.assert_close(found, (2 * x * weight).square().sum(1))
    found.sum().backward()
    torch.testing.assert_close(weight.grad, (8 * x.square() * weight.detach()).sum(0))


def test_a_slope_of_one_costs_nothing() -> None:
    assert unit_gradient_penalty(torch.tensor([1.0, 4.0, 0.0])).tolist() == pytest.approx([0, 1, 1], abs=1e-5)


def entries(count: int = WINDOW, first: int = WARM, **last: float) -> list[dict[str, float]]:
    usual = {"discriminator.spread": 0.9, "discriminator.discriminator_roc_auc": 0.8, "generator.loss": 1.0}
    values = {name.replace("__", "."): value for name, value in last.items()}
    return [{"step": first + at, **usual, **values} for at in range(count)]


def test_nothing_is_said_too_early() -> None:
    assert alarms(entries(WINDOW - 1), "hinge", 1) == {}
    assert alarms(entries(first=WARM - 1), "hinge", 1) == {}
    assert alarms(entries(), "wgan-gp", 5) == {}


def test_a_sound_training_is_told_from_none() -> None:
    assert alarms(entries(), "non-saturating", 1) == {COLLAPSE: "", ONE_SIDED: ""}


def test_new_rows_that_are_all_alike_are_a_collapse() -> None:
    alike = entries(discriminator__spread=0.01)
    assert alarms(alike, "wgan-gp", 1)[COLLAPSE].startswith(
        "Mode collapse: generated samples differ from each other at most 1"
    )
    alike[2]["discriminator.spread"] = 0.9
    assert alarms(alike, "wgan-gp", 1)[COLLAPSE] == ""


def test_a_discriminator_that_wins_is_named_with_what_to_try() -> None:
    won = entries(discriminator__discriminator_roc_auc=1.0, generator__loss=8.0)
    said = alarms(won, "non-saturating", 1)[ONE_SIDED]
    assert said == say("objectives.discriminator-dominance", roc_auc=1.0, generator_loss=8.0)
    assert "spectral_norm" in said
    assert alarms(won, "wgan-gp", 1)[ONE_SIDED] == ""  # a critic may tell all
    # the generator still learns
    assert alarms(entries(discriminator__discriminator_roc_auc=1.0), "non-saturating", 1)[ONE_SIDED] == ""
