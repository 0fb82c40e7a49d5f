"""Contrastive learning: the loss against its formula, what is measured on rows of which the answer is known."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.self_supervised.contrastive import OBJECTIVE, Options, _both, _compared, _surprise

NUMBER = {
    "mean": 0.0,
    "std": 1.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
FIELDS = tuple(ColumnSchema(name=name, kind="number", state=NUMBER) for name in "abcd")
SCHEMA = Schema(inputs=(InputSchema(name="table", kind="table", fields=FIELDS, shape=(4,)),))


def network(objective: Any, **options: Any) -> Any:
    torch.manual_seed(0)
    one = SCHEMA.inputs[0]
    front = build_preprocessor(one)
    body = build_encoder(
        Component(name="mlp", options={"hidden": [16], **options}), signal_spec(front, one), front, "small"
    )
    return objective.learning.build(SCHEMA, {"table": body})


def rows(count: int = 12) -> Batch:
    generator = torch.Generator().manual_seed(1)
    x, *views = (torch.randn(count, 4, generator=generator) for _ in range(3))
    named = dict(zip(("strong", "strong 2"), ({"table": view} for view in views), strict=True))
    return Batch({"table": x}, torch.zeros(count, 0), torch.ones(count), torch.arange(count), named)


def by_hand(one_BP: Tensor, other_BP: Tensor, temperature: float) -> list[float]:
    """Chen et al. 2020, equation 1, pair by pair."""
    z = torch.cat([one_BP, other_BP]).double()
    count, values = len(one_BP), []
    for i in range(count):
        pair = []
        for a, b in ((i, i + count), (i + count, i)):
            similar = [
                math.exp(float(torch.cosine_similarity(z[a], z[k], dim=0)) / temperature) for k in range(2 * count)
            ]
            pair.append(-math.log(similar[b] / (sum(similar) - similar[a])))
        values.append(sum(pair) / 2)
    return values


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_the_loss_is_that_of_the_paper(temperature: float) -> None:
    objective = OBJECTIVE.bind(Options(temperature=temperature, projection_dim=8))
    made, batch = network(objective), rows()
    rng = Rng(0, 0, batch.row_B)
    with using_rng(rng), torch.no_grad():
        value_B = objective.learning.loss(made, batch, "network", rng).value_B
        one, other = made(batch.views["strong"]), made(batch.views["strong 2"])
    np.testing.assert_allclose(value_B.numpy(), by_hand(one, other, temperature), rtol=1e-4)


def test_dropout_gives_both_versions_draws_of_their_own() -> None:
    objective = OBJECTIVE.bind(Options(projection_dim=8))
    made, batch = network(objective, dropout=0.5), rows()
    batch = Batch(
        batch.inputs, batch.target_B, batch.weight_B, batch.row_B, {**batch.views, "strong 2": batch.views["strong"]}
    )
    first, second = Rng(0, 0, batch.row_B), Rng(0, 1, batch.row_B)
    values = []
    for rng in (first, first, second):
        with using_rng(rng), torch.no_grad():
            values.append(objective.learning.loss(made, batch, "network", rng).value_B)
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    with using_rng(first.each(2)), torch.no_grad():
        unit = made(_both(batch.views["strong"], batch.views["strong 2"]))
    assert not torch.allclose(unit[::2], unit[1::2])


def test_pictures_stay_channels_last_beside_each_other() -> None:
    x = torch.randint(0, 256, (5, 4, 3, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    both = _both({"photo": x}, {"photo": x.float() + 1})["photo"]
    assert both.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(both[::2], x.float())
    torch.testing.assert_close(both[1::2], x.float() + 1)


def test_rows_that_cannot_be_told_apart_are_as_surprising_as_can_be() -> None:
    unit = torch.ones(20, 3) / math.sqrt(3)
    np.testing.assert_allclose(_surprise(_compared(unit, 0.2)).numpy(), math.log(19), rtol=1e-5)


def test_what_ships_gives_features_of_length_one_and_has_no_projector() -> None:
    objective = OBJECTIVE.bind(Options(projection_dim=8))
    made, batch = network(objective).eval(), rows()
    shipped: Any = objective.learning.ship(made)
    assert isinstance(shipped.head, nn.Identity)
    assert isinstance(made.head, nn.Sequential), "what is trained stays as it is"
    with torch.no_grad():
        torch.testing.assert_close(shipped(batch.inputs).norm(dim=1), torch.ones(12))
        torch.testing.assert_close(objective.learning.embed(shipped, batch.inputs), made.features(batch.inputs))


def test_features_that_tell_everything_and_nothing() -> None:
    """Far apart by row, and all the same: accuracy, alignment and uniformity by hand."""
    objective = OBJECTIVE.bind(Options())
    features = torch.eye(8)

    def keyed(batch: Batch, rng: Rng) -> Batch:
        return batch

    last = SimpleNamespace(views={"strong": keyed, "strong 2": keyed})
    batch = Batch({"x": features}, None, torch.ones(8), torch.arange(8))

    class Network:
        def __init__(self, mapped: Any) -> None:
            self.last, self.mapped = last, mapped

        def __call__(self, inputs: Any) -> Tensor:
            found: Tensor = self.mapped(inputs["x"])
            return found

    context = EvaluationContext("test", np.zeros(8), None, SCHEMA, (0.95,))
    for mapped, accuracy, uniformity in (
        (lambda x: x, 1.0, -4.0),
        (lambda x: torch.ones_like(x) / math.sqrt(8), 1 / 8, 0.0),
    ):
        columns = {k: v.numpy() for k, v in objective.decision.predict(Network(mapped), batch, None).columns.items()}
        found = {f.name: f for f in objective.decision.measure(columns, context)}
        assert found["instance_accuracy"].value == pytest.approx(accuracy)
        assert found["alignment"].value == pytest.approx(0.0, abs=1e-6)
        assert found["uniformity"].value == pytest.approx(uniformity, abs=1e-5)
        assert "batches of 8" in found["instance_accuracy"].method


def test_inputs_without_random_versions_are_refused() -> None:
    flat = InputSchema(name="table", kind="table", fields=FIELDS, shape=(4,), strong=())
    assert "no augmentations" in (OBJECTIVE.bind(Options()).unsuitable(Schema(inputs=(flat,))) or "")
    assert OBJECTIVE.bind(Options()).unsuitable(SCHEMA) is None
