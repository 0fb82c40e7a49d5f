"""A generator and a discriminator: who learns from what, which class is made, what ships, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.generative.adversarial_losses import DISCRIMINATOR, GENERATOR
from leadline.objectives.generative.gan import CRITIC_STEPS
from leadline.objectives.lookup import objective_for
from sentences import says

PIXELS = {"height": 8, "width": 8, "channels": 1, "mean": [80.0], "std": [90.0], "resized": False, "scale": "standard"}
PHOTO = InputSchema(
    name="photo", kind="image", fields=(ColumnSchema(name="photo", kind="image", state=PIXELS),), shape=(8, 8, 1)
)
TARGET = ColumnSchema(name="class", kind="category", state={"classes": ["cat", "狗", "<b>"], "counts": [6, 3, 1]})
SCHEMA = Schema(inputs=(PHOTO,), target=TARGET)
ROWS = 12


def made(network: str = "cnn", **options: Any) -> tuple[Any, Any]:
    objective: Any = objective_for(Component(name="gan", options={"width": 4, **options}))
    torch.manual_seed(0)
    front = build_preprocessor(PHOTO)
    body = build_encoder(Component(name=network), signal_spec(front, PHOTO), front, "small")
    return objective, objective.learning.build(SCHEMA, {"photo": body})


def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    x_BCHW = torch.randint(0, 256, (ROWS, 1, 8, 8), dtype=torch.uint8, generator=generator)
    return Batch({"photo": x_BCHW}, torch.arange(ROWS) % 3, torch.ones(ROWS), torch.arange(ROWS))


def loss(objective: Any, network: Any, player: str, step: int = 0) -> Any:
    rng = Rng(0, step, torch.arange(ROWS))
    with using_rng(rng):
        return objective.learning.loss(network, batch(), player, rng)


@pytest.mark.parametrize(
    "options", [{}, {"r1": 1.0}, {"loss": "hinge"}, {"loss": "wgan-gp"}, {"spectral_norm": True}], ids=str
)
def test_the_discriminator_teaches_and_is_not_taught(options: dict[str, Any]) -> None:
    objective, network = made(**options)
    loss(objective, network, DISCRIMINATOR).value_B.mean().backward()
    assert all(p.grad is None for p in network.generator.parameters())
    assert any(p.grad is not None for p in network.encoders.parameters())
    loss(objective, network, GENERATOR).value_B.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.generator.parameters())


@pytest.mark.parametrize(
    ("options", "r1", "spectral_norm"),
    [
        ({"loss": "hinge"}, 0.1, True),
        ({"loss": "wgan-gp"}, 0.0, False),
        ({"r1": 2.0, "spectral_norm": False}, 2.0, False),
        ({"loss": "wgan-gp", "spectral_norm": True}, 0.0, True),
    ],
    ids=str,
)
def test_what_bounds_the_discriminator_is_written_out(options: dict[str, Any], r1: float, spectral_norm: bool) -> None:
    chosen = objective_for(Component(name="gan", options=options)).complete(SCHEMA).options
    assert (chosen.r1, chosen.spectral_norm) == (r1, spectral_norm)


def test_players_share_no_parameter_and_leave_none_out() -> None:
    objective, network = made(conditional=True)
    first, second = (set(part.parameters()) for part in objective.learning.networks(network).values())
    assert not first & second
    assert first | second == set(network.parameters())


def test_a_wasserstein_critic_has_steps_and_optimizers_of_its_own() -> None:
    plain, critic = made()[0], made(loss="wgan-gp")[0]
    assert plain.defaults.update_frequency == {}
    assert critic.defaults.update_frequency == {GENERATOR: CRITIC_STEPS}
    assert critic.defaults.training["optimizers"][GENERATOR] != plain.defaults.training["optimizers"][GENERATOR]
    assert critic.defaults.training["average"] == plain.defaults.training["average"]


def test_r1_is_half_the_squared_slope_of_a_part_of_the_rows_that_stands_for_all() -> None:
    (_, network), (objective, _) = made(network="mlp"), made(network="mlp", r1=2.0)
    with_it, without = loss(objective, network, DISCRIMINATOR), loss(made(network="mlp")[0], network, DISCRIMINATOR)
    x = network.real(batch().inputs).requires_grad_()
    (slope,) = torch.autograd.grad(network.scored(x, None).sum(), x)
    few = slope.flatten(1).square().sum(1)[:2]  # one row of eight, rounded up
    expected = torch.cat([few * ROWS / 2, torch.zeros(ROWS - 2)])
    torch.testing.assert_close(with_it.value_B - without.value_B, expected, rtol=1e-4, atol=1e-5)


def test_codes_are_new_in_each_step_and_each_players_own() -> None:
    objective, network = made()
    first, again, later = (loss(objective, network, DISCRIMINATOR, step).terms["spread"] for step in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_a_class_that_is_asked_for_is_made() -> None:
    objective, network = made(conditional=True)
    network.eval()
    rng = Rng(0, 0, torch.arange(300))
    code_BL = objective.capability("generator").latent(network, rng, objective.capability("generator").samples())
    with torch.no_grad():
        asked = objective.capability("generator").generate(
            network, code_BL, rng, objective.capability("generator").samples(label="狗")
        )["photo"]
        same = network.generator.raw(network.made(code_BL, rng, torch.full((300,), 1))[0], rng)
    assert torch.equal(asked, same)
    share_C = network.classes.drawn(rng).bincount(minlength=3) / 300
    torch.testing.assert_close(share_C, torch.tensor([0.6, 0.3, 0.1]), atol=0.07, rtol=0)


def test_classes_that_there_are_not_are_refused_in_words() -> None:
    objective, network = made(conditional=True)
    rng = Rng(0, 0, torch.arange(2))
    with pytest.raises(
        UsageError, match=says("objectives.unknown-class", label="cast", suggestion="Did you mean 'cat'?")
    ):
        objective.capability("generator").generate(
            network, torch.zeros(2, 64), rng, objective.capability("generator").samples(label="cast")
        )
    objective, network = made()
    with pytest.raises(UsageError, match=says("objectives.not-conditional")):
        objective.capability("generator").generate(
            network, torch.zeros(2, 64), rng, objective.capability("generator").samples(label="cat")
        )


def test_bound_weights_ship_as_plain_ones_that_another_network_can_take() -> None:
    objective, network = made(spectral_norm=True)
    _, plain = made()
    code_BL = torch.zeros(ROWS, 64)
    before = objective.decision.predict(network.eval(), batch(), None).columns["score"]
    shipped = objective.learning.ship(network)
    assert shipped.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(objective.decision.predict(shipped, batch(), None).columns["score"], before)
    assert shipped.generator(code_BL).shape == (ROWS, 1, 8, 8)


def test_a_critic_that_ties_rows_together_is_refused() -> None:
    with pytest.raises(UsageError, match=says("objectives.wgan-gp-batch-norm")):
        made("resnet", loss="wgan-gp")


def test_data_that_does_not_fit_is_refused_in_words() -> None:
    objective = objective_for(Component(name="gan"))
    assert objective.unsuitable(SCHEMA) is None
    two = Schema(inputs=(PHOTO, PHOTO.model_copy(update={"name": "other"})))
    assert objective.unsuitable(two) == say("objectives.gan-one-input", count=2, names="photo, other")
    told = objective_for(Component(name="gan", options={"conditional": True}))
    assert told.unsuitable(SCHEMA) is None
    assert told.unsuitable(Schema(inputs=(PHOTO,))) == say("objectives.conditional-needs-classes")
