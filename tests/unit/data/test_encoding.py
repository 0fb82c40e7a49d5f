"""Columns are encoded once, by row, into memory maps; what cannot be encoded is told by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.core.schema import ColumnSchema
from leadline.data import encoding as module
from leadline.data.checks.duplicates import hash_rows
from leadline.data.encoding import encode
from leadline.data.table import Table

NUMBER = {
    "mean": 0.0,
    "std": 1.0,
    "min": 0.0,
    "max": 1.0,
    "median": 0.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}


def number(name: str, **state: float) -> ColumnSchema:
    return ColumnSchema(name=name, kind="number", state={**NUMBER, **state})


def picture(size: int = 4) -> ColumnSchema:
    state = {
        "height": size,
        "width": size,
        "channels": 3,
        "aspect": "pad",
        "mean": [0.0] * 3,
        "std": [1.0] * 3,
        "scale": "standard",
    }
    return ColumnSchema(name="image", kind="image", state=state)


def test_scalar_columns_lie_side_by_side() -> None:
    frame = pl.DataFrame(
        {"a": [1.0, 2.0, None], "day": ["2024-01-01", "2024-01-02", "2024-01-03"], "b": ["x", "y", "x"]}
    )
    day = ColumnSchema(
        name="day", kind="date", state={"format": "%Y-%m-%d", "mean": 0.0, "std": 1.0, "missing": False, "times": False}
    )
    fields = (number("a"), day, ColumnSchema(name="b", kind="category", state={"classes": ["x", "y"]}))
    columns = encode(Table(frame, "t", "f1"), fields, "table")
    assert columns.values.dtype == np.float32 and columns.values.shape == (3, 4)
    np.testing.assert_array_equal(columns.values[:, [0, 1, 3]], [[1, 19723, 1], [2, 19724, 2], [np.nan, 19725, 1]])
    assert np.array_equal(columns.hashes, hash_rows(np.array(columns.values)))


def test_tasks_put_together_what_one_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [str(v) for v in range(1000)]
    values[17] = values[999] = "?!"
    table = Table(pl.DataFrame({"a": values}), "t", "whole")
    whole = encode(table, (number("a"),), "table")
    monkeypatch.setattr(module, "TASK_BYTES", 4 * 7)
    monkeypatch.setattr(module, "WIDE_BYTES", 0)
    monkeypatch.setattr(module, "HASH_BYTES", 4 * 3)
    told: list[tuple[str, int, int]] = []
    splits = encode(
        Table(table.frame, "t", "in parts"),
        (number("a"),),
        "table",
        lambda stage, done, total: told.append((stage, done, total)),
    )
    good = np.delete(np.arange(1000), [17, 999])
    np.testing.assert_array_equal(splits.values[good], whole.values[good])
    assert splits.problems.equals(whole.problems)
    assert splits.problems.rows() == [(17, "a", "'?!' is not a number"), (999, "a", "'?!' is not a number")]
    assert told[-1] == ("encoding table", 1000, 1000) and len(told) == 143
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_pictures_are_stored_with_channels_last_and_damaged_ones_are_told(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    for at in range(3):
        Image.fromarray(pixels[at]).save(tmp_path / f"{at}.png")
    (tmp_path / "1.png").write_bytes(b"")
    table = Table(pl.DataFrame({"image": ["0.png", "1.png", "2.png", "gone.png"]}), "t", "f", base=tmp_path)
    columns = encode(table, (picture(),), "image")
    assert columns.values.dtype == np.uint8 and columns.values.shape == (4, 4, 4, 3)
    np.testing.assert_array_equal(columns.values[[0, 2]], pixels[[0, 2]])
    assert columns.problems["row"].to_list() == [1, 3]
    assert "1.png" in columns.problems["reason"][0] and "gone.png" in columns.problems["reason"][1]


def test_a_second_time_nothing_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(pl.DataFrame({"a": [1.0, 2.0]}), "t", "f")
    first = encode(table, (number("a"),), "table")
    monkeypatch.setattr(module, "_fill", lambda *_: pytest.fail("encoded again"))
    second = encode(table, (number("a", mean=5.0),), "table")  # what encoding does not depend on
    assert second.values.filename == first.values.filename


@pytest.mark.parametrize("change", ["content", "kind", "offset", "column"])
def test_what_encoding_depends_on_makes_another_entry(change: str) -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    first = encode(Table(frame, "t", "f"), (number("a"),), "table")
    category = ColumnSchema(name="a", kind="category", state={"classes": ["1", "2"]})
    other = {
        "content": (Table(frame, "t", "g"), number("a")),
        "kind": (Table(frame, "t", "f"), category),
        "offset": (Table(frame, "t", "f"), number("a", offset=1.0)),
        "column": (Table(frame, "t", "f"), number("b")),
    }[change]
    second = encode(other[0], (other[1],), "table")
    assert second.values.filename != first.values.filename


def test_a_frame_in_memory_notices_that_its_pictures_have_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    table = Table(pl.DataFrame({"image": [str(file)]}), "t", "f")
    for grey in (10, 200):
        Image.new("RGB", (4, 4), (grey, grey, grey)).save(file, compress_level=grey // 100)
        assert encode(table, (picture(),), "image").values[0, 0, 0, 0] == grey


def test_writing_to_what_was_loaded_changes_no_file() -> None:
    table = Table(pl.DataFrame({"a": [1.0, 2.0]}), "t", "f")
    encode(table, (number("a"),), "table").values[:] = 99
    assert encode(table, (number("a"),), "table").values.ravel().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["values.npy", "hashes.npy", "problems.arrow"])
@pytest.mark.parametrize("content", [None, b"", b"junk" * 50, "half"])
def test_a_damaged_entry_is_encoded_again(own_cache: Path, name: str, content: bytes | str | None) -> None:
    table = Table(pl.DataFrame({"a": [1.0, float("inf"), None]}), "t", "f-damaged")
    hashes = np.array(encode(table, (number("a"),), "table").hashes)
    (file,) = (own_cache / "entries").glob(f"*/{name}")
    whole = file.read_bytes()
    file.unlink()  # and not cut in place: it may still be mapped
    if content is not None:
        file.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    again = encode(table, (number("a"),), "table")
    assert np.array_equal(again.hashes, hashes)
    assert again.values.shape == (3, 1)
    assert again.problems.rows() == [(1, "a", "inf is not a finite number")]
