"""Masked modelling: what is hidden, that nothing else counts, and what is told of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.models.build import build_encoder
from leadline.nn.batch import Batch
from leadline.nn.generative.masking import Masking
from leadline.nn.rng import Rng, using_rng
from leadline.objectives.contract import EvaluationContext
from leadline.objectives.generative.input_likelihoods import input_likelihood
from leadline.objectives.self_supervised.masked import OBJECTIVE, Options

NUMBER = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
PIXELS = {
    "height": 12,
    "width": 10,
    "channels": 2,
    "mean": [100.0, 50.0],
    "std": [20.0, 10.0],
    "resized": False,
    "scale": "standard",
}
TEXT = {
    "tokens": "words",
    "lower": False,
    "vocabulary": ["[ padding ]", "[ unknown ]", *"abcdefgh"],
    "length": 30,
    "width": 8,
}
IMAGE = InputSchema(
    name="photo", kind="image", fields=(ColumnSchema(name="photo", kind="image", state=PIXELS),), shape=(12, 10, 2)
)
WORDS = InputSchema(name="text", kind="text", fields=(ColumnSchema(name="text", kind="text", state=TEXT),), shape=(30,))
TABLE = InputSchema(
    name="table",
    kind="table",
    fields=(
        ColumnSchema(name="a", kind="number", state=NUMBER),
        ColumnSchema(name="town", kind="category", state={"classes": ["u", "v", "w"]}),
        ColumnSchema(name="yes", kind="boolean", state={"classes": ["no", "yes"], "missing": True}),
    ),
    shape=(3,),
)
ROWS = 500


def masking(one: InputSchema, rate: float, patch: int | None = None) -> Masking:
    model = input_type(one.kind).row_model
    assert model is not None
    return model.masking(one, rate, patch)


def rng(rows: int = ROWS, step: int = 0) -> Rng:
    return Rng(0, step, torch.arange(rows))


def texts(rows: int = ROWS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    token = torch.randint(2, 10, (rows, 30), generator=generator)
    length = torch.randint(1, 31, (rows,), generator=generator)
    return token.masked_fill(torch.arange(30) >= length[:, None], 0).to(torch.int32)


def table(rows: int = ROWS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    code = torch.multinomial(torch.tensor([0.1, 0.2, 0.6, 0.1]), rows, replacement=True, generator=generator).float()
    yes = torch.randint(0, 2, (rows,), generator=generator).float()
    number = 5 + 2 * torch.randn(rows, generator=generator)
    number[::5] = torch.nan
    return torch.stack([number, code, yes], 1)


def network(one: InputSchema, **options: Any) -> tuple[Any, Any]:
    schema = Schema(inputs=(one,))
    objective = OBJECTIVE.bind(Options(**options)).complete(schema)
    torch.manual_seed(0)
    front = build_preprocessor(one)
    component = Component(
        name="rnn" if one.kind == "text" else "mlp", options={"hidden": 8 if one.kind == "text" else [16]}
    )
    body = build_encoder(
        component, signal_spec(front, one), front, "small", encoder_output=objective.learning.encoder_output
    )
    return objective, objective.learning.build(schema, {one.name: body})


def test_whole_patches_of_every_channel_are_hidden_as_many_in_each_picture() -> None:
    hiding, seen = masking(IMAGE, 0.5, 4), input_likelihood(IMAGE, "gaussian")
    raw = torch.full((ROWS, 2, 12, 10), 7, dtype=torch.uint8)
    hidden = hiding(raw, seen, rng())
    patches = hidden.where[:, 0, ::4, ::4]  # 3 × 3, those on the right two pixels wide
    assert (patches.flatten(1).sum(1) == 4).all()  # half of nine, to the even number
    assert torch.equal(patches.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, :, :10], hidden.where[:, 0])
    assert patches.float().mean(0).numpy() == pytest.approx(4 / 9, abs=0.08)
    assert (hidden.count_B == 2 * hidden.where.flatten(1).sum(1)).all()
    gone = hidden.where.expand(-1, 2, -1, -1)
    assert (hidden.raw[~gone] == 7).all()
    assert set(hidden.raw[:, 0][gone[:, 0]].tolist()) == {100.0}
    assert set(hidden.raw[:, 1][gone[:, 1]].tolist()) == {50.0}


def test_tokens_are_hidden_as_in_bert() -> None:
    hiding, seen, raw = masking(WORDS, 0.3), input_likelihood(WORDS), texts(4000)
    hidden = hiding(raw, seen, rng(4000))
    length = (raw != 0).sum(1)
    assert (hidden.count_B == torch.round(0.3 * length).clamp_min(1)).all()
    assert (hidden.where.sum(1) == hidden.count_B).all()
    assert not (hidden.where & (raw == 0)).any()
    assert torch.equal(hidden.raw[~hidden.where], raw[~hidden.where])
    old, new = raw[hidden.where], hidden.raw[hidden.where]
    assert (new == 1).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (new == old).float().mean().item() == pytest.approx(0.1 + 0.1 / 8, abs=0.02)
    assert new.min() >= 1
    assert new.max() <= 9


def test_cells_that_are_there_are_hidden() -> None:
    hiding, seen, raw = masking(TABLE, 0.4), input_likelihood(TABLE), table(5000)
    hidden = hiding(raw, seen, rng(5000))
    there = seen.there(raw)
    assert not (hidden.where & ~there).any()
    assert hidden.where[there].float().mean().item() == pytest.approx(0.4, abs=0.02)
    assert (hidden.count_B == hidden.where.sum(1)).all()
    assert hidden.raw[:, 0][hidden.where[:, 0]].isnan().all()
    assert (hidden.raw[:, 1][hidden.where[:, 1]] == 0).all()
    torch.testing.assert_close(hidden.raw[~hidden.where], raw[~hidden.where], equal_nan=True)


@pytest.mark.parametrize("one", [IMAGE, WORDS, TABLE], ids=lambda one: one.kind)
def test_only_what_is_hidden_counts(one: InputSchema) -> None:
    """Other values of what is not hidden, with the same features, cost the same."""
    _, made = network(one, mask_ratio=0.4)
    raw = {"image": torch.randint(0, 256, (40, 2, 12, 10), dtype=torch.uint8), "text": texts(40), "table": table(40)}[
        one.kind
    ]
    hiding, seen = made.telling.hidings[0], made.telling.observed[0]
    hidden = hiding(raw, seen, rng(40))
    given = made.telling(made.features({one.name: hidden.raw}))[0].detach()
    other = torch.where(hidden.where, raw, {"image": 3, "text": 2, "table": 1}[one.kind]).to(raw.dtype)
    if one.kind == "text":
        other = other.masked_fill(raw == 0, 0)
    torch.testing.assert_close(hiding.nll(seen, given, raw, hidden), hiding.nll(seen, given, other, hidden))
    assert not torch.allclose(hiding.nll(seen, given, raw, hidden), hiding.nll(seen, given + 1, raw, hidden))


def test_the_network_does_not_see_what_is_hidden() -> None:
    _, made = network(IMAGE, mask_ratio=0.5)
    raw = torch.randint(0, 256, (6, 2, 12, 10), dtype=torch.uint8)
    hidden = made.telling.hidden({"photo": raw}, ("photo",), rng(6))[0]
    changed = torch.where(hidden.where, 255 - raw, raw)
    again = made.telling.hidden({"photo": changed}, ("photo",), rng(6))[0]
    assert torch.equal(hidden.raw, again.raw)


def test_errors_against_the_mean_and_the_most_frequent_class_by_hand() -> None:
    hiding, seen, raw = masking(TABLE, 0.4), input_likelihood(TABLE), table()
    hiding.train()
    hiding(raw, seen, rng(step=1))  # counts
    hidden = hiding.eval()(raw, seen, rng())
    given = torch.zeros(ROWS, seen.spec.shape[0])
    given[:, 0], given[:, 1], given[:, 2:] = 1.0, -1.0, torch.tensor([0.0, 3.0, 1.0])  # one above the mean; no; class v
    told = hiding.description(seen, given, raw, hidden)
    z = (raw[:, 0] - 5) / 2
    at = hidden.where[:, 0]
    torch.testing.assert_close(told.error[at], (z[at] - 1) ** 2)
    torch.testing.assert_close(told.plain[at], z[at] ** 2)
    assert (told.error[~at] == 0).all()
    assert (told.quantities == at).all()
    right = ((raw[:, 1] == 2) & hidden.where[:, 1]).int() + ((raw[:, 2] == 0) & hidden.where[:, 2]).int()
    assert torch.equal(told.right.int(), right)
    common = float(hiding.seen_S[3:].argmax())
    usual = ((raw[:, 1] == 2) & hidden.where[:, 1]).int() + (
        (raw[:, 2] == common) & hidden.where[:, 2]
    ).int()  # v is the usual one
    assert torch.equal(told.usual.int(), usual)
    assert torch.equal(told.classed.int(), hidden.where[:, 1:].sum(1).int())


def test_what_is_hidden_is_counted_in_training_alone() -> None:
    hiding, seen, raw = masking(WORDS, 0.5), input_likelihood(WORDS), texts()
    hidden = hiding.train()(raw, seen, rng())
    assert int(hiding.seen_S.sum()) == int(hidden.count_B.sum())
    np.testing.assert_array_equal(hiding.seen_S.numpy(), np.bincount(raw[hidden.where].numpy(), minlength=10))
    hiding.eval()(raw, seen, rng())
    assert int(hiding.seen_S.sum()) == int(hidden.count_B.sum())


def test_rows_weigh_by_what_is_hidden_of_them() -> None:
    objective, made = network(TABLE)
    batch = Batch({"table": table(60)}, None, torch.full((60,), 2.0), torch.arange(60))
    with using_rng(rng(60)):
        loss = objective.learning.loss(made, batch, "network", rng(60))
    hidden = made.telling.hidden(batch.inputs, made.names, rng(60))[0]
    torch.testing.assert_close(loss.weight_B, 2.0 * hidden.count_B.float())
    assert (loss.value_B[loss.weight_B == 0] == 0).all()


def test_the_mean_tells_nothing_and_the_truth_everything() -> None:
    objective, made = network(IMAGE)
    batch = Batch(
        {"photo": torch.randint(0, 256, (30, 2, 12, 10), dtype=torch.uint8)}, None, torch.ones(30), torch.arange(30)
    )

    class Constant(nn.Module):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features.new_zeros(len(features), 2, 12, 10)

    made.telling.decoders[0] = Constant()
    columns = {k: v.detach().numpy() for k, v in objective.decision.predict(made.eval(), batch, None).columns.items()}
    found = {
        f.name: f
        for f in objective.decision.measure(
            columns, EvaluationContext("test", np.zeros(30), None, Schema(inputs=(IMAGE,)), (0.95,))
        )
    }
    assert found["masked_explained"].value == pytest.approx(0.0, abs=1e-6)
    columns["error"] = np.zeros(30)
    found = {
        f.name: f
        for f in objective.decision.measure(
            columns, EvaluationContext("test", np.zeros(30), None, Schema(inputs=(IMAGE,)), (0.95,))
        )
    }
    assert found["masked_explained"].value == 1.0


def test_a_text_alone_is_told_step_by_step_and_others_are_not() -> None:
    schema = Schema(inputs=(WORDS,))
    assert OBJECTIVE.bind(Options()).complete(schema).options.by == "step"
    assert OBJECTIVE.bind(Options(by="step")).learning.encoder_output == "sequence"
    assert OBJECTIVE.bind(Options(by="row")).complete(schema).options.by == "row"
    assert OBJECTIVE.bind(Options()).complete(Schema(inputs=(TABLE, WORDS))).options.by == "row"
    assert OBJECTIVE.bind(Options(by="step")).unsuitable(Schema(inputs=(TABLE,))) == say("objectives.by-step-text-only")
