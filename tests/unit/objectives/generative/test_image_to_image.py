"""Pictures made of others: what both networks pay, who learns from what, which rows count, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import PRESENT, Batch
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.generative.adversarial_losses import DISCRIMINATOR, GENERATOR
from leadline.objectives.generative.image_translation_errors import apart, drawn_classes
from leadline.objectives.lookup import objective_for
from sentences import says

ROWS = 12
TARGET = ColumnSchema(name="class", kind="category", state={"classes": ["cat", "狗", "<b>"], "counts": [6, 3, 1]})


def pictures(name: str, side: int = 9, channels: int = 1) -> InputSchema:
    state = {"height": side, "width": 8, "channels": channels, "mean": [80.0] * channels, "std": [90.0] * channels}
    state |= {"resized": False, "scale": "standard"}
    return InputSchema(
        name=name, kind="image", fields=(ColumnSchema(name=name, kind="image", state=state),), shape=(side, 8, channels)
    )


KINDS = Schema(inputs=(pictures("photo"),), target=TARGET)
PAIRS = Schema(inputs=(pictures("outline"), pictures("drawing", 8, 3)))


def made(schema: Schema, **options: Any) -> tuple[Any, Any]:
    into = {"into": "drawing"} if len(schema.inputs) > 1 else {}
    objective: Any = objective_for(
        Component(name="image-to-image", options={"width": 4, "residual_blocks": 1, **into, **options})
    )
    torch.manual_seed(0)
    encoders = {}
    for one in schema.inputs:
        front = build_preprocessor(one)
        encoders[one.name] = build_encoder(Component(name="cnn"), signal_spec(front, one), front, "small")
    return objective, objective.learning.build(schema, encoders)


def batch(schema: Schema) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {
        one.name: torch.randint(0, 256, (ROWS, one.shape[2], *one.shape[:2]), dtype=torch.uint8, generator=generator)
        for one in schema.inputs
    }
    target_B = torch.arange(ROWS) % 3 if schema.classes else torch.zeros(ROWS, 0)
    return Batch(inputs, target_B, torch.ones(ROWS), torch.arange(ROWS))


def loss(objective: Any, network: Any, player: str, rows: Batch) -> Any:
    rng = Rng(0, 0, rows.row_B)
    with using_rng(rng):
        return objective.learning.loss(network, rows, player, rng)


@pytest.mark.parametrize("schema", [KINDS, PAIRS], ids=["kinds", "pairs"])
@pytest.mark.parametrize("game", ["non-saturating", "hinge"])
def test_the_discriminator_teaches_and_is_not_taught(schema: Schema, game: str) -> None:
    objective, network = made(schema, loss=game)
    loss(objective, network, DISCRIMINATOR, batch(schema)).value_B.mean().backward()
    assert all(p.grad is None for p in network.generator.parameters())
    assert all(p.grad is not None for p in network.encoders.parameters())
    loss(objective, network, GENERATOR, batch(schema)).value_B.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.generator.parameters())


def test_what_the_generator_pays_without_pairs() -> None:
    rows = batch(KINDS)
    paid = {}
    for name, counts in {"nothing": (0, 0), "cycle": (10, 0), "same": (0, 5)}.items():
        objective, network = made(KINDS, cycle_weight=counts[0], identity_weight=counts[1], spectral_norm=False)
        paid[name] = loss(objective, network, GENERATOR, rows).value_B
    other_B = drawn_classes(network, rows, Rng(0, 0, rows.row_B).fold_in(GENERATOR))[1]
    assert (other_B != rows.target_B).all()
    assert set(other_B.tolist()) == {0, 1, 2}
    new = network.made(rows.inputs, other_B)
    back = network.made({"photo": new}, rows.target_B)
    expected_B = 10 * ((back - rows.inputs["photo"]) / 127.5).abs().mean((1, 2, 3))
    torch.testing.assert_close(paid["cycle"] - paid["nothing"], expected_B, atol=1e-4, rtol=1e-4)
    stayed = network.made(rows.inputs, rows.target_B)
    expected_B = 5 * ((stayed - rows.inputs["photo"]) / 127.5).abs().mean((1, 2, 3))
    torch.testing.assert_close(paid["same"] - paid["nothing"], expected_B, atol=1e-4, rtol=1e-4)


def test_what_the_generator_pays_for_pairs() -> None:
    rows = batch(PAIRS)
    paid = []
    for alike in (0, 100):
        objective, network = made(PAIRS, l1_weight=alike, spectral_norm=False)
        paid.append(loss(objective, network, GENERATOR, rows).value_B)
    new = network.made(rows.inputs, None)
    assert new.shape == rows.inputs["drawing"].shape
    torch.testing.assert_close(paid[1] - paid[0], 100 * apart(new, rows.inputs["drawing"]), atol=1e-3, rtol=1e-4)


def test_rows_without_a_class_or_a_pair_count_nothing() -> None:
    rows = batch(KINDS)
    assert rows.target_B is not None
    rows.target_B[2] = -1
    objective, network = made(KINDS)
    for player in (DISCRIMINATOR, GENERATOR):
        assert loss(objective, network, player, rows).weight_B.tolist() == [float(i != 2) for i in range(ROWS)]
    pairs = batch(PAIRS)
    there_BK = torch.ones(ROWS, 2, dtype=torch.bool)
    there_BK[3, 0], there_BK[4, 1] = False, False
    objective, network = made(PAIRS)
    found = loss(objective, network, GENERATOR, pairs.with_inputs({**pairs.inputs, PRESENT: there_BK}))
    assert found.weight_B.tolist() == [float(i not in (3, 4)) for i in range(ROWS)]


def test_errors_are_those_of_the_pictures_that_are_shown() -> None:
    rows = batch(PAIRS)
    objective, network = made(PAIRS)
    network.eval()
    with torch.no_grad():
        found = {name: x.numpy() for name, x in objective.decision.predict(network, rows, None).columns.items()}
        new = (
            objective.capability("converter")
            .convert(network, rows, objective.capability("converter").samples())["drawing"]
            .numpy()
        )
    away = new.astype(np.float64) - rows.inputs["drawing"].numpy()
    np.testing.assert_allclose(found["error"], np.abs(away).mean((1, 2, 3)) / 255, rtol=1e-4)
    np.testing.assert_allclose(found["psnr"], -10 * np.log10((away**2).mean((1, 2, 3)) / 255**2), rtol=1e-4)
    assert "copied" not in found, "an outline of one channel is no drawing of three"


def test_what_pictures_become() -> None:
    rows = batch(KINDS)
    objective, network = made(KINDS)
    network.eval()
    options = objective.capability("converter").samples
    with torch.no_grad():
        asked = objective.capability("converter").convert(network, rows, options(label="狗"))["photo"]
        torch.testing.assert_close(asked, network.made(rows.inputs, torch.ones(ROWS, dtype=torch.int64)))
        with pytest.raises(UsageError, match=says("objectives.sample-needs-label", names="cat, 狗, <b>")):
            objective.capability("converter").convert(network, rows, options())
        objective, network = made(PAIRS)
        with pytest.raises(UsageError, match=says("objectives.sample-pairs-no-label")):
            objective.capability("converter").convert(network, batch(PAIRS), options(label="cat"))


def test_of_two_classes_pictures_become_the_other() -> None:
    two = ColumnSchema(name="class", kind="boolean", state={"classes": ["no", "yes"], "counts": [3, 3]})
    schema = KINDS.model_copy(update={"target": two})
    objective, network = made(schema)
    rows = batch(KINDS).map(lambda x: x)
    target_B = torch.arange(ROWS) % 2
    with torch.no_grad():
        found = objective.capability("converter").convert(
            network.eval(),
            Batch(rows.inputs, target_B, rows.weight_B, rows.row_B),
            objective.capability("converter").samples(),
        )
        torch.testing.assert_close(found["photo"], network.made(rows.inputs, 1 - target_B))


@pytest.mark.parametrize(
    ("schema", "into", "words"),
    [
        (Schema(inputs=(pictures("photo"),)), None, says("objectives.translation-needs-classes")),
        (PAIRS, None, says("objectives.into-which", count=2)),
        (PAIRS, "nothing", says("objectives.into-of-two", names="outline, drawing")),
        (KINDS, "photo", says("objectives.into-of-two", names="photo")),
        (Schema(inputs=(pictures("photo", 3),), target=TARGET), None, says("objectives.images-too-small", least=4)),
        (
            Schema(inputs=(InputSchema(name="table", kind="table", fields=(), shape=(0,)),), target=TARGET),
            None,
            says("objectives.translation-needs-images"),
        ),
    ],
    ids=["no classes", "two pictures", "unknown", "one picture", "small", "table"],
)
def test_what_is_refused(schema: Schema, into: str | None, words: str) -> None:
    objective = objective_for(Component(name="image-to-image", options={"into": into}))
    assert re.fullmatch(words, objective.unsuitable(schema) or "")
