"""A part gives the rows of one split as batches, and shows them as people read them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from leadline.core.experiment import DataSpec
from leadline.data.dataset import Dataset, prepare
from leadline.data.subset import RowOrigins
from leadline.data.table import Table

N = 50
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 3, 5, 3), dtype=np.uint8)
FRAME = pl.DataFrame(
    {
        "photo": PIXELS,
        "area": np.arange(N) + 0.5,
        "day": [f"2024-01-{1 + i % 28:02d}" for i in range(N)],
        "town": [None if i == 3 else ["Bath", "York", "Ely"][i % 3] for i in range(N)],
        "label": [["no", "yes"][i // 2 % 2] for i in range(N)],
    }
)


@pytest.fixture
def dataset() -> Dataset:
    return prepare(DataSpec(), FRAME)


def test_a_batch_is_the_rows_asked_for(dataset: Dataset) -> None:
    part = dataset.splits["train"]
    at = torch.tensor([5, 0, 5, 17])
    batch = part.batch(at)
    rows = part.rows[at.numpy()]
    assert batch.row_B.tolist() == rows.tolist()
    assert batch.inputs["photo"].shape == (4, 3, 3, 5) and batch.inputs["photo"].dtype == torch.uint8
    np.testing.assert_array_equal(batch.inputs["photo"].permute(0, 2, 3, 1), PIXELS[rows])
    assert batch.inputs["photo"].is_contiguous(memory_format=torch.channels_last), (
        "gathered without a copy into another layout"
    )
    np.testing.assert_array_equal(batch.inputs["table"][:, 0], rows + 0.5)
    assert batch.target_B is not None and batch.target_B.tolist() == (rows // 2 % 2).tolist()
    assert batch.weight_B.tolist() == [1, 1, 1, 1]


def test_batches_are_all_rows_in_order(dataset: Dataset) -> None:
    part = dataset.splits["train"]
    batches = list(part.batches(16))
    assert [len(batch) for batch in batches] == [16, 16, 8]
    assert torch.cat([batch.row_B for batch in batches]).tolist() == part.rows.tolist()
    assert part.batch(slice(3, 5)).row_B.tolist() == part.rows[3:5].tolist()


def test_a_subset_is_a_part_with_fewer_rows(dataset: Dataset) -> None:
    part = dataset.splits["train"]
    few = part.subset(np.array([4, 2]))
    assert few.name == "train" and len(few) == 2
    assert few.rows.tolist() == part.rows[[4, 2]].tolist()
    assert few.target is not None and part.target is not None
    assert few.target.tolist() == part.target[[4, 2]].tolist()


def test_a_row_is_shown_as_people_read_it(dataset: Dataset) -> None:
    part = dataset.splits["train"]
    position = 7
    row = int(part.rows[position])
    shown = part.shown(position)
    assert list(shown) == ["photo", "area", "day", "town"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(shown["photo"]))), PIXELS[row])
    assert shown["area"] == row + 0.5
    assert str(shown["day"]).startswith(FRAME["day"][row])
    assert shown["town"] == FRAME["town"][row]


def test_rows_say_where_they_are_from(dataset: Dataset) -> None:
    part = dataset.splits["train"]
    assert part.where(3) == ("memory", int(part.rows[3]) + 1)


@pytest.mark.parametrize("numbers", [None, pl.Series([7, 9, 11])])
@pytest.mark.parametrize("origin", ["all.csv", pl.Series(["a.png", "ordner/größer.png", "c.png"])])
def test_origins(origin: str | pl.Series, numbers: pl.Series | None) -> None:
    table = Table(pl.DataFrame({"x": [1, 2, 3]}), "t", "f", origin=origin, numbers=numbers)
    origins = RowOrigins(table)
    for row in range(3):
        assert origins.where(row) == table.where(row)


def test_rows_of_a_group_have_one_number() -> None:
    frame = FRAME.with_columns(patient=pl.Series([f"p{i // 5}" for i in range(N)]))
    dataset = prepare(DataSpec.model_validate({"split": "group:patient"}), frame)
    for part in dataset.splits.values():
        assert part.group is not None
        named = frame["patient"][part.rows].to_list()
        assert (
            len(set(zip(named, part.group.tolist(), strict=True))) == len(set(named)) == len(set(part.group.tolist()))
        )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells anonymous from file-backed memory")
def test_reading_every_row_takes_no_anonymous_memory(tmp_path: Path) -> None:
    rows = 2000
    pixels = np.zeros((rows, 64, 64, 3), dtype=np.uint8)  # 25 MB
    file = tmp_path / "many.npz"
    np.savez(file, x=pixels, y=np.arange(rows) % 2)
    del pixels
    part = prepare(DataSpec(source=str(file))).splits["train"]

    def anonymous() -> float:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) / 1024

    before = anonymous()
    read = sum(int(batch.inputs["image"].sum()) for batch in part.batches(32))
    assert read == 0
    assert anonymous() - before < 8, "MB: a few batches, not the data"
