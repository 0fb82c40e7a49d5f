"""Rows that lack an input: counted by part, told, and taken out of batches as the network is to know them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.checks.missing_inputs import MissingInput, missing_inputs
from leadline.data.dataset import Dataset, prepare
from leadline.evaluation.analyses.data import row_findings
from leadline.nn.batch import PRESENT

N = 40
PARTS = ["train"] * 24 + ["validation"] * 6 + ["test"] * 10
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 3, 3), dtype=np.uint8)


def photos(name: str, absent: set[int]) -> pl.Series:
    return pl.Series(
        name, [None if row in absent else PIXELS[row] for row in range(N)], dtype=pl.Array(pl.UInt8, (3, 3))
    )


def dataset(*series: pl.Series) -> Dataset:
    frame = pl.DataFrame({"area": np.arange(N) % 11 + 0.5, "part": PARTS, "price": np.arange(N) * 1.5})
    return prepare(DataSpec(target="price", split="part"), frame.with_columns(series))


@pytest.fixture
def some() -> Dataset:
    return dataset(photos("photo", {1, 2, 35}), photos("back", set()))


def test_what_rows_lack_is_counted_by_part(some: Dataset) -> None:
    assert list(missing_inputs(some.schema, some.splits)) == [
        MissingInput("photo", "train", 2),
        MissingInput("photo", "validation", 0),
        MissingInput("photo", "test", 1),
    ]
    assert say("checks.input-missing", input="photo", rows="2 of 24 training rows, 1 of 10 test rows") in some.notes
    found = {f.split: f.value for f in row_findings(some) if f.name == "rows_missing_input"}
    assert found == {"train": 2, "validation": 0, "test": 1}
    assert not any("missing in" in note for note in dataset(photos("photo", set())).notes)


def test_an_input_that_all_rows_of_a_part_lack_is_named() -> None:
    notes = dataset(photos("photo", set(range(30, 40)))).notes
    assert say("checks.input-never-measured", input="photo", subset="test") in notes


def test_one_input_alone_has_the_rows_that_have_it(some: Dataset) -> None:
    own = some.only("photo")
    assert [one.name for one in own.schema.inputs] == ["photo"]
    assert own.splits["train"].rows.tolist() == [row for row in some.splits["train"].rows.tolist() if row not in (1, 2)]
    batch = own.splits["train"].batch(slice(0, 4))
    assert set(batch.inputs) == {"photo"}
    assert own.splits["test"].present is None and len(some.only("table").splits["test"]) == 10


def test_without_an_input_no_row_has_it(some: Dataset) -> None:
    test, names = some.splits["test"], [one.name for one in some.schema.inputs]
    assert test.present is not None and test.present.sum() == 3 * 10 - 1
    gone = test.without("back")
    present = gone.batch(slice(0, 10)).inputs[PRESENT]
    assert not present[:, names.index("back")].any()
    assert torch.equal(present[:, names.index("photo")], torch.from_numpy(test.present[:, names.index("photo")]))
    assert test.present.sum() == 3 * 10 - 1
    whole = dataset(photos("photo", set())).splits["test"]
    assert PRESENT not in whole.batch(slice(0, 2)).inputs
    assert whole.without("photo").batch(slice(0, 2)).inputs[PRESENT].sum() == 2
