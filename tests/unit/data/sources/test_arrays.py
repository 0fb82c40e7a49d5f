import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from leadline.data.sources import read
from leadline.errors import DataError
from sentences import says

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (6, 5, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("xTrain".lower().replace("x", "x-"), "y-train", "x.test", "y.test"),
    ],
)
def test_npz_with_parts(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "m.npz"
    labels = np.array([3, 1, 4, 1, 5, 9], dtype=np.uint8)
    np.savez(path, **dict(zip(names, (DIGITS[:4], labels[:4], DIGITS[4:], labels[4:, None]), strict=True)))
    table = read(path)
    assert table.frame["split"].to_list() == ["train"] * 4 + ["test"] * 2
    assert table.frame["image"].dtype == pl.Array(pl.UInt8, (5, 4))
    assert np.array_equal(table.frame["image"].to_numpy(), DIGITS)
    assert table.frame["label"].to_list() == labels.tolist()
    assert (table.name, table.target, table.split, table.kinds) == ("m", "label", "split", {"image": "image"})
    assert table.where(4) == (f"m.npz: {names[2]}", 1)


@pytest.mark.parametrize("name", ["x_val", "x_valid", "x_validation", "x_dev"])
def test_validation_arrays(name: str) -> None:
    table = read({"x_train": DIGITS, "y_train": [0, 1] * 3, name: DIGITS[:2], name.replace("x", "y"): [0, 1]})
    assert table.frame["split"].to_list() == ["train"] * 6 + ["validation"] * 2


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_pairs(kind: str) -> None:
    x, y = RNG.normal(size=(5, 3)).astype(np.float32), np.array([0, 1, 1, 0, 2])
    table = read((x, y) if kind == "numpy" else (torch.from_numpy(x).requires_grad_(), torch.from_numpy(y)))
    assert table.frame.columns == ["x0", "x1", "x2", "label"]
    assert np.array_equal(table.frame.select("x0", "x1", "x2").to_numpy(), x)
    assert table.frame["label"].dtype == pl.Int64
    assert table.target == "label"


@pytest.mark.parametrize(
    ("shape", "stored"),
    [
        ((6, 5, 4), (5, 4)),
        ((6, 5, 4, 3), (5, 4, 3)),
        ((6, 5, 4, 1), (5, 4)),
        ((6, 3, 5, 7), (5, 7, 3)),
        ((6, 1, 5, 7), (5, 7)),
    ],
)
def test_shapes_of_pictures(shape: tuple[int, ...], stored: tuple[int, ...]) -> None:
    x = RNG.integers(0, 256, shape, dtype=np.uint8)
    image = read((x, np.arange(6))).frame["image"]
    assert image.dtype == pl.Array(pl.UInt8, stored)
    channels_last = x if shape[-1] in (1, 3) or len(shape) == 3 else x.transpose(0, 2, 3, 1)
    assert np.array_equal(image.to_numpy(), channels_last.reshape(6, *stored))


def test_values_of_pictures() -> None:
    y = np.arange(6)
    unit = read((DIGITS / 255, y))
    assert np.array_equal(unit.frame["image"].to_numpy(), DIGITS)
    assert "scaled" in unit.notes[0]
    whole = read((DIGITS.astype(np.float32), y))
    assert np.array_equal(whole.frame["image"].to_numpy(), DIGITS)
    assert whole.notes == ()
    with pytest.raises(DataError, match=says("sources.image-array-range")):
        read((DIGITS - 128.5, y))
    with pytest.raises(DataError, match=says("sources.image-array-range")):
        read((DIGITS.astype(np.int64) + 300, y))


def test_labels_one_hot_and_as_text() -> None:
    assert read((DIGITS, np.eye(6)[::-1])).frame["label"].to_list() == [5, 4, 3, 2, 1, 0]
    assert read((DIGITS, np.array([b"a", b"b"] * 3))).frame["label"].to_list() == ["a", "b"] * 3


def test_other_names_are_columns() -> None:
    table = read({"age": [3, 4], "city": ["x", "y"], "pixels": DIGITS[:2], "pair": np.ones((2, 2))})
    assert table.frame.columns == ["age", "city", "pixels", "pair0", "pair1"]
    assert table.kinds == {"pixels": "image"}
    assert table.target is None


def test_one_dimensional_x_and_y_are_columns() -> None:
    assert read({"x": [1.0, 2.0], "y": [3.0, 4.0]}).frame.columns == ["x", "y"]


def test_arrays_that_have_no_role_are_noted() -> None:
    assert "class_names" in read({"x": DIGITS, "y": np.arange(6), "class_names": np.array(["a", "b"])}).notes[0]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": DIGITS, "y": np.arange(5)}, says("sources.arrays-differ-in-length", lengths="x 6, y 5")),
        ({"a": [1, 2], "b": [1]}, says("sources.arrays-differ-in-length", lengths="a 2, b 1")),
        (
            {"x_train": DIGITS, "y_train": np.arange(6), "x_test": DIGITS},
            says("sources.split-without-labels", name="x_test"),
        ),
        ({"x_train": DIGITS, "x_test": DIGITS[:, :3]}, says("sources.splits-differ-in-shape")),
        ({"x": DIGITS, "x_test": DIGITS}, says("sources.array-of-no-split", name="x")),
        ({"x_val": DIGITS, "x_valid": DIGITS}, says("sources.array-given-twice")),
        ({"x": DIGITS, "y": np.ones((6, 2))}, says("sources.labels-shape")),
        ({"x": np.zeros((6, 2, 2, 2)), "y": np.arange(6)}, "has shape"),
        ({"x": DIGITS[:0], "y": []}, "no rows"),
        ({"x": 3}, says("sources.array-is-one-value", name="x")),
        ({}, "no arrays"),
        ({"a": np.array([1 + 2j])}, "complex"),
    ],
)
def test_arrays_that_do_not_fit(arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(arrays)


def test_files_that_cannot_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match=says("sources.npz-python-objects")):
        read(path)
    np.savez(path, x=DIGITS, y=np.arange(6))
    whole = path.read_bytes()
    for content in (b"", b"rubbish", whole[: len(whole) // 2], whole[:200] + bytes(60) + whole[260:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"m\.npz"):
            read(path)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (DIGITS, np.array(3), says("sources.array-is-one-value", name="y")),
        (np.zeros((6, 0, 4), dtype=np.uint8), np.arange(6), says("sources.images-without-pixels", name="x")),
    ],
)
def test_arrays_without_values_are_refused(tmp_path: Path, x: np.ndarray, y: np.ndarray, words: str) -> None:
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with pytest.raises(DataError, match=words):
        read(tmp_path / "a.npz")


def test_text_called_npz_is_not_taken_for_python_objects(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(DataError, match=says("sources.not-npz")):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("unit", ["generic", "s", "h", "D", "ms", "ns"])
def test_times_of_any_unit(unit: str) -> None:
    span = np.arange(3).astype("timedelta64" if unit == "generic" else f"timedelta64[{unit}]")
    day = np.full(3, np.datetime64("NaT")) if unit == "generic" else np.zeros(3, dtype=f"datetime64[{unit}]")
    frame = read({"span": span, "day": day}).frame
    assert all(dtype.is_temporal() for dtype in frame.dtypes)
    assert frame["day"].null_count() == (3 if unit == "generic" else 0)


def test_long_floats_are_numbers() -> None:
    assert read({"a": np.array([1.5, 2.5], dtype=np.longdouble)}).frame["a"].to_list() == [1.5, 2.5]


def test_values_that_are_hidden_or_nowhere_are_refused() -> None:
    with pytest.raises(DataError, match=says("sources.masked-array", name="x")):
        read((np.ma.masked_array(np.eye(4), np.eye(4) > 0), np.arange(4)))
    with pytest.raises(DataError, match=says("sources.not-an-array", name="x")):
        read((torch.empty(4, 3, device="meta"), torch.arange(4)))


def test_a_matrix_of_more_columns_than_a_table_has_is_refused() -> None:
    with pytest.raises(DataError, match=says("sources.too-many-columns", where="'x'")):
        read((np.zeros((2, 150_000), dtype=np.uint8), np.arange(2)))


ROWS = RNG.normal(size=(6, 3))


@pytest.mark.parametrize(
    ("arrays", "labels", "unread"),
    [
        pytest.param(
            {"x": DIGITS, "y": np.array([0, 2, 1, 0, 2, 1]), "class_names": np.array(["cat", "dog", "owl"])},
            ["cat", "owl", "dog", "cat", "owl", "dog"],
            False,
            id="class_names beside pictures",
        ),
        pytest.param(
            {"data": ROWS, "target": np.array([0, 1, 1, 0, 0, 1]), "target_names": np.array(["benign", "malign"])},
            ["benign", "malign", "malign", "benign", "benign", "malign"],
            False,
            id="target_names as scikit-learn writes them",
        ),
        pytest.param(
            {"x": ROWS, "y": np.array([1, 2, 2, 1, 1, 2]), "labels": np.array(["no", "yes"])},
            ["no", "yes", "yes", "no", "no", "yes"],
            False,
            id="labels that count from one, named by labels",
        ),
        pytest.param(
            {"images": DIGITS, "labels": np.array([0, 1, 0, 1, 0, 1]), "label_names": np.array([b"a", b"b"])},
            ["a", "b", "a", "b", "a", "b"],
            False,
            id="names as bytes",
        ),
        pytest.param(
            {"x": ROWS, "y": np.array([0, 5, 0, 5, 0, 5]), "class_names": np.array(["a", "b"])},
            [0, 5, 0, 5, 0, 5],
            True,
            id="numbers without a name stay numbers, and that is said",
        ),
        pytest.param(
            {"x": ROWS, "y": np.array(list("pqpqpq")), "classes": np.array(["p", "q"])},
            list("pqpqpq"),
            True,
            id="labels that are words already",
        ),
    ],
)
def test_labels_beside_arrays_are_read(tmp_path: Path, arrays: dict[str, Any], labels: list[Any], unread: bool) -> None:
    np.savez(tmp_path / "set.npz", **arrays)
    table = read(tmp_path / "set.npz")
    assert table.frame["label"].to_list() == labels
    name = next(name for name in arrays if len(arrays[name]) < 6)
    said = "sources.arrays-not-read" if unread else "sources.class-names-read"
    values = {"arrays": name} if unread else {"name": name}
    assert any(re.fullmatch(says(said, **values), note) for note in table.notes)


def test_columns_are_called_as_an_array_beside_says() -> None:
    frame = read({"data": ROWS, "target": np.arange(6) % 2, "feature_names": ["age", "height", "weight"]}).frame
    assert frame.columns == ["age", "height", "weight", "label"]
