"""Every column of a dataset is summarised in a line."""

from __future__ import annotations

import polars as pl

from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.describe import describe
from leadline.data.table import Table


def test_a_line_for_each_column() -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "area": [1.5, float("nan"), None],
            "photo": ["a", None, "c"],
            "day": [None, "2024-01-02", "x"],
            "town": ["b", "b", "a"],
        }
    )
    area = ColumnSchema(name="area", kind="number", state={"mean": -24.7605, "min": -999.0, "max": 71.0})
    day = ColumnSchema(name="day", kind="date", state={"format": "%Y-%m-%d"})
    schema = Schema(
        inputs=(
            InputSchema(
                name="photo",
                kind="image",
                fields=(ColumnSchema(name="photo", kind="image", state={}),),
                shape=(8, 6, 3),
            ),
            InputSchema(name="table", kind="table", fields=(area, day), shape=(3,)),
        ),
        target=ColumnSchema(name="town", kind="category", state={"classes": [*"abcdefgh"]}),
    )
    lines = [tuple(line) for line in describe(Table(frame, "t", "f"), schema, {"id": "an identifier"})]
    assert lines == [
        ("id", "", "left out: an identifier", 0, ""),
        ("area", "number", "input table", 2, "−999 to 71, mean −24.8"),
        ("photo", "image", "input photo", 1, "8 × 6 × 3"),
        ("day", "date", "input table", 1, "such as 2024-01-02"),
        ("town", "category", "target", 0, "8 classes: a, b, c, d, e, f, …"),
    ]
