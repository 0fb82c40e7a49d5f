import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_digits

from leadline.core.registry_tables import TABLES
from leadline.data.sources import read


@pytest.mark.parametrize(
    ("name", "rows", "columns", "classes"),
    [
        ("digits", 1797, 2, 10),
        ("iris", 150, 5, 3),
        ("wine", 178, 14, 3),
        ("breast-cancer", 569, 31, 2),
        ("diabetes", 442, 11, 0),
    ],
)
def test_bundled_sets(name: str, rows: int, columns: int, classes: int) -> None:
    table = read(name)
    assert (table.name, table.frame.shape) == (name, (rows, columns))
    target = table.frame[table.target or ""]
    assert target.null_count() == 0
    assert not classes or (target.dtype == pl.String and target.n_unique() == classes)
    assert table.fingerprint == read(name).fingerprint


def test_every_registered_dataset_can_be_read() -> None:
    assert all(len(read(name).frame) > 100 for name in TABLES["datasets"])


def test_digits_keep_their_17_levels() -> None:
    image = read("digits").frame["image"]
    assert image.dtype == pl.Array(pl.UInt8, (8, 8))
    assert np.array_equal(np.rint(image.to_numpy() * (16 / 255)), load_digits().images)
    assert image.to_numpy().max() == 255
