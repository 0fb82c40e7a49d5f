"""New rows: the same however many there are, encoded as rows of a dataset are, and as people read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from makers import Drawing, Maker, digits, table
from torch import nn

from leadline.errors import UsageError
from leadline.evaluation.samples import BLOCK, checked, frame, generate, joined
from sentences import says


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path))


def test_a_row_is_the_same_however_many_there_are() -> None:
    dataset = digits()
    maker = Maker(dataset.splits["train"], noise=30.0)
    many, few = (generate(nn.Identity(), maker, dataset.schema, n, 0, Drawing())["image"] for n in (2 * BLOCK + 5, 3))
    assert many.shape == (2 * BLOCK + 5, 1, 8, 8)
    assert many.dtype == torch.uint8
    assert torch.equal(many[:3], few)
    assert not torch.equal(many[:BLOCK], many[BLOCK : 2 * BLOCK])
    assert not torch.equal(generate(nn.Identity(), maker, dataset.schema, 3, 1, Drawing())["image"], few)


def test_rows_of_a_table_are_read_as_its_own() -> None:
    dataset = table()
    part = dataset.splits["train"]
    rows = frame(dataset.schema, part.batch(slice(0, 20)).inputs)
    assert rows.columns == ["x", "twice", "sign", "gaps"]
    assert rows.rows(named=True) == [part.shown(i) for i in range(20)]
    assert rows["gaps"].null_count() > 0


def test_pictures_are_arrays_of_pixels() -> None:
    dataset = digits()
    part = dataset.splits["test"]
    rows = frame(dataset.schema, part.batch(slice(0, 4)).inputs)
    assert rows.schema == {"image": pl.Array(pl.UInt8, (8, 8, 1))}
    assert np.array_equal(rows["image"].to_numpy(), part.batch(slice(0, 4)).inputs["image"].permute(0, 2, 3, 1).numpy())


def test_blocks_of_different_length_are_padded() -> None:
    texts = joined([{"x": torch.ones(2, 3, dtype=torch.int32)}, {"x": torch.ones(1, 5, dtype=torch.int32)}])["x"]
    assert texts.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1] * 5]
    sound = joined([{"x": torch.ones(1, 2)}, {"x": torch.ones(1, 3)}])["x"]
    assert sound[0].isnan().tolist() == [False, False, True]


def test_what_makes_no_sense_is_refused() -> None:
    dataset = digits()
    maker = Maker(dataset.splits["train"])
    with pytest.raises(UsageError, match=says("evaluation.sample-unknown-class", label="11")):
        checked(maker, {"label": "11"}, dataset.schema)
    with pytest.raises(UsageError, match=says("evaluation.sample-unknown-option", suggestion="Did you mean 'label'?")):
        checked(maker, {"lable": "1"}, dataset.schema)
    assert checked(maker, {"label": "1"}, dataset.schema).label == "1"
