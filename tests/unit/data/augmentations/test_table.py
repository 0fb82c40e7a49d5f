"""Noise on tables, and values that go missing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from scipy import stats
from torch import Tensor

from leadline.core.component import Component
from leadline.core.experiment import DataSpec
from leadline.core.schema import InputSchema
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.data.augmentations.contract import checked
from leadline.data.dataset import prepare
from leadline.data.preprocessors import build_preprocessor
from leadline.nn.rng import Rng

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("table", name) for name in augmentations("table")}

ROWS = 400


@pytest.fixture(scope="module")
def made() -> tuple[InputSchema, Tensor]:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "size": rng.normal(1000, 30, ROWS),
            "town": rng.choice(["a", "b", "c", "d", "e"], ROWS),
            "rare": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(0, 0.01, ROWS)),
            "new": rng.choice([True, False], ROWS),
            "built": pl.Series(rng.integers(0, 9000, ROWS)).cast(pl.Date),
            "still": np.full(ROWS, 7.5),
            "price": rng.normal(0, 1, ROWS),
        }
    )
    found = prepare(DataSpec(target="price", types={"still": "number"}), frame)
    (schema,) = found.schema.inputs
    return schema, found.splits["train"].batch(slice(0, 300)).inputs["table"]


def at(schema: InputSchema, name: str) -> int:
    names = [f for field in schema.fields for f in [field.name] * (2 if field.kind == "date" else 1)]
    return names.index(name)


def changed(made: tuple[InputSchema, Tensor], asked: object, rows: Tensor | None = None) -> Tensor:
    schema, x_BF = made
    component = Component.model_validate(asked)
    change = AUGMENTATIONS[component.name]
    stage = change.passed([(change, checked(component, change.options))], schema)
    return stage(x_BF if rows is None else x_BF[rows], Rng(0, 3, torch.arange(len(x_BF)) if rows is None else rows))


def test_noise_is_a_share_of_each_numbers_deviation_and_nothing_else_moves(made) -> None:
    schema, x_BF = made
    added = changed(made, {"noise": 0.2}) - x_BF
    for name in ("size", "rare"):
        state = next(field.state for field in schema.fields if field.name == name)
        seen = added[:, at(schema, name)]
        missing = x_BF[:, at(schema, name)].isnan()
        assert torch.equal(seen.isnan(), missing)
        assert stats.kstest(seen[~missing].numpy() / (0.2 * state["std"]), "norm").pvalue > 1e-3
    assert x_BF[:, at(schema, "rare")].isnan().any()
    for name in ("town", "new", "built", "still"):
        assert (added[:, at(schema, name)] == 0).all()


def test_missing_values_are_what_the_field_encodes_as_missing(made) -> None:
    schema, x_BF = made
    out = changed(made, {"missing": 0.3})
    gone = out.isnan() & ~x_BF.isnan()
    for name in ("size", "new", "built"):
        assert 0.2 < gone[:, at(schema, name)].float().mean() < 0.4
    assert torch.equal(gone[:, at(schema, "built")], gone[:, at(schema, "built") + 1])  # day and second go together
    unknown = out[:, at(schema, "town")] == 0
    assert 0.2 < unknown.float().mean() < 0.4
    kept = ~out.isnan() & (out != 0)
    assert torch.equal(out[kept], x_BF[kept])
    signal = build_preprocessor(schema)(changed(made, {"missing": 1})).values
    assert signal.isfinite().all()
    assert (signal == signal[0]).all()  # nothing is left to tell rows apart


@pytest.mark.parametrize("name", ["noise", "missing"])
def test_an_amount_of_nothing_changes_nothing(made, name: str) -> None:
    assert torch.equal(torch.nan_to_num(changed(made, {name: 0}), nan=-1), torch.nan_to_num(made[1], nan=-1))


@pytest.mark.parametrize("name", ["noise", "missing"])
def test_each_row_has_draws_of_its_own(made, name: str) -> None:
    rows = torch.tensor([40, 3, 4])
    whole = changed(made, name)
    torch.testing.assert_close(changed(made, name, rows), whole[rows], equal_nan=True)
